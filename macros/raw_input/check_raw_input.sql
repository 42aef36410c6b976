{% macro check_raw_input() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set problems = raw_input_problems() -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error(
                'The raw input is not usable:\n- ' ~ problems.split('\n') | join('\n- ')
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
