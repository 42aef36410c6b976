{#- Added up by name, as trader_segments.segmentation.lda.affine does: the same DOUBLE on every run. -#}
{% macro weighted_inputs(components, inputs, suffix='') -%}
    {%- for column in segmentation_inputs() %}
        + {{ components }}.{{ column.name }} * {{ inputs }}.{{ column.name }}{{ suffix }}
    {%- endfor -%}
{%- endmacro %}
