{%- set venue = active_venue() -%}
{%- set tables = var('venues')[venue].tables -%}
{%- set contract_tables = var('venues').exchange.tables.keys() -%}
with -- noqa: disable=LT02

checked as (
    {%- for table in contract_tables %}
    {%- if table in tables %}
    {%- set event_at = contract_table(table).meta.get('event_at') if execute else none %}
    {%- set raw_table = tables[table] %}
    {%- set raw = source(venue, raw_table) if raw_table else none %}
    {%- set is_present = raw is none or raw_column_types(raw) %}
    select
        cast('{{ table }}' as {{ type_string() }}) as source_table,
        cast({{ 'true' if is_present else 'false' }} as boolean) as is_present,
        {{ raw_row_count(raw, table) if raw is not none and is_present else 'count(*)' }} as rows_read,
        count(case when row_status = 'staged' then 1 end) as rows_staged,
        count(case when row_status = 'rejected' then 1 end) as rows_rejected,
        count(case when row_status = 'duplicate' then 1 end) as rows_duplicate,
        {%- for aggregate in ['min', 'max'] %}
        {{ aggregate }}(case when row_status = 'staged' then cast({{ event_at or 'null' }} as timestamp) end)
            as {{ 'first' if aggregate == 'min' else 'last' }}_event_at{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_' ~ venue ~ '__' ~ table) }}
    {%- else %}
    select
        cast('{{ table }}' as {{ type_string() }}) as source_table,
        false as is_present,
        0 as rows_read,
        0 as rows_staged,
        0 as rows_rejected,
        0 as rows_duplicate,
        cast(null as timestamp) as first_event_at,
        cast(null as timestamp) as last_event_at
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        source_table,
        is_present,
        cast(rows_read as bigint) as rows_read,
        cast(rows_staged as bigint) as rows_staged,
        cast(rows_rejected as bigint) as rows_rejected,
        cast(rows_duplicate as bigint) as rows_duplicate,
        first_event_at,
        last_event_at,
        cast('{{ build_id() }}' as {{ type_string() }}) as build_id
    from checked
)

select * from final
