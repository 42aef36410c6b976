{#- Number of ascending edges that a value exceeds. -#}
{% macro bucket(value, edges) -%}
    {%- for edge in edges -%}
        case when {{ value }} > {{ edge }} then 1 else 0 end{{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
