-- What could be chosen of an underlying in each period in which somebody chose: instruments listed and quoted
-- two-sided, with their attributes as they were known when the period began.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'column': 'cast(period_start as date)'}},
) }}
{%- set settings = var('derived_utility') -%}
{%- set terms = ['forward', 'strike', 'years', 'volatility'] -%}
{%- set option = terms + ['option_type'] -%}
{%- set largest = var('largest_leverage') %}
with -- noqa: disable=LT02

listed as (
    select * from {{ ref('int_listed_instruments') }}
    where {{ since_change('cast(period_start as date)') }}
),

-- The first hour of the period that is known of: hours with a fill are, so it is not later than any choice.
first_hours as (
    select
        asset,
        {{ choice_period('hour_start') }} as period_start,
        min(hour_start) as hour_start
    from {{ ref('int_market_hours') }}
    group by 1, 2
),

-- A kind of which the venue has no quotes yet is offered as listed.
offered as (
    select
        listed.*,
        cast(market_hours.price_usd as double) as forward,
        case
            when listed.kind = 'option'
                then coalesce(
                    {{ credible_volatility('cast(listed.mark_iv as double)') }},
                    {{ credible_volatility('cast(market_hours.implied_volatility as double)') }}
                )
        end as volatility,
        cast({{ seconds_between('listed.period_start', 'listed.expires_at') }} as double) / (365e0 * 86400e0) as years,
        coalesce(market_days.volatility_of_volatility, {{ settings.volatility_of_volatility }}) as vol_of_vol,
        margin_rates.initial_margin_rate as margin_rate
    from listed
    left join first_hours
        on listed.underlying = first_hours.asset
        and listed.period_start = first_hours.period_start
    left join {{ ref('int_market_hours') }} as market_hours
        on first_hours.asset = market_hours.asset
        and first_hours.hour_start = market_hours.hour_start
    left join {{ ref('int_market_days') }} as market_days
        on listed.underlying = market_days.asset
        and cast(listed.period_start - interval 24 hour as date) = market_days.event_date
    left join {{ ref('margin_rates') }} as margin_rates on listed.kind = margin_rates.kind
    where listed.relative_spread is not null
        or listed.kind_quoted_at is null
        or listed.period_start < listed.kind_quoted_at
),

-- Without a case around them the engine computes once what the formulas have in common; they are NULL but for options.
terms as (
    select
        *,
        {{ black_76_d1(*terms) }} as d1
    from offered
),

greeks as (
    select
        *,
        {{ black_76_delta(*option, d1='d1') }} as signed_delta,
        {{ black_76_price(*option, d1='d1') }} as premium,
        {{ black_76_vega(*terms, d1='d1') }} as vega
    from terms
),

exposures as (
    select
        *,
        case when kind = 'option' then abs(signed_delta) else 1e0 end as delta,
        case when kind = 'option' then 100 * vega / forward else 0e0 end as volatility_exposure
    from greeks
),

final as (
    select
        instrument_id,
        underlying,
        period_start,
        kind,
        concat_ws(
            ' ',
            kind,
            option_type,
            cast({{ bucket('365 * years', settings.tenor_days) }} as {{ type_string() }}),
            case
                when kind = 'option'
                    then cast({{ bucket('delta', settings.absolute_deltas) }} as {{ type_string() }})
            end
        ) as instrument_class,
        volatility_exposure as volatility,
        case
            when kind <> 'option' then ln(least(1e0 / margin_rate, {{ largest }}))
            when delta * forward >= {{ largest }} * premium then ln({{ largest }})
            else ln(greatest({{ share('delta * forward', 'premium') }}, 1e-3))
        end as leverage,
        case
            when kind = 'option'
                then coalesce({{ share(
                    'delta',
                    'sqrt(delta * delta + volatility_exposure * volatility_exposure * vol_of_vol * vol_of_vol)',
                ) }}, 0e0)
            else 1e0
        end as correlation,
        ln(1 + coalesce(365 * years, 0)) as tenor,
        ln(1 / relative_spread) as liquidity
    from exposures
    -- delta is known where d1 is; asked for delta itself, Spark works the formula out anew for each row it may drop
    where case when kind = 'option' then d1 is not null and option_type is not null else margin_rate is not null end
)

select * from final
