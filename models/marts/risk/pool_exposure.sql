-- What each segment has at stake in each collateral pool on the as-of date.
{%- set scenarios = [
    'spot_down_40', 'spot_down_20', 'spot_down_10', 'spot_up_10', 'spot_up_20', 'spot_up_40',
    'volatility_down_50', 'volatility_down_25', 'volatility_up_25', 'volatility_up_50',
] -%}
{%- set sums = [
    'equity_usd', 'initial_margin_usd', 'notional_usd', 'delta_usd', 'gross_delta_usd', 'gamma_usd', 'vega_usd',
    'gross_vega_usd',
] %}
with

account_pools as (
    select * from {{ ref('int_segmented_account_pools') }}
),

trader_pools as (
    select
        pool_id,
        segment_id,
        segment_name,
        trader_id,
        {%- for column in sums %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        count(*) as account_count,
        sum(position_count) as position_count,
        sum(unvalued_position_count) as unvalued_position_count,
        sum(claim_usd) as claim_usd
    from account_pools
    group by 1, 2, 3, 4
),

segment_pools as (
    select
        pool_id,
        segment_id,
        segment_name,
        {%- for column in sums %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        count(*) as trader_count,
        sum(account_count) as account_count,
        sum(position_count) as position_count,
        sum(unvalued_position_count) as unvalued_position_count,
        sum(claim_usd) as claim_usd,
        max(claim_usd) as largest_claim_usd,
        max(gross_delta_usd) as largest_delta_usd
    from trader_pools
    group by 1, 2, 3
),

pools as (
    select
        pool_id,
        sum(claim_usd) as claim_usd,
        sum(gross_delta_usd) as gross_delta_usd
    from segment_pools
    group by 1
),

scenario_losses as (
    select
        *,
        row_number() over (
            partition by pool_id, segment_id order by round(position_loss_usd, 6) desc, scenario_id asc
        ) as loss_rank
    from {{ ref('pool_scenario_losses') }}
),

losses as (
    select
        pool_id,
        segment_id,
        {%- for scenario in scenarios %}
        max(case when scenario_id = '{{ scenario }}' then position_loss_usd end) as loss_{{ scenario }}_usd,
        {%- endfor %}
        max(case when loss_rank = 1 then scenario_id end) as worst_scenario_id,
        max(case when loss_rank = 1 then position_loss_usd end) as worst_loss_usd
    from scenario_losses
    group by 1, 2
),

-- Without a position nothing is lost by positions, whatever coin is held.
final as (
    select
        segment_pools.pool_id,
        segment_pools.segment_id,
        segment_pools.segment_name,
        cast({{ as_of_date() }} as date) as as_of_date,
        segment_pools.trader_count,
        {%- for column in ['account_count', 'position_count', 'unvalued_position_count'] %}
        cast(segment_pools.{{ column }} as bigint) as {{ column }},
        {%- endfor %}
        {%- for column in sums %}
        segment_pools.{{ column }},
        {%- endfor %}
        {%- for scenario in scenarios %}
        case when segment_pools.delta_usd is not null then losses.loss_{{ scenario }}_usd end
            as loss_{{ scenario }}_usd,
        {%- endfor %}
        case when segment_pools.delta_usd is not null then losses.worst_scenario_id end as worst_scenario_id,
        case when segment_pools.delta_usd is not null then losses.worst_loss_usd end as worst_loss_usd,
        {{ share('segment_pools.claim_usd', 'pools.claim_usd') }} as pool_share,
        {{ share('segment_pools.largest_claim_usd', 'pools.claim_usd') }} as largest_trader_share,
        {{ share('segment_pools.largest_delta_usd', 'pools.gross_delta_usd') }} as largest_trader_delta_share
    from segment_pools
    inner join pools on segment_pools.pool_id = pools.pool_id
    left join losses
        on segment_pools.pool_id = losses.pool_id
        and segment_pools.segment_id = losses.segment_id
)

select * from final
