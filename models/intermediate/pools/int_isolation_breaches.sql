-- Moves between an isolated account and another one of its trader around a day of stress of the isolated one: its loss
-- did not stay where it was, or what should have met it was taken away.
{{ config(materialized='table') }}
with

moves as (
    select * from {{ ref('int_bucket_moves') }}
    where is_internal and amount <> 0
),

stress_days as (
    select * from {{ ref('int_stress_days') }}
),

final as (
    select
        moves.account_id,
        moves.other_account_id,
        moves.asset,
        moves.occurred_at,
        moves.amount,
        case when moves.amount > 0 then 'rescue' else 'stripping' end as breach,
        max(moves.amount_usd) as amount_usd,
        min(stress_days.event_date) as stress_date,
        min(stress_days.reason) as reason
    from moves
    inner join stress_days on moves.account_id = stress_days.account_id
    where
        abs({{ dbt.datediff('stress_days.event_date', 'moves.move_date', 'day') }})
        <= {{ isolation_threshold('days_around') }}
    group by 1, 2, 3, 4, 5, 6
)

select * from final
