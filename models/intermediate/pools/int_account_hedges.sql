-- How much of what each account holds takes away exposure that its trader has elsewhere, and how much of it is held the
-- other way round in another account of the trader.
{{ config(materialized='table') }}
with

positions as (
    select * from {{ ref('int_pooled_positions') }}
),

collateral as (
    select * from {{ ref('int_account_collateral') }}
),

account_deltas as (
    select
        trader_id,
        account_id,
        underlying,
        sum(delta_usd) as delta_usd
    from positions
    where delta_usd is not null
    group by 1, 2, 3
),

exposures as (
    select
        trader_id,
        underlying,
        delta_usd
    from account_deltas
    union all
    select
        trader_id,
        asset as underlying,
        equity_usd as delta_usd
    from collateral
    where equity_usd is not null
),

trader_deltas as (
    select
        trader_id,
        underlying,
        sum(delta_usd) as delta_usd
    from exposures
    group by 1, 2
),

-- The rest of the trader is all of its delta and coin less the account's own positions.
rests as (
    select
        account_deltas.account_id,
        account_deltas.delta_usd,
        trader_deltas.delta_usd - account_deltas.delta_usd as rest_usd
    from account_deltas
    inner join trader_deltas
        on account_deltas.trader_id = trader_deltas.trader_id
        and account_deltas.underlying = trader_deltas.underlying
),

hedged as (
    select
        account_id,
        sum(abs(delta_usd)) as delta_usd,
        sum(case when sign(delta_usd) = -sign(rest_usd) then least(abs(delta_usd), abs(rest_usd)) else 0 end)
            as hedged_delta_usd
    from rests
    group by 1
),

sides as (
    select
        trader_id,
        instrument_id,
        sum(case when quantity > 0 then quantity else 0 end) as long_quantity,
        sum(case when quantity < 0 then -quantity else 0 end) as short_quantity
    from positions
    group by 1, 2
),

-- An account holds one side of an instrument, so the other side is held elsewhere.
netted as (
    select
        positions.account_id,
        count(*) as position_count,
        sum(positions.notional_usd) as notional_usd,
        sum(
            cast(
                cast(positions.notional_usd as double) * {{ share(
                    'least(abs(positions.quantity), case when positions.quantity > 0 then sides.short_quantity'
                    ~ ' else sides.long_quantity end)',
                    'abs(positions.quantity)',
                ) }} as {{ contract_type('decimal') }}
            )
        ) as netted_notional_usd
    from positions
    inner join sides
        on positions.trader_id = sides.trader_id
        and positions.instrument_id = sides.instrument_id
    group by 1
),

final as (
    select
        netted.account_id,
        netted.position_count,
        netted.notional_usd,
        {{ share('hedged.hedged_delta_usd', 'hedged.delta_usd') }} as hedged_share,
        {{ share('netted.netted_notional_usd', 'netted.notional_usd') }} as netted_share
    from netted
    left join hedged on netted.account_id = hedged.account_id
)

select * from final
