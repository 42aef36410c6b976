-- How many instruments of each class were offered, and the moments of their attributes.
{{ config(materialized='table') }}
with -- noqa: disable=LT02

offered as (
    select * from {{ ref('int_offered_instruments') }}
),

final as (
    select
        underlying,
        period_start,
        kind,
        instrument_class,
        count(*) as instrument_count,
        {%- for attribute in utility_attributes() %}
        sum(cast({{ attribute }} as decimal(18, 9))) as {{ attribute }},
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        sum(cast({{ left }} * {{ right }} as decimal(18, 9))) as {{ left }}_{{ right }}{{ ',' if not loop.last }}
        {%- endfor %}
    from offered
    group by 1, 2, 3, 4
)

select * from final
