-- What has changed in the audiences since the last publish of another date, on each published date. Of a date that is
-- published again everything stays that was said before, as it stands now: whoever followed the first time is put
-- right.
with

audiences as (
    select * from {{ ref('campaign_audiences') }}
),

published as (
    select * from {{ ref('int_published_audiences') }}
),

audience_log as (
    select * from {{ ref('int_audience_log') }}
    where as_of_date < {{ as_of_date() }}
),

concerned as (
    select
        campaign_id,
        trader_id
    from audiences
    union
    select
        campaign_id,
        trader_id
    from published
    where is_member or said_change is not null
),

compared as (
    select
        concerned.campaign_id,
        concerned.trader_id,
        case
            when audiences.trader_id is null then 'removed'
            when not coalesce(published.is_member, false) then 'added'
            when
                audiences.arm <> published.arm
                or coalesce(audiences.suppressed_because, '') <> coalesce(published.suppressed_because, '')
                or published.said_change is not null
                then 'changed'
        end as change,
        coalesce(audiences.arm, published.arm, published.said_arm) as arm,
        audiences.suppressed_because,
        coalesce(audiences.assigned_on, published.assigned_on) as assigned_on
    from concerned
    left join audiences
        on concerned.campaign_id = audiences.campaign_id and concerned.trader_id = audiences.trader_id
    left join published
        on concerned.campaign_id = published.campaign_id and concerned.trader_id = published.trader_id
),

ranked as (
    select
        *,
        row_number() over (partition by campaign_id, trader_id, as_of_date order by build_id desc) as newest_rank
    from audience_log
),

changes as (
    select
        campaign_id,
        trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        change,
        arm,
        suppressed_because,
        assigned_on
    from compared
    where change is not null
    union all
    select
        campaign_id,
        trader_id,
        as_of_date,
        change,
        arm,
        suppressed_because,
        assigned_on
    from ranked
    where newest_rank = 1
),

final as (
    select
        campaign_id,
        trader_id,
        as_of_date,
        change,
        arm,
        suppressed_because,
        change <> 'removed' and arm = 'treatment' and suppressed_because is null as is_active,
        assigned_on
    from changes
)

select * from final
