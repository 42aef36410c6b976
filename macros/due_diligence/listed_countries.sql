{% macro listed_countries(column) %}
with

customers as (
    select
        trader_id,
        upper(trim({{ column }})) as country
    from {{ ref('stg_customers') }}
    where not {{ is_blank(column) }}
),

lists as (
    select * from {{ ref('country_lists') }}
    where valid_from <= {{ as_of_date() }} and coalesce(valid_to > {{ as_of_date() }}, true)
),

final as (
    select
        customers.trader_id,
        1 as fact_value,
        coalesce(lists.list, 'unlisted') as detail
    from customers
    left join lists on customers.country = lists.country
)

select * from final
{% endmacro %}
