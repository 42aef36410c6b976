{#-
    Exact product of two DECIMAL(38, 12), rounded to 12 decimals. To round one takes DuckDB most of a microsecond, and
    many a price or multiplier is 1: that goes to the right.
-#}
{% macro decimal_product(left, right) -%}
    case when {{ right }} = 1 then {{ left }} else cast({{ left }} * {{ right }} as {{ contract_type('decimal') }}) end
{%- endmacro %}
