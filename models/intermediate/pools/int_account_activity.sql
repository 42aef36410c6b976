-- What each account did by the as-of date, and in the last weeks.
{{ config(materialized='table') }}
{%- set from_date = 'cast(' ~ dbt.dateadd('day', 1 - var('style_window').days, as_of_date()) ~ ' as date)' %}
with

fills as (
    select
        account_id,
        count(*) as fill_count,
        count(case when event_date >= {{ from_date }} then 1 end) as recent_fill_count
    from {{ ref('int_fills_valued') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

transfers as (
    select
        account_id,
        count(case when cast(occurred_at as date) >= {{ from_date }} then 1 end) as recent_transfer_count
    from {{ ref('stg_transfers') }}
    where cast(occurred_at as date) <= {{ as_of_date() }}
    group by 1
),

final as (
    select
        coalesce(fills.account_id, transfers.account_id) as account_id,
        coalesce(fills.fill_count, 0) as fill_count,
        coalesce(fills.recent_fill_count, 0) as recent_fill_count,
        coalesce(transfers.recent_transfer_count, 0) as recent_transfer_count
    from fills
    full outer join transfers on fills.account_id = transfers.account_id
)

select * from final
