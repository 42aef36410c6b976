{#- A text in a day-first format as a timestamp, NULL where it is not in that format. -#}
{% macro timestamp_from_format(text, duckdb_format, spark_format) -%}
    {{ return(adapter.dispatch('timestamp_from_format')(text, duckdb_format, spark_format)) }}
{%- endmacro %}

{% macro default__timestamp_from_format(text, duckdb_format, spark_format) -%}
    try_strptime({{ text }}, '{{ duckdb_format }}')
{%- endmacro %}

{% macro spark__timestamp_from_format(text, duckdb_format, spark_format) -%}
    try_to_timestamp({{ text }}, '{{ spark_format }}')
{%- endmacro %}
