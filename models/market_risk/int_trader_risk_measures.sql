-- What the market-risk score looks at, 0 without risk and rising with it. NULL is unknown; who never held a position
-- has no leverage.
with

features as (
    select * from {{ ref('trader_features') }}
),

tail_losses as (
    select * from {{ ref('int_trader_tail_losses') }}
),

-- Where the venue names its instruments and its balances, who has no position and no coin has nothing to lose.
known as (
    select
        (select count(*) from {{ ref('stg_instruments') }}) > 0 as is_position_known,
        (select count(*) from {{ ref('int_account_collateral') }}) > 0 as is_collateral_known
),

underlying_gammas as (
    select
        trader_id,
        underlying,
        count(case when delta_usd is null then 1 end) as unvalued_count,
        sum(gamma_usd) as gamma_usd
    from {{ ref('int_pooled_positions') }}
    group by 1, 2
),

gammas as (
    select
        trader_id,
        sum(unvalued_count) as unvalued_count,
        sum(case when gamma_usd < 0 then -gamma_usd else 0 end) as short_gamma_usd
    from underlying_gammas
    group by 1
),

held as (
    select
        features.trader_id,
        case
            when features.equity_usd is not null
                then greatest(features.equity_usd, {{ var('market_risk').least_equity_usd }})
        end as equity_usd,
        features.fill_count = 0 or features.open_interest_days = 0 as is_without_positions,
        tail_losses.tail_scenario_id,
        coalesce(
            tail_losses.tail_loss_usd,
            case when known.is_position_known and known.is_collateral_known then 0 end
        ) as known_tail_loss_usd,
        coalesce(gammas.short_gamma_usd, case when known.is_position_known then 0 end) as known_short_gamma_usd,
        coalesce(gammas.unvalued_count, 0) as unvalued_count
    from features
    cross join known
    left join tail_losses on features.trader_id = tail_losses.trader_id
    left join gammas on features.trader_id = gammas.trader_id
),

-- The loss of a position without a value is not known, nor is that of its trader.
valued as (
    select
        *,
        case when unvalued_count = 0 then known_tail_loss_usd end as tail_loss_usd,
        case when unvalued_count = 0 then known_short_gamma_usd end as short_gamma_usd
    from held
),

-- A move of m percent costs gamma_usd * m^2 / 200: with 10 percent, half of it.
final as (
    select
        features.trader_id,
        valued.tail_scenario_id,
        valued.tail_loss_usd,
        {{ share('valued.tail_loss_usd', 'valued.equity_usd') }} as tail_loss,
        coalesce(features.peak_leverage, case when valued.is_without_positions then 0 end) as leverage,
        coalesce(features.liquidation_rate, case when features.fill_count = 0 then 0 end) as liquidations,
        coalesce(features.margin_use, case when valued.is_without_positions then 0 end) as margin_use,
        coalesce(
            {{ share(
                'features.max_drawdown_usd',
                'features.max_drawdown_usd + cast(valued.equity_usd as double)',
            ) }},
            case when features.fill_count = 0 then 0 end
        ) as drawdown,
        case
            when valued.short_gamma_usd = 0 then 0
            else 0.5 * {{ share('valued.short_gamma_usd', 'valued.equity_usd') }}
        end as short_gamma,
        coalesce(features.largest_position_share, case when valued.is_without_positions then 0 end) as concentration
    from features
    inner join valued on features.trader_id = valued.trader_id
)

select * from final
