{#- A value of the seed due_diligence_thresholds, as a scalar subquery. -#}
{% macro due_diligence_threshold(threshold) -%}
    (select value from {{ ref('due_diligence_thresholds') }} where threshold = '{{ threshold }}')
{%- endmacro %}
