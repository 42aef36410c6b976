{#-
    Event dates whose stored rows may no longer stand: a fill of that trader and day arrived since the last run, its
    time of arrival is not known, or the number of fills is another one than is stored (corrected, moved or removed
    fills).
-#}
{% macro changed_dates(fills, accounts, stored) -%}
    select distinct coalesce(given.event_date, stored.event_date) as event_date
    from (
        select
            owners.trader_id,
            cast(staged.executed_at as date) as event_date,
            count(*) as fill_count,
            max(staged.ingested_at) as last_ingested_at,
            count(case when staged.ingested_at is null then 1 end) as undated_fill_count
        from {{ fills }} as staged
        inner join {{ accounts }} as owners on staged.account_id = owners.account_id
        group by 1, 2
    ) as given
    full outer join (
        select
            trader_id,
            event_date,
            sum(fill_count) as fill_count
        from {{ stored }}
        group by 1, 2
    ) as stored
        on given.trader_id = stored.trader_id and given.event_date = stored.event_date
    where
        given.fill_count is distinct from stored.fill_count
        or given.undated_fill_count > 0
        or given.last_ingested_at >= (select max(last_ingested_at) from {{ stored }})
{%- endmacro %}
