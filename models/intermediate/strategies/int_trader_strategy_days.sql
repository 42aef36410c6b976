-- What a trader's option notional of a day was traded as.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

strategies as (
    select * from {{ ref('int_fill_strategies') }}
    where option_notional_usd is not null and {{ since_change('event_date') }}
),

final as (
    select
        trader_id,
        event_date,
        count(*) as option_trade_count,
        sum(option_notional_usd) as option_notional_usd,
        sum(case when is_multi_leg then option_notional_usd else 0 end) as multi_leg_notional_usd,
        {%- for family in ['volatility', 'spread', 'risk_reversal', 'covered', 'delta_hedged'] %}
        sum(case when family = '{{ family }}' then option_notional_usd else 0 end) as {{ family }}_notional_usd,
        {%- endfor %}
        sum(case when is_block then option_notional_usd else 0 end) as block_notional_usd
    from strategies
    group by 1, 2
)

select * from final
