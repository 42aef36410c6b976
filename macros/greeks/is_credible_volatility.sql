{#- Whether a volatility can be one: above zero and at most the var `maximum_implied_volatility`. -#}
{% macro is_credible_volatility(volatility) -%}
    ({{ volatility }} > 0 and {{ volatility }} <= {{ var('maximum_implied_volatility') }})
{%- endmacro %}
