{#- A volatility that can be one, above zero and at most the var `maximum_implied_volatility`; else NULL. -#}
{% macro credible_volatility(volatility) -%}
    case
        when {{ volatility }} > 0 and {{ volatility }} <= {{ var('maximum_implied_volatility') }} then {{ volatility }}
    end
{%- endmacro %}
