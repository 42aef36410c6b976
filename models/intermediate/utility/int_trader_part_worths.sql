-- What a trader's choices reveal of the utility of each attribute, beside the market at large, by the as-of date.
{{ config(materialized='table') }}
{%- set attributes = utility_attributes() -%}
{%- set settings = var('derived_utility') %}
with -- noqa: disable=LT02

scales as (
    select * from {{ ref('int_attribute_scales') }}
),

systems as (
    select
        systems.trader_id,
        systems.effective_choices,
        {%- for attribute in attributes %}
        {%- set i = loop.index %}
        {%- for j in range(1, i + 1) %}
        systems.a_{{ i }}_{{ j }},
        {%- endfor %}
        systems.r_{{ i }} + {{ settings.prior_choices }} * mean.{{ attribute }} as r_{{ i }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_trader_choice_systems') }} as systems
    cross join {{ ref('int_mean_part_worths') }} as mean
    where systems.effective_choices >= {{ settings.least_choices }}
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
