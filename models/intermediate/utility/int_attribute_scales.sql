-- One row: the standard deviation of each attribute over the choice sets of the market by the as-of date, the unit of
-- part-worths. NULL where an attribute is not known or does not vary.
{{ config(materialized='table') }}
with -- noqa: disable=LT02

days as (
    select * from {{ ref('int_choice_set_days') }}
    where event_date <= {{ as_of_date() }}
),

final as (
    select
        {%- for attribute in utility_attributes() %}
        case
            when {{ share('sum(' ~ attribute ~ '_squared)', 'sum(expected_choices)') }} > 1e-9
                then sqrt({{ share('sum(' ~ attribute ~ '_squared)', 'sum(expected_choices)') }})
        end as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from days
)

select * from final
