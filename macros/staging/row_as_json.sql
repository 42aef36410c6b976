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

{#- to_json would leave NULL out, write numbers with exponents and give times another form. -#}
{% macro spark__row_as_json(columns, prefix) -%}
    concat(
        '{',
        {%- for column in columns -%}
        {%- set value = adapter.quote(prefix ~ column) %}
        '{{ ',' if not loop.first }}"{{ column }}":',
        case
            when {{ value }} is null then 'null'
            when typeof({{ value }}) = 'boolean' then cast({{ value }} as string)
            when typeof({{ value }}) in ('tinyint', 'smallint', 'int', 'bigint', 'float', 'double')
                or typeof({{ value }}) like 'decimal%' then replace({{ plain_text(value) }}, 'nan', 'NaN')
            else regexp_extract(to_json(struct(cast({{ value }} as string) as v)), '^.{5}(.*)[}]$', 1)
        end,
        {%- endfor %}
        '}'
    )
{%- endmacro %}
