{#-
    Event dates whose stored rows may no longer stand. A row of the grain is built again, with its whole date, where
    - a fill of it arrived since the last run, or its time of arrival is not known,
    - it is new or gone, also because an instrument's description changed,
    - it no longer adds up to what is stored: corrected, moved or removed fills, late prices.

    fills    valued fills
    stored   the model itself
    grain    columns of the grain, event_date among them
    sums     {expression over stored columns: expression over fills whose sum it must be}
-#}
{% macro changed_dates(fills, stored, grain, sums) -%}
    select distinct coalesce(given.event_date, stored.event_date) as event_date
    from (
        select
            {{ grain | join(', ') }},
            {%- for expression in sums.values() %}
            sum({{ expression }}) as sum_{{ loop.index }},
            {%- endfor %}
            max(ingested_at) as last_ingested_at,
            count(case when ingested_at is null then 1 end) as undated_fill_count
        from {{ fills }}
        group by {{ grain | join(', ') }}
    ) as given
    full outer join {{ stored }} as stored
        on
        {%- for column in grain %}
        {{ 'and ' if not loop.first }}given.{{ column }} is not distinct from stored.{{ column }}
        {%- endfor %}
    where
        given.undated_fill_count > 0
        or given.last_ingested_at >= (select max(last_ingested_at) from {{ stored }})
        or given.event_date is null
        or stored.event_date is null
        {%- for expression in sums %}
        or given.sum_{{ loop.index }} is distinct from {{ expression }}
        {%- endfor %}
{%- endmacro %}
