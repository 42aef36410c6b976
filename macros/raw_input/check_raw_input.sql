{% macro check_raw_input() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set problems = run_query('select problem from raw.input_problems').columns[0].values() -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error('The raw input cannot be built:\n- ' ~ problems | join('\n- ')) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
