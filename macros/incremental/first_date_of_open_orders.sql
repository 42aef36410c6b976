{#-
    The first date of the fills of any order that is filled on a changed date, and not after the first of those; none
    where all dates are built.
-#}
{% macro first_date_of_open_orders(fills) -%}
    {%- set first = changed_from() -%}
    {%- if first is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set query -%}
        select cast(least(
            cast('{{ first }}' as date),
            (
                select min(event_date) from {{ fills }}
                where order_id in (
                    select changed.order_id from {{ fills }} as changed
                    where changed.event_date >= cast('{{ first }}' as date)
                )
            )
        ) as {{ type_string() }})
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}
