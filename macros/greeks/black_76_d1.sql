{#- d1 = ln(F / K) / (sigma sqrt(T)) + sigma sqrt(T) / 2. -#}
{% macro black_76_d1(forward, strike, years, volatility) -%}
    {%- set total_volatility = black_76_total_volatility(years, volatility) -%}
    (
        ln(case when {{ forward }} > 0 and {{ strike }} > 0 then {{ forward }} / {{ strike }} end)
        / {{ total_volatility }}
        + 0.5e0 * {{ total_volatility }}
    )
{%- endmacro %}
