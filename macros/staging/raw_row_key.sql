{#- The row_key of checked_against_contract, from raw columns. -#}
{% macro raw_row_key(table, column_types) -%}
    {%- set contract = contract_table(table) -%}
    {%- set text = type_string() -%}
    concat_ws(
        '|',
        {%- for name in contract.meta.key %}
        {%- set column = contract.columns[name] %}
        {%- set value = name if name in column_types else 'cast(null as ' ~ text ~ ')' %}
        coalesce(
            cast({{ read_as(value, column.data_type, column_types.get(name), column.meta.get('accepted_values')) }}
                as {{ text }}),
            cast({{ value }} as {{ text }})
        ){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
