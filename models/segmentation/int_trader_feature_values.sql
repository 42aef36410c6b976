{#- Some metastores of Spark keep no view of such length. #}
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
-- The wide mart of features turned long: what profiles compare.
with

trader_features as (
    select * from {{ ref('trader_features') }}
),

final as (
    {%- for column in feature_columns() %}
    select
        trader_id,
        cast('{{ column.name }}' as {{ type_string() }}) as feature_name,
        cast({{ column.name }} as double) as feature_value,
        cast({{ transformed_feature(column) }} as decimal(38, 9)) as transformed_value
    from trader_features
    where {{ column.name }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
