-- A row of a restricted table may be torn: any of its values may be a name or an address, in the key too. Of those the
-- mart says whose they are, where accounts or fills know the trader; the rows themselves stay where they may be read.
{%- set venue = active_venue() %}
with

traders as (
    select distinct trader_id as known_trader_id from {{ ref('int_accounts') }}
),

rejected as (
    {%- for table in var('venues')[venue].tables %}
    {%- if execute and contract_table(table).meta.is_restricted %}
    select
        cast('{{ table }}' as {{ type_string() }}) as source_table,
        traders.known_trader_id as row_key,
        checked.rejection_reason as reason,
        {{ row_as_json(['trader_id'], 'known_') }} as raw_values,
        {{ 'checked.ingested_at' if 'ingested_at' in contract_table(table).columns else 'cast(null as timestamp)' }}
            as ingested_at
    from {{ ref('stg_' ~ venue ~ '__' ~ table) }} as checked
    left join traders on checked.trader_id = traders.known_trader_id
    where checked.row_status = 'rejected'
    {%- else %}
    select
        cast('{{ table }}' as {{ type_string() }}) as source_table,
        row_key,
        rejection_reason as reason,
        raw_values,
        {{ 'ingested_at' if execute and 'ingested_at' in contract_table(table).columns else 'cast(null as timestamp)' }}
            as ingested_at
    from {{ ref('stg_' ~ venue ~ '__' ~ table) }}
    where row_status = 'rejected'
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

numbered as (
    select
        rejected.*,
        row_number() over (partition by source_table, row_key, raw_values order by ingested_at, reason) as copy_number
    from rejected
),

final as (
    select
        md5(concat_ws('|', source_table, row_key, raw_values, cast(copy_number as {{ type_string() }})))
            as rejected_row_id,
        source_table,
        row_key,
        reason,
        raw_values,
        ingested_at
    from numbered
)

select * from final
