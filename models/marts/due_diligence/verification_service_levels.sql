-- How long customers wait for the venue, by the week in which they first submitted their identity.
{%- set hours = due_diligence_threshold('verification_hours') %}
with

submitted as (
    select
        cast(date_trunc('week', first_submitted_at) as date) as week_start_date,
        verification_status,
        cast(hours_to_verify as double) as hours_to_verify,
        {{ seconds_between('first_submitted_at', 'cast(' ~ dbt.dateadd('day', 1, as_of_date()) ~ ' as timestamp)') }}
        / 3600.0 as hours_open
    from {{ ref('int_verification_states') }}
    where first_submitted_at is not null
),

-- Who has waited less than the bar says nothing yet.
weeks as (
    select
        week_start_date,
        count(*) as submitted,
        count(hours_to_verify) as verified,
        count(case when verification_status = 'rejected' then 1 end) as rejected,
        median(hours_to_verify) as median_hours_to_verify,
        {{ share(
            'count(case when hours_to_verify <= ' ~ hours ~ ' then 1 end)',
            'count(case when hours_to_verify is not null or hours_open >= ' ~ hours ~ ' then 1 end)',
        ) }} as within_target_share
    from submitted
    group by 1
),

final as (
    select
        week_start_date,
        submitted,
        verified,
        rejected,
        submitted - verified as not_verified,
        median_hours_to_verify,
        within_target_share,
        cast({{ hours }} as double) as target_hours,
        cast({{ due_diligence_threshold('verification_share') }} as double) as target_share,
        within_target_share >= {{ due_diligence_threshold('verification_share') }} as is_met
    from weeks
)

select * from final
