{{ config(materialized='table') }}
-- The features that rules look at, turned long. A feature without a rule is joined with no row.
with

model_rules as (
    select * from {{ ref('segmentation_rules') }}
),

rare_styles as (
    select max(case when is_rare then 1 else 0 end) as has_any from model_rules
),

rule_features as (
    select feature from {{ ref('axis_rules') }}
    union distinct
    select model_rules.feature
    from model_rules
    cross join rare_styles
    where model_rules.is_definition or rare_styles.has_any = 1
),

trader_features as (
    select * from {{ ref('trader_features') }}
),

final as (
    {%- for column in feature_columns() %}
    select
        trader_features.trader_id,
        rule_features.feature as feature_name,
        cast(trader_features.{{ column.name }} as double) as feature_value
    from trader_features
    cross join rule_features
    where rule_features.feature = '{{ column.name }}' and trader_features.{{ column.name }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
