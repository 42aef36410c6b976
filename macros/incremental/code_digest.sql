{#- Digest of the SQL, seeds and settings that facts are made by. -#}
{% macro code_digest() -%}
    {%- set given = toyaml(invocation_args_dict.get('vars') or {}) | replace("'", "''") -%}
    {{ return(run_query("select trader_segments_code_digest('" ~ given ~ "')").columns[0].values()[0]) }}
{%- endmacro %}
