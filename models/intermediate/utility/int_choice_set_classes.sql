-- How many instruments of each class were offered, and the moments of their attributes. One that is not known of all
-- instruments of a class is not known of the class.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'column': 'cast(period_start as date)'}},
) }}
with -- noqa: disable=LT02

offered as (
    select * from {{ ref('int_offered_instruments') }}
    where {{ since_change('cast(period_start as date)') }}
),

final as (
    select
        underlying,
        period_start,
        instrument_class,
        count(*) as instrument_count,
        {%- for attribute in utility_attributes() %}
        case
            when count({{ attribute }}) = count(*) then sum(cast({{ attribute }} as decimal(18, 9)))
        end as {{ attribute }},
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        case
            when count({{ left }} * {{ right }}) = count(*) then sum(cast({{ left }} * {{ right }} as decimal(18, 9)))
        end as {{ left }}_{{ right }}{{ ',' if not loop.last }}
        {%- endfor %}
    from offered
    group by 1, 2, 3
)

select * from final
