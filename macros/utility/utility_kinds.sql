{#- The kinds of instrument between which a trader chooses first. -#}
{% macro utility_kinds() -%}
    {{ return(['option', 'future', 'perpetual', 'spot', 'event']) }}
{%- endmacro %}
