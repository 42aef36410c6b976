-- Additive statistics of a trader's choices of a day, from which part-worths are estimated: choices by kind, taken and
-- expected of the market, and the score and information of the choices within their kinds.
{{ config(materialized='table') }}
{%- set kinds = utility_kinds() -%}
{%- set exact = contract_type('decimal') %}
with -- noqa: disable=LT02

choices as (
    select * from {{ ref('int_trader_choices_measured') }}
),

sets as (
    select * from {{ ref('int_choice_sets') }}
),

set_shares as (
    select
        underlying,
        period_start
        {%- for kind in kinds %},
        max(case when kind = '{{ kind }}' then market_share end) as {{ kind }}_share
        {%- endfor %}
    from sets
    group by 1, 2
),

sums as (
    select
        choices.trader_id,
        choices.event_date,
        sum(choices.choice_count) as choice_count,
        {%- for kind in kinds %}
        sum(case when choices.kind = '{{ kind }}' then choices.choice_count else 0 end) as {{ kind }}_choices,
        sum(cast(choices.choice_count * coalesce(set_shares.{{ kind }}_share, 0) as {{ exact }}))
            as {{ kind }}_expected,
        {%- endfor %}
        {%- for attribute in utility_attributes() %}
        sum(cast(choices.choice_count * coalesce(choices.{{ attribute }} - sets.{{ attribute }}, 0) as {{ exact }}))
            as {{ attribute }}_score,
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        sum(cast(choices.choice_count * coalesce(sets.{{ left }}_{{ right }}, 0) as {{ exact }}))
            as {{ left }}_{{ right }}_information{{ ',' if not loop.last }}
        {%- endfor %}
    from choices
    inner join sets
        on choices.underlying = sets.underlying
        and choices.period_start = sets.period_start
        and choices.kind = sets.kind
    inner join set_shares
        on choices.underlying = set_shares.underlying
        and choices.period_start = set_shares.period_start
    group by 1, 2
),

-- Choices of one day repeat each other: n of them count as n / (1 + (n - 1) rho), Kish's design effect.
weighted as (
    select
        sums.*,
        1 / (1 + (choice_count - 1) * {{ var('derived_utility').day_correlation }}e0) as weight
    from sums
),

final as (
    select
        trader_id,
        event_date,
        choice_count,
        cast(weight * choice_count as {{ exact }}) as effective_choices,
        {%- for kind in kinds %}
        cast(weight * {{ kind }}_choices as {{ exact }}) as {{ kind }}_choices,
        cast(weight * cast({{ kind }}_expected as double) as {{ exact }}) as {{ kind }}_expected,
        {%- endfor %}
        {%- for attribute in utility_attributes() %}
        cast(weight * cast({{ attribute }}_score as double) as {{ exact }}) as {{ attribute }}_score,
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        cast(weight * cast({{ left }}_{{ right }}_information as double) as {{ exact }})
            as {{ left }}_{{ right }}_information{{ ',' if not loop.last }}
        {%- endfor %}
    from weighted
)

select * from final
