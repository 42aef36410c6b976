{#- Aggregate: the texts of a group in their order, with a separator between them; NULL where there are none. -#}
{% macro joined_text(text, separator) -%}
    {{ return(adapter.dispatch('joined_text')(text, separator)) }}
{%- endmacro %}

{#- Sorting the finished list takes two thirds of the time of `string_agg` with an order. -#}
{% macro default__joined_text(text, separator) -%}
    array_to_string(list_sort(list({{ text }}) filter (where {{ text }} is not null)), '{{ separator }}')
{%- endmacro %}

{% macro spark__joined_text(text, separator) -%}
    nullif(array_join(array_sort(collect_list({{ text }})), '{{ separator }}'), '')
{%- endmacro %}
