{#- The registered features as one list of columns, each with its group. -#}
{% macro feature_columns() -%}
    {%- set columns = [] -%}
    {%- for group in var('trader_features') -%}
        {%- for column in group.columns -%}
            {%- do columns.append(dict(column, group=group.group)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
