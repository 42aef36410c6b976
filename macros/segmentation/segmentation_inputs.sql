{#- The registered features that segmentation reads, by name: the columns of every table of inputs and coefficients. -#}
{% macro segmentation_inputs() -%}
    {{ return(feature_columns() | selectattr('used_in_segmentation') | sort(attribute='name') | list) }}
{%- endmacro %}
