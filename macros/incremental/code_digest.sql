{#- Digest of the SQL, seeds and settings that facts are made by; vars that a run may change freely are left out. -#}
{% macro code_digest() -%}
    {%- set given = {} -%}
    {%- for name, value in (invocation_args_dict.get('vars') or {}).items() -%}
        {%- if name not in ('as_of_date', 'refit_segmentation') -%}
            {%- do given.update({name: value}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set given = tojson(given, sort_keys=true) | replace("'", "''") -%}
    {{ return(run_query("select trader_segments_code_digest('" ~ given ~ "')").columns[0].values()[0]) }}
{%- endmacro %}
