-- What an option on each underlying is valued with on the as-of date.
with

underlyings as (
    select distinct underlying from {{ ref('int_cut_choice_sets') }}
    where is_present
),

days as (
    select * from {{ ref('int_market_days') }}
    where event_date <= {{ as_of_date() }}
),

last_days as (
    select
        asset,
        max(case when implied_volatility is not null then event_date end) as implied_date,
        max(case when volatility_of_volatility is not null then event_date end) as volatility_date
    from days
    group by 1
),

final as (
    select
        underlyings.underlying,
        {{ credible_volatility('cast(implied.implied_volatility as double)') }} as implied_volatility,
        coalesce(
            volatilities.volatility_of_volatility, {{ var('derived_utility').volatility_of_volatility }}
        ) as volatility_of_volatility
    from underlyings
    left join last_days on underlyings.underlying = last_days.asset
    left join days as implied
        on last_days.asset = implied.asset and last_days.implied_date = implied.event_date
    left join days as volatilities
        on last_days.asset = volatilities.asset and last_days.volatility_date = volatilities.event_date
)

select * from final
