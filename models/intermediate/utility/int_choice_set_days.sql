-- Of each kind of instrument, sums over the day's choices: expected choices, and how far the kind lies from the market.
{{ config(materialized='table') }}
with -- noqa: disable=LT02

periods as (
    select
        underlying,
        period_start,
        event_date,
        sum(day_share) as weight
    from {{ ref('int_trader_choices_measured') }}
    group by 1, 2, 3
),

expected as (
    select
        periods.event_date,
        sets.*,
        cast(periods.weight as double) * sets.market_share as choices
    from {{ ref('int_choice_sets') }} as sets
    inner join periods
        on sets.underlying = periods.underlying
        and sets.period_start = periods.period_start
),

final as (
    select
        event_date,
        kind,
        sum(cast(choices as decimal(38, 12))) as expected_choices,
        {%- for attribute in utility_attributes() %}
        sum(cast(choices * {{ attribute }}_from_market as decimal(38, 12))) as {{ attribute }}_from_market,
        sum(cast(
            choices * ({{ attribute }}_{{ attribute }} + {{ attribute }}_from_market * {{ attribute }}_from_market)
            as decimal(38, 12)
        )) as {{ attribute }}_squared{{ ',' if not loop.last }}
        {%- endfor %}
    from expected
    group by 1, 2
)

select * from final
