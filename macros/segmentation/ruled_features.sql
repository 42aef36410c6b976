{#-
    Registered features that rules name. All, where the rules are not there to be read; they give the same rows and
    take the longer to plan.
-#}
{% macro ruled_features(relation) -%}
    {%- if not execute or model.resource_type == 'unit_test' or load_relation(relation) is none -%}
        {{ return(feature_columns()) }}
    {%- endif -%}
    {%- set named = run_query('select distinct feature from ' ~ relation).columns[0].values() -%}
    {%- set ruled = feature_columns() | selectattr('name', 'in', named) | list -%}
    {{ return(ruled or feature_columns()) }}
{%- endmacro %}
