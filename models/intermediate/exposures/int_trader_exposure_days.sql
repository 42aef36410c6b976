-- What a trader is exposed to at the end of each day, over all accounts and underlyings. Gamma, vega and theta are of
-- options alone, unknown where those are: what has none says nothing of them.
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
        event_date,
        count(case when kind = 'option' then 1 end) as option_position_count,
        sum(delta_usd) as net_delta_usd,
        sum(abs(delta_usd)) as gross_delta_usd,
        sum(case when kind = 'option' then gamma_usd end) as gamma_usd,
        sum(case when kind = 'option' then vega_usd end) as net_vega_usd,
        sum(case when kind = 'option' then abs(vega_usd) end) as gross_vega_usd,
        sum(case when kind = 'option' then theta_usd end) as theta_usd,
        sum(notional_usd) as gross_notional_usd
    from positions
    group by 1, 2
)

select * from final
