{#- The rows of `left`, each with the last row of `right` of the same key at or before its time. -#}
{% macro as_of_join(left, left_columns, left_at, right, right_columns, right_at, key) -%}
    {{ return(adapter.dispatch('as_of_join')(left, left_columns, left_at, right, right_columns, right_at, key)) }}
{%- endmacro %}

{% macro default__as_of_join(left, left_columns, left_at, right, right_columns, right_at, key) -%}
    select
        {%- for column in left_columns %}
        {{ left }}.{{ column }},
        {%- endfor %}
        {%- for column in right_columns %}
        {{ right }}.{{ column }},
        {%- endfor %}
        {{ right }}.{{ right_at }}
    from {{ left }}
    asof inner join {{ right }}
        on {{ left }}.{{ key }} = {{ right }}.{{ key }}
        and {{ left }}.{{ left_at }} >= {{ right }}.{{ right_at }}
{%- endmacro %}

{#- Both sides in one sequence of time: the greatest time of `right` so far finds its row. At one instant `right` comes
    first, so that it counts. -#}
{% macro spark__as_of_join(left, left_columns, left_at, right, right_columns, right_at, key) -%}
    select
        {%- for column in left_columns %}
        placed.{{ column }},
        {%- endfor %}
        {%- for column in right_columns %}
        {{ right }}.{{ column }},
        {%- endfor %}
        {{ right }}.{{ right_at }}
    from (
        select
            sequence.*,
            max(right_time) over (
                partition by join_key
                order by sequence_time, is_left
                rows between unbounded preceding and current row
            ) as as_of_time
        from (
            select
                {%- for column in left_columns %}
                {{ column }},
                {%- endfor %}
                {{ key }} as join_key,
                {{ left_at }} as sequence_time,
                cast(null as timestamp) as right_time,
                1 as is_left
            from {{ left }}
            where {{ left_at }} is not null
            union all
            select
                {%- for column in left_columns %}
                null as {{ column }},
                {%- endfor %}
                {{ key }} as join_key,
                {{ right_at }} as sequence_time,
                {{ right_at }} as right_time,
                0 as is_left
            from {{ right }}
        ) as sequence
    ) as placed
    inner join {{ right }}
        on placed.join_key = {{ right }}.{{ key }}
        and placed.as_of_time = {{ right }}.{{ right_at }}
    where placed.is_left = 1
{%- endmacro %}
