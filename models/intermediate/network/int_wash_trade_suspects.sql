-- Pairs who traded back and forth with each other, again and again, and left nothing open: wash trades, or a customer
-- and a market maker.
with

pairs as (
    select * from {{ ref('int_matched_pairs') }}
),

final as (
    select
        pairs.*,
        trader_id = other_trader_id as is_same_trader
    from pairs
    where
        match_count >= {{ network_threshold('wash_matched_fills') }}
        and net_share <= {{ network_threshold('wash_net_share') }}
        and (
            -- The owner does not change: no share of their trading is too small.
            trader_id = other_trader_id
            or greatest(own_share, other_own_share) >= {{ network_threshold('wash_own_share') }}
        )
)

select * from final
