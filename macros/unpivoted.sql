{#-
    Columns turned into rows: one row of the result for each of `rows` and each row of the relation. `only` is a CTE of
    one column, `name`, with the names that are kept.
-#}
{% macro unpivoted(relation, keys, columns, rows, only=none) -%}
    {{ return(adapter.dispatch('unpivoted')(relation, keys, columns, rows, only)) }}
{%- endmacro %}

{#- A name that is not kept costs no scan. -#}
{% macro default__unpivoted(relation, keys, columns, rows, only) -%}
    {%- for row in rows %}
    select
        {%- for key in keys %}
        {{ relation }}.{{ key }},
        {%- endfor %}
        {%- for column in columns %}
        {{ row[loop.index0] }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- if only %}
    cross join {{ only }}
    where {{ only }}.name = {{ row[0] }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- There each part of a union works out the relation anew, in tasks and files of its own. -#}
{% macro spark__unpivoted(relation, keys, columns, rows, only) -%}
    select stacked.*
    from (
        select
            {%- for key in keys %}
            {{ key }},
            {%- endfor %}
            stack({{ rows | length }}
            {%- for row in rows %},
                {{ row | join(', ') }}
            {%- endfor %}
            ) as ({{ columns | join(', ') }})
        from {{ relation }}
    ) as stacked
    {%- if only %}
    inner join {{ only }} on stacked.{{ columns[0] }} = {{ only }}.name
    {%- endif %}
{%- endmacro %}
