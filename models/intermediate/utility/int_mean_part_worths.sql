-- One row: the part-worths of the mean trader, to which the others are shrunk. Each estimate is shrunk to 0 first, so
-- the mean is over the share that the choices, not the prior, have in them; few traders leave it near 0.
{{ config(materialized='table') }}
{%- set attributes = utility_attributes() -%}
{%- set settings = var('derived_utility') -%}
{%- set exact = contract_type('decimal') %}
with -- noqa: disable=LT02

systems as (
    select * from {{ ref('int_trader_choice_systems') }}
    where effective_choices >= {{ settings.least_choices }}
),

solved as (
    select * from {{ solved_symmetric('systems', attributes | length, ['trader_id']) }} as solution
),

final as (
    select
        {%- for attribute in attributes %}
        {%- set i = loop.index %}
        coalesce(cast(sum(cast(x_{{ i }} as {{ exact }})) as double) / (
            cast(sum(cast(1 - {{ settings.prior_choices }} * inverse_{{ i }} as {{ exact }})) as double)
            + {{ settings.prior_choices }}
        ), 0) as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from solved
)

select * from final
