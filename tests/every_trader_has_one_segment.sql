select
    features.trader_id,
    count(segments.trader_id) as segments
from {{ ref('trader_features') }} as features
left join {{ ref('trader_segments') }} as segments on features.trader_id = segments.trader_id
group by 1
having count(segments.trader_id) <> 1
