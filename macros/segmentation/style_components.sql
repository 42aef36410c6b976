{#-
    Position and style of the champion's components, in order; none before a first model. A unit test, whose given
    rows nobody can read while the query is written, overrides them.
-#}
{% macro style_components(relation) -%}
    {%- if not execute or load_relation(relation) is none -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set found = run_query('select position, style from ' ~ relation ~ " where kind = 'style' order by position") -%}
    {%- set components = [] -%}
    {%- for row in found.rows -%}
        {%- do components.append({'position': row[0] | int, 'style': row[1]}) -%}
    {%- endfor -%}
    {{ return(components) }}
{%- endmacro %}
