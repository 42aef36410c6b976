-- Volume of each trader in the last two windows of the fee schedule, and the mean and spread of its days.
{%- set days = var('fee_schedule').volume_days %}
with

trader_days as (
    select
        trader_id,
        event_date,
        notional_usd,
        {{ dbt.datediff('event_date', as_of_date(), 'day') }} as days_ago
    from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

-- Squares of thousands of dollars, so that their sum fits.
volumes as (
    select
        trader_id,
        least(max(days_ago) + 1, {{ 2 * days }}) as observed_days,
        sum(case when days_ago < {{ days }} then notional_usd else 0 end) as trailing_volume_usd,
        sum(case when days_ago >= {{ days }} and days_ago < {{ 2 * days }} then notional_usd else 0 end)
            as previous_volume_usd,
        sum(
            case
                when days_ago < {{ 2 * days }}
                    then cast(power(cast(notional_usd as double) / 1000, 2) as {{ contract_type('decimal') }})
                else 0
            end
        ) as squared_volume
    from trader_days
    group by 1
),

means as (
    select
        volumes.*,
        {{ share('(trailing_volume_usd + previous_volume_usd)', 'observed_days') }} as mean_day_usd
    from volumes
),

final as (
    select
        trader_id,
        cast(observed_days as integer) as observed_days,
        cast(trailing_volume_usd as {{ contract_type('decimal') }}) as trailing_volume_usd,
        case
            when observed_days = {{ 2 * days }} then cast(previous_volume_usd as {{ contract_type('decimal') }})
        end as previous_volume_usd,
        mean_day_usd,
        case
            when observed_days > 1
                then sqrt(
                    greatest(
                        1e6 * cast(squared_volume as double) - observed_days * mean_day_usd * mean_day_usd, 0
                    ) / (observed_days - 1)
                )
        end as day_deviation_usd
    from means
)

select * from final
