{#- Each branch reads the column that a rule names; a feature without a rule meets no row of them. -#}
{% macro ruled_values(rules) -%}
    {%- for column in feature_columns() %}
    select
        trader_features.trader_id,
        {{ rules }}.*,
        cast(trader_features.{{ column.name }} as double) as feature_value
    from {{ ref('trader_features') }} as trader_features
    cross join {{ rules }}
    where {{ rules }}.feature = '{{ column.name }}' and trader_features.{{ column.name }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
