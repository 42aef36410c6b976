{{ config(materialized='table') }}
{%- set rows = [] %}
{%- for column in feature_columns() %}
    {%- do rows.append([
        "cast('" ~ column.name ~ "' as " ~ type_string() ~ ")",
        'cast(trader_features.' ~ column.name ~ ' as double)',
    ]) %}
{%- endfor %}
-- The features that rules look at, turned long. A feature without a rule is joined with no row.
with

model_rules as (
    select * from {{ ref('segmentation_rules') }}
),

rare_styles as (
    select max(case when is_rare then 1 else 0 end) as has_any from model_rules
),

rule_features as (
    select feature as name from {{ ref('axis_rules') }}
    union distinct
    select model_rules.feature
    from model_rules
    cross join rare_styles
    where model_rules.is_definition or rare_styles.has_any = 1
),

trader_features as (
    select * from {{ ref('trader_features') }}
),

ruled_values as (
    {{ unpivoted(
        'trader_features', ['trader_id'], ['feature_name', 'feature_value'], rows, only='rule_features'
    ) }}
),

final as (
    select
        trader_id,
        feature_name,
        feature_value
    from ruled_values
    where feature_value is not null
)

select * from final
