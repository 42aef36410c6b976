{#- A value of the seed network_thresholds, as a scalar subquery. -#}
{% macro network_threshold(threshold) -%}
    (select value from {{ ref('network_thresholds') }} where threshold = '{{ threshold }}')
{%- endmacro %}
