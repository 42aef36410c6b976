{#- The 15 unordered pairs of the five attributes, as the entries of a symmetric matrix. -#}
{% macro attribute_pairs() -%}
    {%- set pairs = [] -%}
    {%- set attributes = utility_attributes() -%}
    {%- for left in attributes -%}
        {%- for right in attributes[loop.index0:] -%}
            {%- do pairs.append((left, right)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(pairs) }}
{%- endmacro %}
