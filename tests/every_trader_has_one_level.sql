-- Due diligence knows every trader.
select traders.trader_id
from {{ ref('trader_features') }} as traders
left join {{ ref('trader_due_diligence') }} as levels on traders.trader_id = levels.trader_id
where levels.trader_id is null
