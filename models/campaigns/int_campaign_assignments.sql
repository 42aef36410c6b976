-- Who was assigned to which campaign, when and to which arm: as the venue says, else as it was first published here.
with

venue_assignments as (
    select
        campaign_id,
        trader_id,
        arm,
        cast(assigned_at as date) as assigned_on
    from {{ ref('stg_campaign_assignments') }}
    where cast(assigned_at as date) <= {{ as_of_date() }}
),

published as (
    select * from {{ ref('int_published_audiences') }}
    where assigned_on <= {{ as_of_date() }}
),

own_assignments as (
    select
        published.campaign_id,
        published.trader_id,
        published.assigned_arm as arm,
        published.assigned_on
    from published
    left join venue_assignments
        on published.campaign_id = venue_assignments.campaign_id
        and published.trader_id = venue_assignments.trader_id
    where venue_assignments.trader_id is null
),

final as (
    select * from venue_assignments
    union all
    select * from own_assignments
)

select * from final
