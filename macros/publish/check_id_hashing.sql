{#- Hook at the start of a run: ids that are to be hashed when all is built need a good key now. -#}
{% macro check_id_hashing() -%}
    {%- if execute and flags.WHICH in ('build', 'run') and var('hash_trader_ids', false) -%}
        {%- set problem = hash_key_problem() -%}
        {%- if problem -%}
            {{ exceptions.raise_compiler_error('hash_trader_ids is on, and ' ~ problem) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
