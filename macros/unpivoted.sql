{#- Query of columns turned into rows: one row for each row of the relation and each of `rows`. -#}
{% macro unpivoted(relation, keys, columns, rows) -%}
    {{ return(adapter.dispatch('unpivoted')(relation, keys, columns, rows)) }}
{%- endmacro %}

{% macro default__unpivoted(relation, keys, columns, rows) -%}
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
{% macro spark__unpivoted(relation, keys, columns, rows) -%}
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
