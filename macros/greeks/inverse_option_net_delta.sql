{#-
    Delta of a coin-settled option together with its premium in coin: Black-76 delta less the price in coin, since
    an option worth c coins also loses c coins of exposure (Alexander and Imeraj 2021, arXiv 2107.12041).
-#}
{% macro inverse_option_net_delta(forward, strike, years, volatility, option_type, d1=none) -%}
    (
        {{ black_76_delta(forward, strike, years, volatility, option_type, d1) }}
        - {{ black_76_price(forward, strike, years, volatility, option_type, d1) }} / nullif({{ forward }}, 0)
    )
{%- endmacro %}
