-- What a trader traded of each group of the fee schedule, as maker and as taker, and the fee that was charged.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where {{ since_change('event_date') }}
),

grouped as (
    select
        *,
        case
            when kind in ('option', 'spot') then kind
            when kind is not null then 'derivative'
            else 'unknown'
        end as fee_group,
        coalesce(liquidity_role, 'unknown') as fee_role,
        -- A linear option's notional is its premium; fees on options are a share of the underlying.
        case
            when kind = 'option' and not is_inverse
                then {{ decimal_product(
                    decimal_product('abs(signed_quantity)', 'contract_multiplier'), 'underlying_price_usd'
                ) }}
            else notional_usd
        end as charged_usd
    from fills
),

final as (
    select
        trader_id,
        fee_group,
        fee_role,
        count(*) as fill_count,
        sum(notional_usd) as notional_usd,
        sum(charged_usd) as charged_usd,
        sum(fee_usd) as fee_usd,
        sum(case when fee_usd < 0 then -fee_usd end) as rebate_usd,
        -- What was charged by the schedule: a liquidation costs more.
        cast(median(case when not coalesce(is_liquidation, false) then fee_bps end) as double) as fee_bps,
        event_date
    from grouped
    group by trader_id, fee_group, fee_role, event_date
)

select * from final
