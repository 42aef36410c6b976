-- The linear equations of a trader's part-worths, A x = r: the regression between kinds, the score and information of
-- the choices within kinds, and the prior. One row per trader with choices by the as-of date; a_i_j is the lower
-- triangle.
{{ config(materialized='table') }}
{%- set attributes = utility_attributes() -%}
{%- set settings = var('derived_utility') -%}
{%- set exact = contract_type('decimal') %}
with -- noqa: disable=LT02

scales as (
    select * from {{ ref('int_attribute_scales') }}
),

between_sums as (
    select
        trader_id,
        {%- for left in attributes %}
        {%- for right in attributes[:loop.index] %}
        cast(sum(cast(weight * {{ left }} * {{ right }} as {{ exact }})) as double) as {{ left }}_{{ right }},
        {%- endfor %}
        cast(sum(cast(weight * {{ left }} as {{ exact }})) as double) as {{ left }},
        cast(sum(cast(weight * {{ left }} * response as {{ exact }})) as double) as {{ left }}_response,
        {%- endfor %}
        cast(sum(cast(weight * response as {{ exact }})) as double) as response,
        cast(sum(cast(weight as {{ exact }})) as double) as weight
    from {{ ref('int_trader_choice_kinds') }}
    group by 1
),

within_sums as (
    select
        trader_id,
        sum(effective_choices) as effective_choices,
        {%- for attribute in attributes %}
        cast(sum({{ attribute }}_score) as double) as {{ attribute }}_score,
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        cast(sum({{ left }}_{{ right }}_information) as double) as {{ right }}_{{ left }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_trader_choice_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

final as (
    select
        within_sums.trader_id,
        within_sums.effective_choices,
        {%- for left in attributes %}
        {%- set i = loop.index %}
        {%- for right in attributes[:i] %}
        between_sums.{{ left }}_{{ right }} - between_sums.{{ left }} * between_sums.{{ right }} / between_sums.weight
        + coalesce(within_sums.{{ left }}_{{ right }} / (scales.{{ left }} * scales.{{ right }}), 0)
        {{- ' + ' ~ settings.prior_choices if loop.last }} as a_{{ i }}_{{ loop.index }},
        {%- endfor %}
        between_sums.{{ left }}_response - between_sums.{{ left }} * between_sums.response / between_sums.weight
        + coalesce(within_sums.{{ left }}_score / scales.{{ left }}, 0) as r_{{ i }}{{ ',' if not loop.last }}
        {%- endfor %}
    from within_sums
    inner join between_sums on within_sums.trader_id = between_sums.trader_id
    cross join scales
)

select * from final
