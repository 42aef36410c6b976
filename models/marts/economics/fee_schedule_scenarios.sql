-- Who would pay more or less under each fee schedule, and what it would cost the venue, by segment and tier.
with

fees as (
    select * from {{ ref('int_trader_scheduled_fees') }}
),

segments as (
    select
        trader_id,
        segment_id,
        segment_name
    from {{ ref('trader_segments') }}
),

sensitivity as (
    select * from {{ ref('fee_sensitivity') }}
),

compared as (
    select
        scheduled.schedule,
        coalesce(segments.segment_id, 'unknown') as segment_id,
        coalesce(segments.segment_name, 'Unknown') as segment_name,
        scheduled.tier,
        present.tier as present_tier,
        scheduled.charged_usd,
        scheduled.unscheduled_usd,
        scheduled.charged_fee_usd,
        scheduled.fee_usd,
        present.fee_usd as present_fee_usd,
        scheduled.fee_usd - present.fee_usd as change_usd,
        sensitivity.log_volume_per_bp * 10000
        * {{ share('scheduled.fee_usd - present.fee_usd', 'scheduled.charged_usd') }} as log_volume_change
    from fees as scheduled
    inner join fees as present on scheduled.trader_id = present.trader_id and present.schedule = 'present'
    left join segments on scheduled.trader_id = segments.trader_id
    left join sensitivity on segments.segment_id = sensitivity.segment_id
),

answered as (
    select
        *,
        cast(cast(fee_usd as double) * exp(log_volume_change) as {{ contract_type('decimal') }}) as answered_fee_usd
    from compared
),

final as (
    select
        schedule,
        segment_id,
        tier,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(max(segment_name) as {{ type_string() }}) as segment_name,
        cast(count(*) as bigint) as traders,
        cast(count(case when change_usd < 0 then 1 end) as bigint) as gaining_traders,
        cast(count(case when change_usd > 0 then 1 end) as bigint) as losing_traders,
        cast(count(case when tier > present_tier then 1 end) as bigint) as promoted_traders,
        cast(count(case when tier < present_tier then 1 end) as bigint) as demoted_traders,
        cast(sum(charged_usd) as {{ contract_type('decimal') }}) as charged_usd,
        cast(coalesce(sum(unscheduled_usd), 0) as {{ contract_type('decimal') }}) as unscheduled_usd,
        cast(sum(charged_fee_usd) as {{ contract_type('decimal') }}) as charged_fee_usd,
        cast(sum(present_fee_usd) as {{ contract_type('decimal') }}) as present_fee_usd,
        cast(sum(fee_usd) as {{ contract_type('decimal') }}) as fee_usd,
        cast(sum(case when change_usd < 0 then -change_usd else 0 end) as {{ contract_type('decimal') }}) as gain_usd,
        cast(sum(case when change_usd > 0 then change_usd else 0 end) as {{ contract_type('decimal') }}) as loss_usd,
        cast(sum(change_usd) as {{ contract_type('decimal') }}) as venue_change_usd,
        case
            when count(answered_fee_usd) = count(change_usd)
                then cast(sum(answered_fee_usd - present_fee_usd) as {{ contract_type('decimal') }})
        end as venue_change_with_response_usd
    from answered
    group by 1, 2, 3
)

select * from final
