{#- A ratio as DOUBLE; NULL, never infinite, where the denominator is zero or unknown. -#}
{% macro share(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}
