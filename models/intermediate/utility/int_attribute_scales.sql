-- One row: the standard deviation of each attribute within the choice sets that traders met by the as-of date, the unit
-- of part-worths. NULL where an attribute is not known or does not vary.
{{ config(materialized='table') }}
with -- noqa: disable=LT02

trader_days as (
    select * from {{ ref('int_trader_choice_days') }}
    where event_date <= {{ as_of_date() }}
),

variances as (
    select
        {%- for attribute in utility_attributes() %}
        {%- set information = attribute ~ '_' ~ attribute ~ '_information' %}
        {{ share(
            'sum(' ~ information ~ ')',
            'sum(case when ' ~ information ~ ' is not null then effective_choices end)',
        ) }} as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from trader_days
),

final as (
    select
        {%- for attribute in utility_attributes() %}
        case when {{ attribute }} > 1e-9 then sqrt({{ attribute }}) end as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from variances
)

select * from final
