-- What each trader traded in the window of the fee schedule, by its cells, and paid for it.
{%- set days = var('fee_schedule').volume_days %}
with -- noqa: disable=LT02

fee_days as (
    select
        *,
        concat(fee_group, '_', fee_role) as fee_cell
    from {{ ref('int_trader_fee_days') }}
    where event_date <= {{ as_of_date() }} and {{ dbt.datediff('event_date', as_of_date(), 'day') }} < {{ days }}
),

final as (
    select
        trader_id,
        {%- for cell in fee_cells() %}
        sum(case when fee_cell = '{{ cell }}' then charged_usd end) as {{ cell }}_usd,
        {%- endfor %}
        sum(case when fee_cell in {{ text_list(fee_cells()) }} then charged_usd end) as charged_usd,
        sum(case when fee_cell not in {{ text_list(fee_cells()) }} then notional_usd end) as unscheduled_usd,
        sum(notional_usd) as notional_usd,
        sum(case when fee_role = 'maker' then notional_usd end) as maker_notional_usd,
        sum(case when fee_role <> 'unknown' then notional_usd end) as known_role_notional_usd,
        sum(fee_usd) as fee_usd,
        sum(rebate_usd) as rebate_usd
    from fee_days
    group by 1
)

select * from final
