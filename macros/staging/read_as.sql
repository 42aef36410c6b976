{#-
    A raw value as a type of the contract; NULL where it cannot be read. `native` is its type where known, else it is
    text.
-#}
{% macro read_as(column, data_type, native=none, accepted_values=none) -%}
    {%- set native = (native or 'text') | upper -%}
    {%- set is_float = native in ('FLOAT', 'DOUBLE', 'REAL') -%}
    {%- set text = 'cast(' ~ column ~ ' as ' ~ type_string() ~ ')' -%}
    {%- if data_type == 'varchar' and accepted_values -%}
        lower(nullif(trim({{ text }}), ''))
    {%- elif data_type == 'varchar' -%}
        nullif({{ text }}, '')
    {%- elif data_type == 'timestamp' and (native == 'DATE' or native.startswith('TIMESTAMP')) -%}
        cast({{ column }} as timestamp)
    {%- elif data_type == 'timestamp' -%}
        {{ utc_timestamp_from_text(text) }}
    {%- elif data_type == 'date' and native == 'DATE' -%}
        {{ column }}
    {%- elif data_type == 'date' -%}
        cast({{ utc_timestamp_from_text(text) }} as date)
    {%- elif data_type == 'decimal' and is_float -%}
        try_cast(case when not isnan({{ column }}) then {{ text }} end as {{ contract_type('decimal') }})
    {%- elif data_type == 'decimal' and native == 'TEXT' -%}
        try_cast({{ text }} as {{ contract_type('decimal') }})
    {%- else -%}
        try_cast({{ column }} as {{ contract_type(data_type) }})
    {%- endif -%}
{%- endmacro %}
