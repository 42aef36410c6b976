-- The market of each calendar day with a price: close, return, volatility realised and implied, and its regime.
{{ config(materialized='table') }}
{%- set regime = var('high_volatility') %}
{%- set ranked = [('implied_volatility', 'implied_rank'), ('trailing_realized_volatility', 'realized_rank')] %}
with

closes as (
    select * from {{ ref('int_market_closes') }}
),

hourly as (
    select
        asset,
        cast(hour_start as date) as event_date,
        count(log_return) as return_count,
        sum(cast(log_return * log_return as decimal(24, 18))) as squared_returns
    from {{ ref('int_market_moves') }}
    group by 1, 2
),

trailing_sums as (
    select
        closes.*,
        count(log_return) over month_to_date as return_count,
        sum(cast(log_return * log_return as decimal(24, 18))) over month_to_date as squared_month,
        count(implied_volatility_log_change) over quarter_to_date as change_count,
        sum(cast(implied_volatility_log_change as decimal(24, 18))) over quarter_to_date as quarter,
        sum(cast(implied_volatility_log_change * implied_volatility_log_change as decimal(24, 18)))
            over quarter_to_date as squared_quarter
    from closes
    window
        month_to_date as (partition by asset order by day_number range between 29 preceding and current row),
        quarter_to_date as (partition by asset order by day_number range between 89 preceding and current row)
),

-- Returns count from zero, as in a variance swap; changes of implied volatility from their mean.
variances as (
    select
        trailing_sums.*,
        case when hourly.return_count >= 12 then {{ share('hourly.squared_returns', 'hourly.return_count') }} end
            as hourly_variance,
        case
            when trailing_sums.return_count >= 10
                then {{ share('trailing_sums.squared_month', 'trailing_sums.return_count') }}
        end as daily_variance,
        case
            when trailing_sums.change_count >= 20
                then cast(trailing_sums.squared_quarter as double)
                    - cast(trailing_sums.quarter as double) * {{ share(
                        'trailing_sums.quarter', 'trailing_sums.change_count'
                    ) }}
        end as change_variation
    from trailing_sums
    left join hourly
        on trailing_sums.asset = hourly.asset
        and trailing_sums.event_date = hourly.event_date
),

volatilities as (
    select
        asset,
        event_date,
        day_number,
        price_usd,
        implied_volatility,
        log_return,
        implied_volatility_change,
        round(sqrt(24 * 365 * hourly_variance), 12) as realized_volatility,
        round(sqrt(365 * daily_variance), 12) as trailing_realized_volatility,
        round(
            sqrt(365 * case when change_variation < 0 then 0 else change_variation end / nullif(change_count - 1, 0)),
            12
        ) as volatility_of_volatility
    from variances
),

-- Share of the closes of the year up to a day that were calmer than it, like with like.
ranks as (
    select
        present.asset,
        {%- for volatility, rank in ranked %}
        case
            when count(past.{{ volatility }}) >= {{ regime.least_days }}
                then {{ share(
                    'count(case when past.' ~ volatility ~ ' < present.' ~ volatility ~ ' then 1 end)',
                    'count(past.' ~ volatility ~ ')',
                ) }}
        end as {{ rank }},
        {%- endfor %}
        present.day_number
    from volatilities as present
    inner join volatilities as past
        on present.asset = past.asset
        and past.day_number between present.day_number - 364 and present.day_number
    group by present.asset, present.day_number
),

final as (
    select
        volatilities.asset,
        volatilities.event_date,
        volatilities.price_usd,
        volatilities.implied_volatility,
        volatilities.log_return,
        volatilities.implied_volatility_change,
        volatilities.realized_volatility,
        volatilities.trailing_realized_volatility,
        volatilities.volatility_of_volatility,
        lag(
            case when volatilities.implied_volatility is null then ranks.realized_rank else ranks.implied_rank end
        ) over (partition by volatilities.asset order by volatilities.day_number)
        >= {{ regime.least_rank }} as is_high_volatility
    from volatilities
    inner join ranks
        on volatilities.asset = ranks.asset
        and volatilities.day_number = ranks.day_number
)

select * from final
