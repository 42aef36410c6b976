{#- The attributes of an instrument that derived utility prices, in the order of their numbers. -#}
{% macro utility_attributes() -%}
    {{ return(['volatility', 'leverage', 'correlation', 'tenor', 'liquidity']) }}
{%- endmacro %}
