-- The class of a trader's order flow in an instrument on a day (Kirilenko, Kyle, Samadi, Tuzun 2017). Intermediaries
-- are found over the day and the calendar days before it, the others by the day alone.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

days as (
    select
        order_flow_days.*,
        {% if var('order_flow_contract_usd') is none -%}
        volume
        {%- else -%}
        cast(notional_usd / {{ var('order_flow_contract_usd') }} as {{ contract_type('decimal') }})
        {%- endif %} as contracts,
        {{ dbt.datediff("cast('1970-01-01' as date)", 'event_date', 'day') }} as day_number
    from {{ ref('int_order_flow_days') }} as order_flow_days
    where {{ since_change('event_date', days_before=var('order_flow_days') - 1) }}
),

thresholds as (
    select
        max(case when measure = 'minimum_contracts' then value end) as minimum_contracts,
        max(case when measure = 'maximum_intermediary_position_share' then value end) as maximum_position_share,
        max(case when measure = 'maximum_intermediary_deviation' then value end) as maximum_deviation,
        max(case when measure = 'minimum_fundamental_position_share' then value end) as fundamental_share
    from {{ ref('order_flow_thresholds') }}
),

recent as (
    select
        days.*,
        {%- set recent_days %} over (
            partition by trader_id, instrument_id
            order by day_number
            range between {{ var('order_flow_days') - 1 }} preceding and current row
        )
        {%- endset %}
        count(*){{ recent_days }} as recent_day_count,
        max(contracts){{ recent_days }} as recent_contracts,
        sum(position_share){{ recent_days }} as recent_position_share_sum,
        sum(intraday_deviation){{ recent_days }} as recent_deviation_sum
    from days
),

final as (
    select
        recent.trader_id,
        recent.instrument_id,
        recent.event_date,
        case
            -- Means are sums of rounded quotients: nine of their twelve decimals are compared, without division.
            when
                recent.recent_contracts >= thresholds.minimum_contracts
                and round(recent.recent_position_share_sum, 9)
                <= recent.recent_day_count * thresholds.maximum_position_share
                and round(recent.recent_deviation_sum, 9)
                <= recent.recent_day_count * thresholds.maximum_deviation
                then 'intermediary'
            when recent.contracts < thresholds.minimum_contracts then 'small'
            when recent.contracts is null then null
            when recent.net_position >= thresholds.fundamental_share * recent.volume then 'fundamental_buyer'
            when -recent.net_position >= thresholds.fundamental_share * recent.volume then 'fundamental_seller'
            else 'opportunistic'
        end as order_flow_class,
        recent.contracts,
        recent.recent_day_count,
        {{ share('recent.recent_position_share_sum', 'recent.recent_day_count') }} as recent_position_share,
        {{ share('recent.recent_deviation_sum', 'recent.recent_day_count') }} as recent_intraday_deviation
    from recent
    cross join thresholds
    where {{ since_change('recent.event_date') }}
)

select * from final
