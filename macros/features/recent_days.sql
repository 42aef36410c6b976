{#- The rows of a fact by trader and day within the trader's window (int_trader_windows), up to the as-of date. -#}
{% macro recent_days(fact) -%}
    select given.*
    from {{ ref(fact) }} as given
    inner join {{ ref('int_trader_windows') }} as trader_windows on given.trader_id = trader_windows.trader_id
    where given.event_date between trader_windows.from_date and {{ as_of_date() }}
{%- endmacro %}
