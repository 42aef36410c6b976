-- Traders, oneself among them, with whom one traded back and forth and left nothing open (docs/network.md).
with

pairs as (
    select trader_id from {{ ref('int_wash_trade_pairs') }}
    union all
    select other_trader_id as trader_id from {{ ref('int_wash_trade_pairs') }}
    where not is_same_trader
),

final as (
    select
        trader_id,
        count(*) as fact_value,
        cast(null as {{ type_string() }}) as detail
    from pairs
    group by 1
)

select * from final
