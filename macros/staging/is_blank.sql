{#- Whether a raw value says nothing: NULL, an empty string, or not-a-number. -#}
{% macro is_blank(column, native=none) -%}
    {%- if (native or 'text') | upper in ('FLOAT', 'DOUBLE', 'REAL') -%}
        ({{ column }} is null or isnan({{ column }}))
    {%- else -%}
        nullif(trim(cast({{ column }} as {{ type_string() }})), '') is null
    {%- endif -%}
{%- endmacro %}
