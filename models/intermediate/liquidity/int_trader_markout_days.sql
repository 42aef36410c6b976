-- What a trader's fills of a day cost and were worth. A table: sums for the liquidity features and their tests.
{%- set horizons = var('markout_horizons') %}
{%- set days_ahead = (horizons.values() | max / 86400) | round(method='ceil') | int %}
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'days_before': days_ahead, 'knows_as_of_date': true}},
) }}
{%- set sums = [
    'effective_spread_usd', 'effective_spread_notional_usd',
    'realized_spread_usd', 'price_impact_usd', 'realized_spread_notional_usd',
    'option_effective_spread_usd', 'option_effective_spread_vega_usd',
    'taker_markout_60s_usd', 'taker_markout_60s_notional_usd',
    'taker_markout_60s_fee_usd', 'taker_markout_60s_fee_notional_usd',
] %}
{%- for name in horizons %}
    {%- do sums.extend([
        'markout_' ~ name ~ '_usd', 'markout_' ~ name ~ '_notional_usd',
        'option_markout_' ~ name ~ '_usd', 'option_markout_' ~ name ~ '_vega_usd',
    ]) %}
{%- endfor %}
with

fills as (
    select * from {{ ref('int_fill_markouts') }}
    where {{ since_change('event_date') }}
),

-- Fills of one order are not independent observations; where orders are not known each fill is one.
orders as (
    select
        trader_id,
        event_date,
        coalesce(order_id, fill_id) as observation_id,
        sum(effective_spread_usd) as effective_spread_usd,
        sum(case when effective_spread_usd is not null then notional_usd end) as effective_spread_notional_usd,
        sum(realized_spread_usd) as realized_spread_usd,
        sum(case when realized_spread_usd is not null then effective_spread_usd - realized_spread_usd end)
            as price_impact_usd,
        sum(case when realized_spread_usd is not null then notional_usd end) as realized_spread_notional_usd,
        sum(case when is_option and vega_usd > 0 then effective_spread_usd end) as option_effective_spread_usd,
        sum(case when is_option and effective_spread_usd is not null then vega_usd end)
            as option_effective_spread_vega_usd,
        {%- for name in horizons %}
        sum(markout_{{ name }}_usd) as markout_{{ name }}_usd,
        sum(case when markout_{{ name }}_usd is not null then notional_usd end) as markout_{{ name }}_notional_usd,
        sum(case when is_option and vega_usd > 0 then markout_{{ name }}_usd end) as option_markout_{{ name }}_usd,
        sum(case when is_option and markout_{{ name }}_usd is not null then vega_usd end)
            as option_markout_{{ name }}_vega_usd,
        {%- endfor %}
        sum(case when is_taker then markout_60s_usd end) as taker_markout_60s_usd,
        sum(case when is_taker and markout_60s_usd is not null then notional_usd end) as taker_markout_60s_notional_usd,
        sum(case when is_taker and markout_60s_usd is not null then fee_usd end) as taker_markout_60s_fee_usd,
        sum(case when is_taker and markout_60s_usd is not null and fee_usd is not null then notional_usd end)
            as taker_markout_60s_fee_notional_usd
    from fills
    where notional_usd > 0
    group by 1, 2, 3
),

final as (
    select
        trader_id,
        count(taker_markout_60s_usd) as taker_markout_60s_order_count,
        {%- for name in horizons %}
        count(markout_{{ name }}_usd) as markout_{{ name }}_order_count,
        {%- endfor %}
        {%- for column in sums %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        event_date
    from orders
    group by trader_id, event_date
)

select * from final
