{#-
    Change of delta per unit of the forward: phi(d1) / (F sigma sqrt(T)); in the limit NULL at the strike, where
    it has none.
-#}
{% macro black_76_gamma(forward, strike, years, volatility, d1=none) -%}
    {%- set total_volatility = black_76_total_volatility(years, volatility) -%}
    (
        {{ normal_pdf(d1 or black_76_d1(forward, strike, years, volatility)) }}
        / ({{ forward }} * nullif({{ total_volatility }}, case when {{ forward }} = {{ strike }} then 1e-12 end))
    )
{%- endmacro %}
