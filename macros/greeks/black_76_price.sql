{#-
    Undiscounted price of one option in the currency of the forward: w (F N(w d1) - K N(w d2)), w = 1 call, -1
    put.
-#}
{% macro black_76_price(forward, strike, years, volatility, option_type, d1=none) -%}
    {%- set sign = option_sign(option_type) -%}
    {%- set d1 = d1 or black_76_d1(forward, strike, years, volatility) -%}
    {%- set d2 = '(' ~ d1 ~ ' - ' ~ black_76_total_volatility(years, volatility) ~ ')' -%}
    (
        {{ sign }} * (
            {{ forward }} * {{ normal_cdf('(' ~ sign ~ ' * ' ~ d1 ~ ')') }}
            - {{ strike }} * {{ normal_cdf('(' ~ sign ~ ' * ' ~ d2 ~ ')') }}
        )
    )
{%- endmacro %}
