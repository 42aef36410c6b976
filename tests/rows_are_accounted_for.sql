-- No raw row vanishes: what was read is what was staged, rejected, or dropped as an exact copy.
select *
from {{ ref('source_health') }}
where rows_read is distinct from rows_staged + rows_rejected + rows_duplicate
