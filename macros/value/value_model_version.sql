{#- Version of the models of value: they are fitted anew on each scoring date. -#}
{% macro value_model_version() -%}
    'value-' || cast({{ as_of_date() }} as {{ type_string() }})
{%- endmacro %}
