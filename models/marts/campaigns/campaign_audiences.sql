-- Who is in which audience on the as-of date, in which arm, and why not to be addressed. Of campaigns that would reach
-- a trader at once the first of the registry does; the others wait, in either arm, so that their arms stay alike.
with

members as (
    select * from {{ ref('int_audience_members') }}
),

assignments as (
    select * from {{ ref('int_campaign_assignments') }}
),

suppressions as (
    select * from {{ ref('int_campaign_suppressions') }}
),

segments as (
    select * from {{ ref('trader_segments') }}
),

contacts as (
    select
        campaign_id,
        trader_id,
        {{ dbt.datediff('assigned_on', as_of_date(), 'day') }} as age_days
    from assignments
    where arm = 'treatment'
),

-- Who has been assigned already has waited then.
cooling as (
    select distinct
        members.campaign_id,
        members.trader_id
    from members
    inner join contacts
        on members.trader_id = contacts.trader_id
        and members.campaign_id <> contacts.campaign_id
        and members.cool_down_days > contacts.age_days
    left join assignments
        on members.campaign_id = assignments.campaign_id and members.trader_id = assignments.trader_id
    where assignments.trader_id is null
),

armed as (
    select
        members.*,
        {{ campaign_arm('members.campaign_id', 'members.salt', 'members.trader_id', 'members.control_share') }} as arm,
        assignments.assigned_on,
        case
            when suppressions.trader_id is not null then suppressions.suppressed_because
            when cooling.trader_id is not null then 'cool_down'
        end as suppressed_because
    from members
    left join assignments
        on members.campaign_id = assignments.campaign_id and members.trader_id = assignments.trader_id
    left join suppressions on members.trader_id = suppressions.trader_id
    left join cooling on members.campaign_id = cooling.campaign_id and members.trader_id = cooling.trader_id
),

first_contacts as (
    select
        trader_id,
        min(priority) as priority
    from armed
    where assigned_on is null and suppressed_because is null and arm = 'treatment'
    group by 1
),

settled as (
    select
        armed.campaign_id,
        armed.trader_id,
        armed.arm,
        armed.assigned_on,
        case
            when armed.suppressed_because is not null then armed.suppressed_because
            when
                armed.assigned_on is null
                and armed.cool_down_days > 0
                and armed.priority > first_contacts.priority
                then 'cool_down'
        end as suppressed_because
    from armed
    left join first_contacts on armed.trader_id = first_contacts.trader_id
),

final as (
    select
        settled.campaign_id,
        settled.trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        settled.arm,
        settled.suppressed_because,
        settled.arm = 'treatment' and settled.suppressed_because is null as is_active,
        cast(
            case
                when settled.assigned_on is not null then settled.assigned_on
                when settled.suppressed_because is null then {{ as_of_date() }}
            end as date
        ) as assigned_on,
        segments.segment_id
    from settled
    left join segments on settled.trader_id = segments.trader_id
)

select * from final
