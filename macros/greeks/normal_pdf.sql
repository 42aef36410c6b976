{#- Density of the standard normal distribution; the constant is 1 / sqrt(2 pi). -#}
{% macro normal_pdf(x) -%}
    (0.3989422804014327e0 * exp(-0.5e0 * ({{ x }}) * ({{ x }})))
{%- endmacro %}
