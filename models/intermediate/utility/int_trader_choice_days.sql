-- Additive statistics of a trader's choices of a day, from which part-worths are estimated: score and information of a
-- conditional logit at the market's own weights.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
{%- set exact = contract_type('decimal') %}
with -- noqa: disable=LT02

choices as (
    select * from {{ ref('int_trader_choices_measured') }}
    where {{ since_change('event_date') }}
),

sets as (
    select * from {{ ref('int_choice_sets') }}
    where {{ since_change('cast(period_start as date)') }}
),

sums as (
    select
        choices.trader_id,
        choices.event_date,
        sum(choices.choice_count) as choice_count,
        {%- for attribute in utility_attributes() %}
        sum(cast(choices.choice_count * (choices.{{ attribute }} - sets.{{ attribute }}) as {{ exact }}))
            as {{ attribute }}_score,
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        sum(cast(choices.choice_count * sets.{{ left }}_{{ right }} as {{ exact }}))
            as {{ left }}_{{ right }}_information{{ ',' if not loop.last }}
        {%- endfor %}
    from choices
    inner join sets
        on choices.underlying = sets.underlying
        and choices.period_start = sets.period_start
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
