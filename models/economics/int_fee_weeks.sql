-- What a trader was charged in each whole week, counted back from the as-of date, by group of the fee schedule and
-- role.
with

days as (
    select
        *,
        -1 * cast(floor({{ dbt.datediff('event_date', as_of_date(), 'day') }} / 7e0) as integer) as week_number
    from {{ ref('int_trader_fee_days') }}
    where event_date <= {{ as_of_date() }}
),

records as (
    select min(week_number) as first_week_number from days
),

final as (
    select
        days.trader_id,
        days.week_number,
        days.fee_group,
        days.fee_role,
        sum(days.notional_usd) as notional_usd,
        sum(case when days.fee_bps is not null then days.charged_usd end) as charged_usd,
        min(days.fee_bps) as least_bps,
        max(days.fee_bps) as most_bps
    from days
    cross join records
    -- The first week need not be whole.
    where days.week_number > records.first_week_number
    group by 1, 2, 3, 4
)

select * from final
