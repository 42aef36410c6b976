-- What each account did by the as-of date, and in the last weeks.
{{ config(materialized='table') }}
with

last_weeks as (
    select
        as_of_date,
        cast({{ dbt.dateadd('day', 1 - var('style_window').days, 'as_of_date') }} as date) as from_date
    from {{ ref('int_as_of_date') }}
),

fills as (
    select
        fills_valued.account_id,
        count(*) as fill_count,
        count(case when fills_valued.event_date >= last_weeks.from_date then 1 end) as recent_fill_count
    from {{ ref('int_fills_valued') }} as fills_valued
    cross join last_weeks
    where fills_valued.event_date <= last_weeks.as_of_date
    group by 1
),

transfers as (
    select
        stg_transfers.account_id,
        count(case when cast(stg_transfers.occurred_at as date) >= last_weeks.from_date then 1 end)
            as recent_transfer_count
    from {{ ref('stg_transfers') }} as stg_transfers
    cross join last_weeks
    where cast(stg_transfers.occurred_at as date) <= last_weeks.as_of_date
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
