{#- The named columns as one JSON text. `prefix` stands before the column names but not before the JSON keys. -#}
{% macro row_as_json(columns, prefix='') -%}
    {{ return(adapter.dispatch('row_as_json')(columns, prefix)) }}
{%- endmacro %}

{% macro default__row_as_json(columns, prefix) -%}
    cast(json_object(
        {%- for column in columns -%}
        '{{ column }}', {{ adapter.quote(prefix ~ column) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ) as {{ type_string() }})
{%- endmacro %}

{% macro spark__row_as_json(columns, prefix) -%}
    to_json(named_struct(
        {%- for column in columns -%}
        '{{ column }}', {{ adapter.quote(prefix ~ column) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ))
{%- endmacro %}
