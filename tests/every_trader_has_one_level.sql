-- Due diligence knows everybody who is segmented.
select segments.trader_id
from {{ ref('trader_segments') }} as segments
left join {{ ref('trader_due_diligence') }} as levels on segments.trader_id = levels.trader_id
where levels.trader_id is null
