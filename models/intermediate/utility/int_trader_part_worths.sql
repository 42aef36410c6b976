-- What a trader's choices reveal of the utility of each attribute, beside the market at large, by the as-of date: one
-- step of a conditional logit, its information shrunk toward the diagonal, its result toward the market.
{{ config(materialized='table') }}
{%- set attributes = utility_attributes() -%}
{%- set settings = var('derived_utility') -%}
{%- set covariance_kept = ' * ' ~ (1 - settings.covariance_shrinkage) | round(6) ~ 'e0' -%}
{%- set prior = ' + ' ~ settings.prior_choices %}
with -- noqa: disable=LT02

scales as (
    select * from {{ ref('int_attribute_scales') }}
),

sums as (
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

-- The linear equations of the part-worths, A x = r, a_i_j the lower triangle of A.
systems as (
    select
        sums.trader_id,
        sums.effective_choices,
        {%- for left in attributes %}
        {%- set i = loop.index %}
        {%- for right in attributes[:i] %}
        coalesce(sums.{{ left }}_{{ right }} / (scales.{{ left }} * scales.{{ right }}), 0)
        {{- prior if loop.last else covariance_kept }}
            as a_{{ i }}_{{ loop.index }},
        {%- endfor %}
        coalesce(sums.{{ left }}_score / scales.{{ left }}, 0) as r_{{ i }}{{ ',' if not loop.last }}
        {%- endfor %}
    from sums
    cross join scales
    where sums.effective_choices >= {{ settings.least_choices }}
),

solved as (
    select * from {{ solved_symmetric('systems', attributes | length, ['trader_id', 'effective_choices']) }} as solution
),

final as (
    select
        solved.trader_id,
        solved.effective_choices,
        {%- for attribute in attributes %}
        case when scales.{{ attribute }} is not null then solved.x_{{ loop.index }} end as {{ attribute }},
        case when scales.{{ attribute }} is not null then sqrt(solved.inverse_{{ loop.index }}) end
            as {{ attribute }}_se{{ ',' if not loop.last }}
        {%- endfor %}
    from solved
    cross join scales
)

select * from final
