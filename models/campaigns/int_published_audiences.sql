-- Who was in which audience when a date other than the one that is built was last published, and what was said of this
-- date since, if it was published before.
with

published as (
    select * from {{ ref('int_audience_log') }}
),

other_dates as (
    select max(build_id) as build_id from published
    where as_of_date <> {{ as_of_date() }}
),

parted as (
    select
        published.*,
        coalesce(published.build_id > other_dates.build_id, true) as is_of_date
    from published
    cross join other_dates
),

ranked as (
    select
        *,
        row_number() over (partition by campaign_id, trader_id, is_of_date order by build_id desc) as newest_rank,
        row_number() over (
            partition by campaign_id, trader_id, is_of_date
            order by case when assigned_on is null then 1 else 0 end, build_id
        ) as assigned_rank
    from parted
),

final as (
    select
        campaign_id,
        trader_id,
        max(case when not is_of_date and newest_rank = 1 and change <> 'removed' then 1 else 0 end) = 1 as is_member,
        max(case when not is_of_date and newest_rank = 1 then arm end) as arm,
        max(case when not is_of_date and newest_rank = 1 then suppressed_because end) as suppressed_because,
        min(case when not is_of_date then assigned_on end) as assigned_on,
        max(case when not is_of_date and assigned_rank = 1 and assigned_on is not null then arm end) as assigned_arm,
        max(case when is_of_date and newest_rank = 1 then change end) as said_change,
        max(case when is_of_date and newest_rank = 1 then arm end) as said_arm,
        max(case when is_of_date and newest_rank = 1 then suppressed_because end) as said_suppressed_because
    from ranked
    group by 1, 2
)

select * from final
