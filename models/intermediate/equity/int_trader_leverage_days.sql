-- What each trader holds at the end of each day over the equity behind it, on days with a position and equity above
-- zero. A table: means and percentiles read it apart.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
{%- set most = var('largest_leverage') %}
with

exposure_days as (
    select * from {{ ref('int_trader_exposure_days') }}
    where {{ since_change('event_date') }}
),

equity_days as (
    select * from {{ ref('int_trader_equity_days') }}
    where equity_usd > 0 and {{ since_change('event_date') }}
),

ratios as (
    select
        exposure_days.trader_id,
        exposure_days.event_date,
        {{ share('exposure_days.gross_delta_usd', 'equity_days.equity_usd') }} as leverage,
        {{ share('exposure_days.net_delta_usd', 'equity_days.equity_usd') }} as net_leverage,
        {{ share('exposure_days.gross_notional_usd', 'equity_days.equity_usd') }} as notional_leverage,
        {{ share('equity_days.initial_margin_usd', 'equity_days.equity_usd') }} as margin_use
    from exposure_days
    inner join equity_days
        on exposure_days.trader_id = equity_days.trader_id
        and exposure_days.event_date = equity_days.event_date
    where exposure_days.gross_notional_usd > 0
),

final as (
    select
        trader_id,
        event_date,
        {%- for ratio in ['leverage', 'net_leverage', 'notional_leverage'] %}
        cast(
            case when abs({{ ratio }}) > {{ most }} then sign({{ ratio }}) * {{ most }} else {{ ratio }} end
            as decimal(18, 12)
        ) as {{ ratio }},
        {%- endfor %}
        cast(case when margin_use > 1 then 1 else margin_use end as decimal(18, 12)) as margin_use
    from ratios
)

select * from final
