-- What a trader trades.
with

instrument_days as (
    {{ recent_days('int_trader_instrument_days') }}
),

totals as (
    select
        trader_id,
        sum(notional_usd) as notional_usd,
        sum(case when kind is not null then notional_usd end) as known_kind_notional_usd,
        sum(case when kind = 'option' then notional_usd end) as option_notional_usd,
        sum(case when kind = 'future' then notional_usd end) as future_notional_usd,
        sum(case when kind = 'perpetual' then notional_usd end) as perpetual_notional_usd,
        sum(case when kind = 'spot' then notional_usd end) as spot_notional_usd,
        sum(case when kind = 'event' then notional_usd end) as event_notional_usd,
        sum(case when kind in ('future', 'perpetual', 'spot') then notional_usd end) as delta_one_notional_usd,
        sum(premium_usd) as premium_usd,
        sum(premium_sold_usd) as premium_sold_usd,
        sum(put_premium_bought_usd) as put_premium_bought_usd,
        count(distinct underlying) as underlying_count
    from instrument_days
    group by 1
),

instrument_shares as (
    select
        instrument_days.trader_id,
        instrument_days.instrument_id,
        {{ share('sum(instrument_days.notional_usd)', 'max(totals.notional_usd)') }} as notional_share
    from instrument_days
    inner join totals on instrument_days.trader_id = totals.trader_id
    group by 1, 2
),

concentration as (
    select
        trader_id,
        cast(sum(cast(notional_share * notional_share as decimal(18, 15))) as double) as instrument_concentration
    from instrument_shares
    group by 1
),

-- Spot, perpetuals and futures of one underlying bought and sold against each other on one day.
kind_days as (
    select
        trader_id,
        event_date,
        underlying,
        kind,
        sum(net_notional_usd) as net_notional_usd
    from instrument_days
    where kind in ('spot', 'perpetual', 'future')
    group by 1, 2, 3, 4
),

offset_days as (
    select
        trader_id,
        sum(abs(net_notional_usd)) - abs(sum(net_notional_usd)) as offset_notional_usd
    from kind_days
    group by trader_id, event_date, underlying
),

offsets as (
    select
        trader_id,
        sum(offset_notional_usd) as offset_notional_usd
    from offset_days
    group by 1
),

final as (
    select
        totals.trader_id,
        {%- for kind in ['option', 'future', 'perpetual', 'spot', 'event'] %}
        {{ share('coalesce(totals.' ~ kind ~ '_notional_usd, 0)', 'totals.known_kind_notional_usd') }}
            as {{ kind }}_share,
        {%- endfor %}
        concentration.instrument_concentration,
        totals.underlying_count,
        {{ share('coalesce(totals.premium_sold_usd, 0)', 'totals.premium_usd') }} as option_premium_sold_share,
        {{ share('coalesce(totals.put_premium_bought_usd, 0)', 'totals.premium_usd') }} as put_premium_bought_share,
        {{ share('coalesce(offsets.offset_notional_usd, 0)', 'totals.delta_one_notional_usd') }} as kind_offset_share
    from totals
    left join concentration on totals.trader_id = concentration.trader_id
    left join offsets on totals.trader_id = offsets.trader_id
)

select * from final
