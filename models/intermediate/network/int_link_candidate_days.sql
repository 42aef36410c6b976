-- What the candidates did, day by day, with running counts. A pair's window begins and ends with a first or last day of
-- one of the two, so that every candidate has a row on those days of its underlying, be it idle.
{{ config(materialized='table') }}
with

candidates as (
    select * from {{ ref('int_link_candidates') }}
),

states as (
    select
        candidates.underlying,
        candidates.candidate_number,
        states.event_date,
        case when states.state = 'buy' then 1 else 0 end as bought,
        case when states.state = 'sell' then 1 else 0 end as sold
    from {{ ref('int_trader_states') }} as states
    inner join candidates
        on states.underlying = candidates.underlying
        and states.trader_id = candidates.trader_id
        and states.event_date between candidates.first_date and candidates.last_date
),

ends as (
    select underlying, first_date as event_date from candidates
    union
    select underlying, last_date as event_date from candidates
),

idle as (
    select
        candidates.underlying,
        candidates.candidate_number,
        ends.event_date,
        0 as bought,
        0 as sold
    from candidates
    inner join ends on candidates.underlying = ends.underlying
),

days as (
    select * from states
    union all
    select * from idle
),

merged as (
    select
        underlying,
        candidate_number,
        event_date,
        max(bought) as bought,
        max(sold) as sold
    from days
    group by 1, 2, 3
),

final as (
    select
        underlying,
        candidate_number,
        event_date,
        bought,
        sold,
        cast(sum(bought) over (partition by candidate_number order by event_date) as bigint) as bought_until,
        cast(sum(sold) over (partition by candidate_number order by event_date) as bigint) as sold_until
    from merged
)

select * from final
