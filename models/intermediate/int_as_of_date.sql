-- The last day whose events count: the var as_of_date, else the last day with fills, orders or transfers.
with

event_dates as (
    select max(cast(executed_at as date)) as event_date from {{ ref('stg_fills') }}
    union all
    select max(cast(event_at as date)) as event_date from {{ ref('stg_orders') }}
    union all
    select max(cast(occurred_at as date)) as event_date from {{ ref('stg_transfers') }}
),

final as (
    select
        {% if var('as_of_date') is not none %}
        cast('{{ var("as_of_date") }}' as date) as as_of_date
        {% else %}
        max(event_date) as as_of_date
    from event_dates
        {% endif %}
)

select * from final
