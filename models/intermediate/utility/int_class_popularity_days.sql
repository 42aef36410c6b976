-- How often the market takes an instrument of a class where it is offered: choices of the trailing window per
-- instrument offered. A trader counts once a day however much is traded, and each class begins with one choice at the
-- mean rate.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
{%- set trailing = var('derived_utility').window_days - 1 %}
with

choices as (
    select * from {{ ref('int_trader_choices_measured') }}
    where {{ since_change('event_date', days_before=trailing) }}
),

classes as (
    select * from {{ ref('int_choice_set_classes') }}
    where {{ since_change('cast(period_start as date)', days_before=trailing) }}
),

periods as (
    select
        underlying,
        period_start,
        sum(day_share) as weight
    from choices
    group by 1, 2
),

offers as (
    select
        classes.underlying,
        classes.instrument_class,
        cast(classes.period_start as date) as event_date,
        sum(periods.weight * classes.instrument_count) as offers
    from classes
    inner join periods
        on classes.underlying = periods.underlying
        and classes.period_start = periods.period_start
    group by 1, 2, 3
),

taken as (
    select
        underlying,
        instrument_class,
        event_date,
        sum(day_share) as choices
    from choices
    group by 1, 2, 3
),

days as (
    select
        offers.*,
        coalesce(taken.choices, 0) as choices,
        {{ dbt.datediff("cast('2000-01-01' as date)", 'offers.event_date', 'day') }} as day_number
    from offers
    left join taken
        on offers.underlying = taken.underlying
        and offers.instrument_class = taken.instrument_class
        and offers.event_date = taken.event_date
),

trailing_sums as (
    select
        days.*,
        sum(offers) over recent as recent_offers,
        sum(choices) over recent as recent_choices
    from days
    window recent as (
        partition by underlying, instrument_class
        order by day_number
        range between {{ trailing }} preceding and current row
    )
),

rates as (
    select
        trailing_sums.*,
        {{ share(
            'sum(recent_choices) over (partition by underlying, event_date)',
            'sum(recent_offers) over (partition by underlying, event_date)',
        ) }} as mean_rate
    from trailing_sums
),

final as (
    select
        underlying,
        instrument_class,
        event_date,
        cast({{ share('recent_choices + 1', 'cast(recent_offers as double) + 1 / mean_rate') }} as decimal(24, 15))
            as popularity
    from rates
    where {{ since_change('event_date') }}
)

select * from final
