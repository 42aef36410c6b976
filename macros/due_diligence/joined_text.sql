{#- Aggregate: the texts of a group in order, with a separator between them; NULL where there are none. -#}
{% macro joined_text(text, order_by, separator) -%}
    {{ return(adapter.dispatch('joined_text')(text, order_by, separator)) }}
{%- endmacro %}

{% macro default__joined_text(text, order_by, separator) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(text, order_by, separator) -%}
    nullif(array_join(
        transform(array_sort(collect_list(struct({{ order_by }} as place, {{ text }} as part))), x -> x.part),
        '{{ separator }}'
    ), '')
{%- endmacro %}
