-- What a trader is exposed to per underlying at the end of each day, over all accounts.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
with

positions as (
    select * from {{ ref('int_position_days') }}
    where {{ since_change('event_date') }}
),

final as (
    select
        trader_id,
        underlying,
        event_date,
        count(case when kind = 'option' then 1 end) as option_position_count,
        sum(delta_usd) as net_delta_usd,
        sum(abs(delta_usd)) as gross_delta_usd,
        sum(gamma_usd) as gamma_usd,
        sum(vega_usd) as net_vega_usd,
        sum(abs(vega_usd)) as gross_vega_usd,
        sum(theta_usd) as theta_usd,
        sum(notional_usd) as gross_notional_usd
    from positions
    group by 1, 2, 3
)

select * from final
