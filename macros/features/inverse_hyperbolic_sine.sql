{#- asinh of a DOUBLE to its last digits. -#}
{% macro inverse_hyperbolic_sine(x) -%}
    {{ return(adapter.dispatch('inverse_hyperbolic_sine')(x)) }}
{%- endmacro %}

{% macro default__inverse_hyperbolic_sine(x) -%}
    asinh({{ x }})
{%- endmacro %}

{#- Below zero Spark's own adds numbers that cancel: eight digits are left at -10,000. -#}
{% macro spark__inverse_hyperbolic_sine(x) -%}
    sign({{ x }}) * asinh(abs({{ x }}))
{%- endmacro %}
