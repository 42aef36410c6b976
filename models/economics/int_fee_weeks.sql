-- What a trader was charged in each whole week, counted back from the as-of date, by group of the fee schedule and role.
with

days as (
    select
        *,
        -1 * cast(floor({{ dbt.datediff('event_date', as_of_date(), 'day') }} / 7e0) as integer) as week_number
    from {{ ref('int_trader_fee_days') }}
    where event_date <= {{ as_of_date() }}
),

-- The first week need not be whole.
records as (
    select
        days.*,
        min(week_number) over () as first_week_number
    from days
),

final as (
    select
        trader_id,
        week_number,
        fee_group,
        fee_role,
        sum(notional_usd) as notional_usd,
        sum(case when fee_bps is not null then charged_usd end) as charged_usd,
        min(fee_bps) as least_bps,
        max(fee_bps) as most_bps
    from records
    where week_number > first_week_number
    group by 1, 2, 3, 4
)

select * from final
