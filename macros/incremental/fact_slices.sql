{#- Rows of int_fact_slices, in the order of time. -#}
{% macro fact_slices() -%}
    {{ return(run_query('select first_date, last_date from ' ~ ref('int_fact_slices') ~ ' order by 1').rows) }}
{%- endmacro %}
