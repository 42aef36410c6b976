{#- A text with or without an offset as a UTC timestamp; the session's time zone is UTC (profiles.yml). -#}
{% macro utc_timestamp_from_text(text) -%}
    {{ return(adapter.dispatch('utc_timestamp_from_text')(text)) }}
{%- endmacro %}

{% macro default__utc_timestamp_from_text(text) -%}
    cast(try_cast({{ text }} as timestamp with time zone) as timestamp)
{%- endmacro %}

{% macro spark__utc_timestamp_from_text(text) -%}
    try_cast({{ text }} as timestamp)
{%- endmacro %}
