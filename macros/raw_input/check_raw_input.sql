{% macro check_raw_input() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set problems = run_query('select trader_segments_check_raw_input()').columns[0].values()[0] -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error(
                'The raw input is not usable:\n- ' ~ problems.split('\n') | join('\n- ')
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
