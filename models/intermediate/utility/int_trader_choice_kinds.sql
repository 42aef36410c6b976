-- One row per trader and kind that was on offer to the trader, by the as-of date: the working response and weight of
-- the regression between kinds, and where the kind lies in the market's standard deviations.
{%- set kinds = utility_kinds() -%}
{%- set settings = var('derived_utility') %}
with -- noqa: disable=LT02

trader_sums as (
    select
        trader_id,
        sum(effective_choices) as effective_choices
        {%- for kind in kinds %},
        sum({{ kind }}_choices) as {{ kind }}_choices,
        sum({{ kind }}_expected) as {{ kind }}_expected
        {%- endfor %}
    from {{ ref('int_trader_choice_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

by_kind as (
    {%- for kind in kinds %}
    select
        trader_id,
        '{{ kind }}' as kind,
        cast(effective_choices as double) as n,
        cast({{ kind }}_choices as double) / cast(effective_choices as double) as taken_share,
        cast({{ kind }}_expected as double) / cast(effective_choices as double) as market_share
    from trader_sums
    where {{ kind }}_expected > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- What the trader took, with choices of the market mixed in.
smoothed as (
    select
        *,
        (n * taken_share + {{ settings.prior_choices }} * market_share) / (n + {{ settings.prior_choices }})
            as trader_share
    from by_kind
),

final as (
    select
        smoothed.trader_id,
        smoothed.kind,
        ln(smoothed.trader_share / smoothed.market_share)
        + (smoothed.taken_share - smoothed.trader_share) / smoothed.trader_share as response,
        1 / (1 / (smoothed.n * smoothed.trader_share) + {{ settings.kind_variance }}) as weight,
        {%- for attribute in utility_attributes() %}
        coalesce(positions.{{ attribute }}, 0) as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from smoothed
    inner join {{ ref('int_kind_positions') }} as positions on smoothed.kind = positions.kind
)

select * from final
