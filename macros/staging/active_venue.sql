{% macro active_venue() -%}
    {%- set venue = var('venue', env_var('VENUE', 'exchange')) -%}
    {%- if venue not in var('venues') -%}
        {{ exceptions.raise_compiler_error(
            "Unknown venue '" ~ venue ~ "': vars.venues in dbt_project.yml has " ~ var('venues') | join(', ') ~ '.'
        ) }}
    {%- endif -%}
    {{ return(venue) }}
{%- endmacro %}
