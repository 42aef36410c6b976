-- Traders of each date by what the closed form reads of them: few cells stand for all who are sampled.
with

histories as (
    select * from {{ ref('int_churn_histories') }}
    where is_sampled
),

final as (
    select
        snapshot_date,
        weeks_ago,
        repeat_weeks,
        last_repeat_week,
        observed_weeks,
        count(*) as traders
    from histories
    group by 1, 2, 3, 4, 5
)

select * from final
