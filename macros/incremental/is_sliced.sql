{#- Whether the model that calls it is a fact built a slice of dates at a time: `meta.by_date.whole` says no. -#}
{% macro is_sliced() -%}
    {{ return(
        config.get('incremental_strategy') == 'by_date'
        and not config.get('meta', {}).get('by_date', {}).get('whole', false)
    ) }}
{%- endmacro %}
