-- What each segment was on each scoring date; the date that is built replaces its rows, the others stay.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

segments as (
    select * from {{ ref('trader_segments') }}
),

features as (
    select * from {{ ref('trader_features') }}
),

trader_days as (
    select * from {{ ref('int_trader_days') }}
),

-- Retention: of the traders of weeks -8 to -4, the share that traded in the last four.
aged_days as (
    select
        trader_id,
        {{ dbt.datediff('event_date', as_of_date(), 'day') }} as age_days
    from trader_days
),

recent_days as (
    select
        trader_id,
        max(case when age_days between 28 and 55 then 1 else 0 end) as was_active,
        max(case when age_days between 0 and 27 then 1 else 0 end) as is_active
    from aged_days
    group by 1
),

lifetime_values as (
    select * from {{ ref('trader_lifetime_value') }}
),

styles as (
    select * from {{ ref('styles') }}
),

totals as (
    select count(*) as traders from segments
),

final as (
    select
        segments.segment_id,
        segments.as_of_date,
        segments.segment_name,
        segments.style,
        segments.value_tier,
        count(*) as traders,
        {{ share('count(*)', 'max(totals.traders)') }} as trader_share,
        cast(sum(features.notional_usd) as {{ contract_type('decimal') }}) as volume_usd,
        cast(sum(features.net_fee_usd) as {{ contract_type('decimal') }}) as net_revenue_usd,
        cast(sum(lifetime_values.expected_value_usd_26w) as double) as expected_value_usd,
        cast(null as double) as churn_probability,
        cast(sum(cast(features.gross_vega_usd as decimal(38, 12))) as double) as gross_vega_usd,
        cast(sum(cast(features.net_vega_usd as decimal(38, 12))) as double) as net_vega_usd,
        median(features.leverage) as leverage,
        {{ share(
            'sum(cast(features.maker_share * cast(features.notional_usd as double) as decimal(38, 6)))',
            'sum(case when features.maker_share is not null then features.notional_usd end)',
        ) }} as maker_share,
        {{ share(
            'sum(case when recent_days.was_active = 1 then recent_days.is_active end)',
            'sum(recent_days.was_active)',
        ) }} as retention,
        max(styles.description) as style_description
    from segments
    inner join features on segments.trader_id = features.trader_id
    left join recent_days on segments.trader_id = recent_days.trader_id
    left join lifetime_values on segments.trader_id = lifetime_values.trader_id
    left join styles on segments.style = styles.style
    cross join totals
    group by 1, 2, 3, 4, 5
)

select * from final
