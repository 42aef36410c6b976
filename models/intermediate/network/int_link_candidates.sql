-- Whom links are tested for: of each underlying the traders with most active days within the trailing window. The bound
-- keeps the number of pairs, which grows with its square, the same for any number of traders.
{{ config(materialized='table') }}
with

states as (
    select * from {{ ref('int_trader_states') }}
),

active as (
    select
        underlying,
        trader_id,
        count(*) as active_days,
        min(event_date) as first_date,
        max(event_date) as last_date
    from states
    where
        event_date <= {{ as_of_date() }}
        and {{ dbt.datediff('event_date', as_of_date(), 'day') }} < {{ network_threshold('link_trailing_days') }}
    group by 1, 2
),

ranked as (
    select
        active.*,
        row_number() over (partition by underlying order by active_days desc, trader_id asc) as activity_rank
    from active
    where active_days >= {{ network_threshold('link_active_days') }}
),

final as (
    select
        cast(row_number() over (order by underlying, trader_id) as bigint) as candidate_number,
        underlying,
        trader_id,
        active_days,
        first_date,
        last_date
    from ranked
    where activity_rank <= {{ network_threshold('link_traders') }}
)

select * from final
