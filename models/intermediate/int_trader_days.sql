{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where {{ since_change('event_date') }}
),

-- Apart from the sums, as a window carries what it is given: times alone take a tenth of the room.
times as (
    select
        trader_id,
        event_date,
        {{ seconds_between(
            'lag(executed_at) over (partition by trader_id, event_date order by executed_at, fill_id)',
            'executed_at',
        ) }} as gap_seconds
    from fills
),

gaps as (
    select
        trader_id,
        event_date,
        count(gap_seconds) as gap_count,
        sum(gap_seconds) as gap_seconds,
        sum(cast(cast(gap_seconds as decimal(24, 6)) * gap_seconds as {{ contract_type('decimal') }}))
            as gap_seconds_squared
    from times
    group by 1, 2
),

angles as (
    select
        *,
        2 * pi() * {{ seconds_between('cast(event_date as timestamp)', 'executed_at') }} / 86400 as day_angle
    from fills
),

days as (
    select
        trader_id,
        count(*) as fill_count,
        sum(notional_usd) as notional_usd,
        cast(median(notional_usd) as double) as median_ticket_usd,
        sum(case when liquidity_role = 'maker' then notional_usd end) as maker_notional_usd,
        sum(case when liquidity_role is not null then notional_usd end) as known_role_notional_usd,
        sum(case when is_liquidation then notional_usd end) as liquidation_notional_usd,
        sum(case when is_liquidation is not null then notional_usd end) as known_liquidation_notional_usd,
        sum(case when fee_usd is not null then greatest(fee_usd, 0) end) as fee_paid_usd,
        sum(case when fee_usd is not null then greatest(-fee_usd, 0) end) as rebate_usd,
        sum(
            case
                when fee_usd is not null and is_liquidation is not null
                    then case when is_liquidation then greatest(fee_usd, 0) else 0 end
            end
        ) as liquidation_fee_usd,
        sum(realized_pnl_usd) as realized_pnl_usd,
        sum(case when realized_pnl_usd > 0 then realized_pnl_usd end) as gain_usd,
        sum(case when realized_pnl_usd < 0 then -realized_pnl_usd end) as loss_usd,
        count(case when realized_pnl_usd > 0 then 1 end) as winning_fill_count,
        count(case when realized_pnl_usd <> 0 then 1 end) as closing_fill_count,
        sum(cast(cos(day_angle) as decimal(18, 12))) as day_angle_cosine,
        sum(cast(sin(day_angle) as decimal(18, 12))) as day_angle_sine,
        max(ingested_at) as last_ingested_at,
        event_date
    from angles
    group by trader_id, event_date
),

final as (
    select
        days.*,
        gaps.gap_count,
        gaps.gap_seconds,
        gaps.gap_seconds_squared
    from days
    inner join gaps on days.trader_id = gaps.trader_id and days.event_date = gaps.event_date
)

select * from final
