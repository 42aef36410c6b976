{#- Delta in coin of an inverse future or perpetual over N dollars: N / F. -#}
{% macro inverse_future_delta(notional, forward) -%}
    ({{ notional }} / nullif({{ forward }}, 0))
{%- endmacro %}
