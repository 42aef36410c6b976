-- Whether the customer lives outside the countries of the venue (var home_countries); of none, nobody is told apart.
with

customers as (
    select
        trader_id,
        upper(trim(country_of_residence)) as country
    from {{ ref('stg_customers') }}
    where not {{ is_blank('country_of_residence') }}
),

final as (
    select
        trader_id,
        case when country in {{ text_list(var('home_countries')) }} then 0 else 1 end as fact_value,
        cast(null as {{ type_string() }}) as detail
    from customers
    where {{ var('home_countries') | length }} > 0
)

select * from final
