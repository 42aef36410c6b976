-- By how much the volume of a segment answers a change of its fees, where the changes of the past can tell.
{%- set settings = var('fee_sensitivity') %}
with

segments as (
    select * from {{ ref('segment_summary') }}
),

traders as (
    select
        trader_id,
        segment_id
    from {{ ref('trader_segments') }}
    union all
    select
        trader_id,
        'all' as segment_id
    from {{ ref('trader_segments') }}
),

recent as (
    select
        traders.segment_id,
        10000 * {{ share(
            'sum(fee_days.fee_usd)',
            'sum(case when fee_days.fee_usd is not null then fee_days.charged_usd end)',
        ) }} as fee_bps
    from {{ ref('int_trader_fee_days') }} as fee_days
    inner join traders on fee_days.trader_id = traders.trader_id
    where
        fee_days.event_date <= {{ as_of_date() }}
        and {{ dbt.datediff('fee_days.event_date', as_of_date(), 'day') }} < {{ var('fee_schedule').volume_days }}
    group by 1
),

estimates as (
    select * from {{ ref('int_fee_slopes') }}
),

judged as (
    select
        known.segment_id,
        known.segment_name,
        recent.fee_bps,
        coalesce(estimates.trader_count, 0) as trader_count,
        coalesce(estimates.change_count, 0) as change_count,
        estimates.mean_change_bps,
        estimates.slope,
        estimates.deviation * {{ student_quantile(settings.power[0], 'estimates.degrees') }} as reach,
        estimates.deviation * (
            {{ student_quantile(settings.power[0], 'estimates.degrees') }}
            + {{ student_quantile(settings.power[1], 'estimates.degrees') }}
        ) as detectable,
        {{ share('1', 'case when recent.fee_bps > 0 then recent.fee_bps end') }} as breakeven
    from (
        select segment_id, segment_name from segments
        union all
        select 'all' as segment_id, 'All traders' as segment_name
    ) as known
    left join recent on known.segment_id = recent.segment_id
    left join estimates on known.segment_id = estimates.segment_id
),

reasoned as (
    select
        judged.*,
        case
            when fee_bps is null then 'no fee is known of the last {{ var("fee_schedule").volume_days }} days'
            when fee_bps <= 0 then 'the segment is paid, it pays no fees'
            when trader_count < {{ settings.least_traders }}
                then 'fees changed for fewer than {{ settings.least_traders }} traders'
            when detectable is null or detectable > breakeven then 'a response that would matter could go unseen'
        end as unknown_because
    from judged
),

final as (
    select
        cast(segment_id as {{ type_string() }}) as segment_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(segment_name as {{ type_string() }}) as segment_name,
        cast(trader_count as bigint) as traders,
        cast(change_count as bigint) as fee_changes,
        mean_change_bps,
        fee_bps,
        case when unknown_because is null then slope end as log_volume_per_bp,
        case when unknown_because is null then slope - reach end as log_volume_per_bp_low,
        case when unknown_because is null then slope + reach end as log_volume_per_bp_high,
        -detectable as detectable_per_bp,
        -breakeven as breakeven_per_bp,
        cast(unknown_because as {{ type_string() }}) as unknown_because
    from reasoned
)

select * from final
