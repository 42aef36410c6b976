{#-
    Statement that notes the first date of which staged rows will differ, if any does. What has no date of its own,
    instruments and accounts, dates back to the first event of whichever differ.

    replaced    condition on the stored rows that will be deleted
-#}
{% macro log_changed_dates(table, stored, judged, replaced) -%}
    {%- set contract = contract_table(table) -%}
    {%- set columns = contract.columns.keys() | join(', ') -%}
    {%- set event_at = contract.meta.get('event_at') -%}
    {%- set key = contract.meta.key[0] -%}
    {%- set unit = 'cast(' ~ event_at ~ ' as date)' if event_at else key -%}
    {%- set dates = [] -%}
    {%- if not event_at -%}
        {%- if 'listed_at' in contract.columns -%}
            {%- do dates.append({'relation': stored, 'at': 'listed_at'}) -%}
            {%- do dates.append({'relation': judged, 'at': 'listed_at'}) -%}
        {%- endif -%}
        {%- for name in var('venues').exchange.tables -%}
            {%- set other = contract_table(name) -%}
            {%- set relation = stored.incorporate(path={'identifier': 'stg_exchange__' ~ name}) -%}
            {%- if key in other.columns and other.meta.get('event_at') and load_relation(relation) is not none -%}
                {%- do dates.append({'relation': relation, 'at': other.meta.event_at}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    insert into {{ load_log() }}
    with

    digests as (
        select unit, sum(digest) as digest
        from (
            select {{ unit }} as unit, cast(hash({{ columns }}) as hugeint) as digest
            from {{ judged }}
            where row_status = 'staged'
            union all
            select {{ unit }} as unit, -cast(hash({{ columns }}) as hugeint) as digest
            from {{ stored }}
            where row_status = 'staged' and ({{ replaced }})
        )
        group by 1
        having sum(digest) <> 0
    ),

    dates as (
        {%- if event_at %}
        select min(unit) as event_date from digests
        {%- if table == 'index_prices' %}
        union all
        -- an asset's printed prices count only while it has no index prices at all
        select cast('0001-01-01' as date) as event_date
        from (
            select upper(asset) as asset, 1 as is_stored, 0 as is_judged from {{ stored }} where row_status = 'staged'
            union
            select upper(asset) as asset, 0 as is_stored, 1 as is_judged from {{ judged }} where row_status = 'staged'
            union
            select upper(asset) as asset, 0 as is_stored, 1 as is_judged
            from {{ stored }}
            where row_status = 'staged' and not ({{ replaced }})
        )
        group by asset
        having max(is_stored) <> max(is_judged)
        {%- endif %}
        {%- else %}
        {%- for date in dates %}
        select min(cast({{ date.at }} as date)) as event_date
        from {{ date.relation }}
        where {{ key }} in (select unit from digests)
        {{ 'union all' if not loop.last }}
        {%- else %}
        select cast(null as date) as event_date
        {%- endfor %}
        {%- endif %}
    )

    select current_timestamp, 'changed', '{{ table }}', min(event_date), null
    from dates
    having min(event_date) is not null
{%- endmacro %}
