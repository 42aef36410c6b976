{#- A value of the seed isolation_thresholds, as a scalar subquery. -#}
{% macro isolation_threshold(threshold) -%}
    (select value from {{ ref('isolation_thresholds') }} where threshold = '{{ threshold }}')
{%- endmacro %}
