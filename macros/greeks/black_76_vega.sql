{#- Change of the price of one option per vol point (0.01): F phi(d1) sqrt(T) / 100. -#}
{% macro black_76_vega(forward, strike, years, volatility, d1=none) -%}
    (
        {{ forward }} * {{ normal_pdf(d1 or black_76_d1(forward, strike, years, volatility)) }}
        * sqrt(greatest({{ years }}, 0e0)) / 100e0
    )
{%- endmacro %}
