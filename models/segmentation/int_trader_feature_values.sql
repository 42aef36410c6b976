{#- Some metastores of Spark keep no view of such length. #}
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
{%- set rows = [] %}
{%- for column in feature_columns() %}
    {%- do rows.append([
        "cast('" ~ column.name ~ "' as " ~ type_string() ~ ")",
        'cast(' ~ column.name ~ ' as double)',
        'cast(' ~ transformed_feature(column) ~ ' as decimal(38, 9))',
    ]) %}
{%- endfor %}
-- The wide mart of features turned long: what profiles compare.
with

trader_features as (
    select * from {{ ref('trader_features') }}
),

feature_values as (
    {{ unpivoted('trader_features', ['trader_id'], ['feature_name', 'feature_value', 'transformed_value'], rows) }}
),

final as (
    select * from feature_values
    where feature_value is not null
)

select * from final
