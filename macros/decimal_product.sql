{#- Exact product of two DECIMAL(38, 12), rounded to 12 decimals. -#}
{% macro decimal_product(left, right) -%}
    cast({{ left }} * {{ right }} as {{ contract_type('decimal') }})
{%- endmacro %}
