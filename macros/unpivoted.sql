{#-
    Query of columns turned into rows: one row for each row of the relation and each of `rows`. A relation that is
    `computed` is worked out once; of a table each branch reads the columns it names, and none if its rows are not
    wanted.
-#}
{% macro unpivoted(relation, keys, columns, rows, computed=false) -%}
    {{ return(adapter.dispatch('unpivoted')(relation, keys, columns, rows, computed)) }}
{%- endmacro %}

{% macro duckdb__unpivoted(relation, keys, columns, rows, computed) -%}
    {%- if not computed -%}
        {{ return(default__unpivoted(relation, keys, columns, rows, computed)) }}
    {%- endif -%}
    select
        {{ keys | join(', ') }}{{ ',' if keys }}
        {%- for column in columns %}
        unpivoted_row.{{ column }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            {{ keys | join(', ') }}{{ ',' if keys }}
            unnest([
                {%- for row in rows %}
                struct_pack(
                    {%- for column in columns -%}
                    {{ column }} := {{ row[loop.index0] }}{{ ', ' if not loop.last }}
                    {%- endfor -%}
                ){{ ',' if not loop.last }}
                {%- endfor %}
            ]) as unpivoted_row
        from {{ relation }}
    )
{%- endmacro %}

{% macro default__unpivoted(relation, keys, columns, rows, computed) -%}
    {%- for row in rows %}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {%- for column in columns %}
        {{ row[loop.index0] }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- There each part of a union works the relation out anew, in tasks and files of its own. -#}
{% macro spark__unpivoted(relation, keys, columns, rows, computed) -%}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        stack(
            {{ rows | length }}
            {%- for row in rows %},
            {{ row | join(', ') }}
            {%- endfor %}
        ) as ({{ columns | join(', ') }})
    from {{ relation }}
{%- endmacro %}
