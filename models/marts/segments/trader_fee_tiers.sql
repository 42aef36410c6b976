-- Fee tier of each trader over all its accounts, how far the next one is, and how likely the tier is lost.
{%- set schedule = var('fee_schedule') %}
{%- set days = schedule.volume_days %}
{%- set rates = ['derivative_maker_bps', 'derivative_taker_bps', 'option_maker_bps', 'option_taker_bps',
    'spot_maker_bps', 'spot_taker_bps'] %}
with

traders as (
    select trader_id from {{ ref('int_traders') }}
),

volumes as (
    select * from {{ ref('int_trader_fee_volumes') }}
),

equity as (
    select * from {{ ref('int_trader_equity') }}
),

fee_tiers as (
    select
        fee_tiers.*,
        lead(tier) over (order by tier) as next_tier,
        lead(tier_name) over (order by tier) as next_tier_name,
        lead(minimum_volume_usd) over (order by tier) as next_volume_usd,
        lead(minimum_assets_usd) over (order by tier) as next_assets_usd
    from {{ ref('fee_tiers') }} as fee_tiers
),

-- The volume to come: d days of the mean of the n observed, with the variance (d / 7) s^2 (1 + d / n) for a deviation s
-- of weeks; 1 + d / n, because the mean is itself an estimate. Read as a normal variable.
forecasts as (
    select
        traders.trader_id,
        equity.equity_usd,
        coalesce(volumes.trailing_volume_usd, 0) as trailing_volume_usd,
        volumes.previous_volume_usd,
        case
            when volumes.observed_days >= {{ schedule.least_days }}
                then cast({{ days }} * volumes.mean_day_usd as {{ contract_type('decimal') }})
        end as projected_volume_usd,
        volumes.week_deviation_usd * sqrt({{ days }} / 7e0 * (1 + {{ days }} / cast(volumes.observed_days as double)))
            as projected_deviation_usd
    from traders
    left join volumes on traders.trader_id = volumes.trader_id
    left join equity on traders.trader_id = equity.trader_id
),

reached as (
    select
        forecasts.trader_id,
        max(case when forecasts.trailing_volume_usd >= fee_tiers.minimum_volume_usd then fee_tiers.tier end)
            as volume_tier,
        max(case when forecasts.projected_volume_usd >= fee_tiers.minimum_volume_usd then fee_tiers.tier end)
            as projected_tier,
        max(case when forecasts.equity_usd >= fee_tiers.minimum_assets_usd then fee_tiers.tier end) as assets_tier
    from forecasts
    cross join fee_tiers
    group by 1
),

tiered as (
    select
        forecasts.*,
        case when reached.assets_tier > reached.volume_tier then reached.assets_tier else reached.volume_tier end
            as tier,
        case
            when reached.assets_tier > reached.volume_tier then 'assets'
            when reached.assets_tier = reached.volume_tier then 'both'
            else 'volume'
        end as reached_by,
        case when reached.assets_tier > reached.projected_tier then reached.assets_tier else reached.projected_tier end
            as projected_tier
    from forecasts
    inner join reached on forecasts.trader_id = reached.trader_id
),

placed as (
    select
        tiered.*,
        fee_tiers.tier_name,
        {%- for rate in rates %}
        fee_tiers.{{ rate }},
        {%- endfor %}
        fee_tiers.next_tier,
        fee_tiers.next_tier_name,
        fee_tiers.next_volume_usd,
        fee_tiers.next_volume_usd - tiered.trailing_volume_usd as next_volume_gap_usd,
        fee_tiers.next_assets_usd,
        case when tiered.reached_by = 'volume' then fee_tiers.minimum_volume_usd else 0 end as kept_by_volume_usd,
        {{ share('(fee_tiers.minimum_volume_usd - tiered.projected_volume_usd)', 'tiered.projected_deviation_usd') }}
            as distance
    from tiered
    inner join fee_tiers on tiered.tier = fee_tiers.tier
),

risks as (
    select
        placed.*,
        case
            when kept_by_volume_usd = 0 then 0
            when projected_volume_usd is null then null
            when distance is null then case when projected_volume_usd < kept_by_volume_usd then 1 else 0 end
            else round({{ normal_cdf('distance') }}, 12)
        end as downgrade_probability
    from placed
),

final as (
    select
        trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        tier,
        tier_name,
        reached_by,
        cast(trailing_volume_usd as {{ contract_type('decimal') }}) as trailing_volume_usd,
        previous_volume_usd,
        equity_usd,
        {%- for rate in rates %}
        {{ rate }},
        {%- endfor %}
        next_tier,
        next_tier_name,
        cast(next_volume_gap_usd as {{ contract_type('decimal') }}) as next_tier_volume_gap_usd,
        {{ share('next_volume_gap_usd', 'next_volume_usd') }} as next_tier_volume_gap_share,
        cast(next_assets_usd - equity_usd as {{ contract_type('decimal') }}) as next_tier_assets_gap_usd,
        {{ share('trailing_volume_usd', 'previous_volume_usd') }} - 1 as volume_trend,
        projected_volume_usd,
        projected_tier,
        cast(downgrade_probability as double) as downgrade_probability,
        downgrade_probability >= 0.5 as is_downgrade_risk
    from risks
)

select * from final
