{#-
    Volatility over the life of an option, sigma sqrt(T), above zero: at or after expiry and without volatility it
    is so small that the formulas give their limits. NULL where time or volatility is unknown or volatility is
    negative.
-#}
{% macro black_76_total_volatility(years, volatility) -%}
    case
        when {{ years }} <= 0 then 1e-12
        when {{ years }} > 0 and {{ volatility }} >= 0 then greatest({{ volatility }} * sqrt({{ years }}), 1e-12)
    end
{%- endmacro %}
