-- How far each kind of instrument lies from the market on each attribute, in the market's standard deviations.
{{ config(materialized='table') }}
with -- noqa: disable=LT02

days as (
    select
        kind,
        {%- for attribute in utility_attributes() %}
        sum({{ attribute }}_from_market) as {{ attribute }},
        {%- endfor %}
        sum(expected_choices) as expected_choices
    from {{ ref('int_choice_set_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

scales as (
    select * from {{ ref('int_attribute_scales') }}
),

final as (
    select
        days.kind,
        {%- for attribute in utility_attributes() %}
        {{ share('days.' ~ attribute, 'days.expected_choices') }} / scales.{{ attribute }} as {{ attribute }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from days
    cross join scales
)

select * from final
