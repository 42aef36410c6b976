-- How much was traded at the venue in each span of seven days before the as-of date: what the regime is read from.
with

days as (
    select
        days.*,
        {{ dbt.datediff('days.event_date', 'dates.as_of_date', 'day') }} as age_days
    from {{ ref('int_trader_days') }} as days
    cross join {{ ref('int_as_of_date') }} as dates
    where days.event_date <= dates.as_of_date
),

final as (
    select
        cast(floor(age_days / 7.0) as bigint) as weeks_ago,
        cast(count(distinct trader_id) as bigint) as trader_count,
        sum(notional_usd) as notional_usd
    from days
    group by 1
)

select * from final
