{#-
    Change of the price of one option per day that passes, in a year of 365 days: -F phi(d1) sigma / (2 sqrt(T)) /
    365; in the limit NULL at the strike, where it has none.
-#}
{% macro black_76_theta(forward, strike, years, volatility, d1=none) -%}
    (
        -1e0 * {{ forward }} * {{ normal_pdf(d1 or black_76_d1(forward, strike, years, volatility)) }}
        * {{ black_76_total_volatility(years, volatility) }}
        / (730e0 * case when {{ years }} > 0 then {{ years }} when {{ forward }} <> {{ strike }} then 1e0 end)
    )
{%- endmacro %}
