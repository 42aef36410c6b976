-- Every rejected row that staging counts can be looked up.
with

kept as (
    select
        source_table,
        count(*) as rows_kept
    from {{ ref('rejected_rows') }}
    group by 1
)

select health.source_table
from {{ ref('source_health') }} as health
left join kept on health.source_table = kept.source_table
where health.rows_rejected is distinct from coalesce(kept.rows_kept, 0)
