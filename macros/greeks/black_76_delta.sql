{#- Change of the price of one option per unit of the forward: w N(w d1). -#}
{% macro black_76_delta(forward, strike, years, volatility, option_type, d1=none) -%}
    {%- set sign = option_sign(option_type) -%}
    {%- set d1 = d1 or black_76_d1(forward, strike, years, volatility) -%}
    ({{ sign }} * {{ normal_cdf('(' ~ sign ~ ' * ' ~ d1 ~ ')') }})
{%- endmacro %}
