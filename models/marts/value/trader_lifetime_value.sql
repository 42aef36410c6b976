-- What each trader brought and is expected to bring, with bounds.
{%- set horizons = [13, 26, 52] %}
with

traders as (
    select trader_id from {{ ref('int_traders') }}
),

forecasts as (
    select * from {{ ref('trader_value_forecasts') }}
),

barred as (
    select * from {{ ref('int_barred_traders') }}
),

basis as (
    select * from {{ ref('int_value_basis') }}
),

histories as (
    select
        trader_id,
        sum(net_value_usd) as net_value_usd
    from {{ ref('int_trader_value_weeks') }}
    group by 1
),

-- Who cannot trade is worth nothing from now on; of who never did nothing is known.
judged as (
    select
        traders.trader_id,
        histories.net_value_usd,
        forecasts.value_style,
        forecasts.weekly_value,
        forecasts.probability_changed,
        case
            when barred.trader_id is not null then barred.reason
            else coalesce(forecasts.fallback_level, 'never_traded')
        end as fallback_level,
        case when barred.trader_id is not null then 0 else forecasts.probability_active end as probability_active,
        case when barred.trader_id is not null then 0 else forecasts.active_weeks_26 end as active_weeks_26
        {%- for horizon in horizons %}
        {%- for part in ['value', 'low', 'high'] %},
        cast(
            case when barred.trader_id is not null then 0 else forecasts.{{ part }}_{{ horizon }} end
            as {{ contract_type('decimal') }}
        ) as {{ part }}_{{ horizon }}
        {%- endfor %}
        {%- endfor %}
    from traders
    left join forecasts on traders.trader_id = forecasts.trader_id
    left join barred on traders.trader_id = barred.trader_id
    left join histories on traders.trader_id = histories.trader_id
),

ranked as (
    select
        *,
        rank() over (order by value_26 desc) as value_rank
    from judged
    where value_26 is not null
    union all
    select
        *,
        cast(null as bigint) as value_rank
    from judged
    where value_26 is null
),

final as (
    select
        ranked.trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(ranked.net_value_usd as {{ contract_type('decimal') }}) as historic_net_value_usd,
        basis.value_basis,
        ranked.value_style,
        ranked.fallback_level,
        cast(ranked.probability_active as double) as probability_active,
        cast(ranked.probability_changed as double) as probability_changed,
        cast(ranked.active_weeks_26 as double) as expected_active_weeks_26w,
        cast(ranked.weekly_value as {{ contract_type('decimal') }}) as expected_value_per_active_week_usd,
        {%- for horizon in horizons %}
        ranked.value_{{ horizon }} as expected_value_usd_{{ horizon }}w,
        ranked.low_{{ horizon }} as expected_value_usd_{{ horizon }}w_low,
        ranked.high_{{ horizon }} as expected_value_usd_{{ horizon }}w_high,
        {%- endfor %}
        cast(ranked.value_rank as bigint) as value_rank,
        {{ value_model_version() }} as model_version
    from ranked
    cross join basis
)

select * from final
