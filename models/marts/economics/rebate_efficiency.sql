-- What rebates and incentives cost by segment, and what the venue has of it: resting volume, spreads, revenue.
{%- set days = var('fee_schedule').volume_days %}
{%- set decimal = contract_type('decimal') %}
{%- set kinds = ['rebate', 'reward', 'referral', 'bonus'] %}
with

segments as (
    select
        trader_id,
        segment_id,
        segment_name
    from {{ ref('trader_segments') }}
),

bases as (
    select * from {{ ref('int_trader_fee_bases') }}
),

incentives as (
    select
        trader_id,
        {%- for kind in kinds %}
        sum(case when kind = '{{ kind }}' then amount_usd end) as {{ kind }}_usd,
        {%- endfor %}
        sum(amount_usd) as incentive_usd
    from {{ ref('stg_incentives') }}
    where
        cast(paid_at as date) <= {{ as_of_date() }}
        and {{ dbt.datediff('paid_at', as_of_date(), 'day') }} < {{ days }}
    group by 1
),

-- What takers paid over the mid to those who rested, and what was left of it five minutes later.
spreads as (
    select
        trader_id,
        sum(-effective_spread_usd) as earned_usd,
        sum(case when effective_spread_usd is not null then notional_usd end) as earned_notional_usd,
        sum(-realized_spread_usd) as kept_usd,
        sum(case when realized_spread_usd is not null then notional_usd end) as kept_notional_usd
    from {{ ref('int_fill_markouts') }}
    where
        not is_taker
        and event_date <= {{ as_of_date() }}
        and {{ dbt.datediff('event_date', as_of_date(), 'day') }} < {{ days }}
    group by 1
),

-- Whoever was paid is a trader here, traded or not.
traders as (
    select trader_id from {{ ref('int_traders') }}
    union
    select trader_id from incentives
),

sums as (
    select
        coalesce(segments.segment_id, 'unknown') as segment_id,
        max(coalesce(segments.segment_name, 'Unknown')) as segment_name,
        count(*) as traders,
        count(case when incentives.incentive_usd > 0 or bases.rebate_usd > 0 then 1 end) as paid_traders,
        sum(bases.notional_usd) as notional_usd,
        sum(bases.maker_notional_usd) as maker_notional_usd,
        sum(bases.known_role_notional_usd) as known_role_notional_usd,
        sum(bases.fee_usd) as fee_usd,
        sum(bases.rebate_usd) as fill_rebate_usd,
        {%- for kind in kinds %}
        sum(incentives.{{ kind }}_usd) as {{ kind }}_usd,
        {%- endfor %}
        sum(incentives.incentive_usd) as incentive_usd,
        sum(spreads.earned_usd) as earned_usd,
        sum(spreads.earned_notional_usd) as earned_notional_usd,
        sum(spreads.kept_usd) as kept_usd,
        sum(spreads.kept_notional_usd) as kept_notional_usd
    from traders
    left join segments on traders.trader_id = segments.trader_id
    left join bases on traders.trader_id = bases.trader_id
    left join incentives on traders.trader_id = incentives.trader_id
    left join spreads on traders.trader_id = spreads.trader_id
    group by 1
),

final as (
    select
        cast(segment_id as {{ type_string() }}) as segment_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(segment_name as {{ type_string() }}) as segment_name,
        cast(traders as bigint) as traders,
        cast(paid_traders as bigint) as paid_traders,
        cast(notional_usd as {{ decimal }}) as notional_usd,
        cast(case when known_role_notional_usd is not null then coalesce(maker_notional_usd, 0) end as {{ decimal }})
            as maker_notional_usd,
        cast(fee_usd as {{ decimal }}) as net_fee_usd,
        cast(fill_rebate_usd as {{ decimal }}) as fill_rebate_usd,
        {%- for kind in kinds %}
        cast({{ kind }}_usd as {{ decimal }}) as {{ kind }}_usd,
        {%- endfor %}
        cast(coalesce(fill_rebate_usd, 0) + coalesce(incentive_usd, 0) as {{ decimal }}) as paid_usd,
        cast(fee_usd - coalesce(incentive_usd, 0) as {{ decimal }}) as net_revenue_usd,
        10000 * {{ share('coalesce(fill_rebate_usd, 0) + coalesce(rebate_usd, 0)', 'maker_notional_usd') }}
            as rebate_per_maker_bps,
        {{ share(
            'fee_usd - coalesce(incentive_usd, 0)', 'coalesce(fill_rebate_usd, 0) + coalesce(incentive_usd, 0)'
        ) }} as net_revenue_per_paid_usd,
        10000 * {{ share('earned_usd', 'earned_notional_usd') }} as provided_half_spread_bps,
        10000 * {{ share('kept_usd', 'kept_notional_usd') }} as kept_half_spread_bps
    from sums
)

select * from final
