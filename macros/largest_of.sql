{#- The largest of one or more expressions; Spark's `greatest` takes no single one. -#}
{% macro largest_of(expressions) -%}
    {{ 'greatest(' ~ expressions | join(', ') ~ ')' if expressions | length > 1 else expressions[0] }}
{%- endmacro %}
