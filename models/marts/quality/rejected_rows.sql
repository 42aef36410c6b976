{%- set venue = active_venue() -%}
with

rejected as (
    {%- for table in var('venues')[venue].tables %}
    select
        cast('{{ table }}' as {{ type_string() }}) as source_table,
        row_key,
        rejection_reason as reason,
        raw_values,
        {{ 'ingested_at' if execute and 'ingested_at' in contract_table(table).columns else 'cast(null as timestamp)' }}
            as ingested_at
    from {{ ref('stg_' ~ venue ~ '__' ~ table) }}
    where row_status = 'rejected'
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
