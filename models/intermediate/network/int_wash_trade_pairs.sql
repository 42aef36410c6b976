-- Suspects who exchanged far more than chance explains.
{{ config(materialized='table') }}
with

suspects as (
    select * from {{ ref('int_wash_trade_suspects') }}
),

expectations as (
    select * from {{ ref('int_wash_trade_expectations') }}
),

final as (
    select
        suspects.*,
        expectations.expected_notional_usd
    from suspects
    inner join expectations
        on suspects.trader_id = expectations.trader_id
        and suspects.other_trader_id = expectations.other_trader_id
    where suspects.notional_usd >= {{ network_threshold('wash_over_expected') }} * expectations.expected_notional_usd
)

select * from final
