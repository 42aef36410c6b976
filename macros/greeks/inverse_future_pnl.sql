{#- Profit in coin of an inverse future or perpetual over N dollars: N (1 / F0 - 1 / F1). -#}
{% macro inverse_future_pnl(notional, entry_forward, exit_forward) -%}
    ({{ notional }} * (1e0 / nullif({{ entry_forward }}, 0) - 1e0 / nullif({{ exit_forward }}, 0)))
{%- endmacro %}
