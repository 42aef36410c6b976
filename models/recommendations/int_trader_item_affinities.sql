-- The items to which most leads of what a trader has used: the sum of the weights, from 0 to 1, and the use that adds
-- most to it.
with

uses as (
    select
        trader_id,
        item_id
    from {{ ref('int_trader_item_uses') }}
),

weights as (
    select
        item_id,
        other_item_id,
        cast(weight as decimal(18, 9)) as weight,
        row_number() over (partition by other_item_id order by weight asc, item_id desc) as strength
    from {{ ref('recommendation_affinities') }}
),

led_to as (
    select
        uses.trader_id,
        weights.other_item_id as item_id,
        sum(weights.weight) as affinity,
        max(weights.weight) as strongest_weight,
        max_by(weights.item_id, weights.strength) as because_item_id
    from uses
    inner join weights on uses.item_id = weights.item_id
    group by 1, 2
),

ranked as (
    select
        led_to.*,
        row_number() over (partition by led_to.trader_id order by led_to.affinity desc, led_to.item_id asc) as item_rank
    from led_to
    left join uses on led_to.trader_id = uses.trader_id and led_to.item_id = uses.item_id
    where uses.item_id is null and led_to.affinity > 0
),

final as (
    select
        trader_id,
        item_id,
        cast(least(affinity, 1) as double) as affinity,
        case when strongest_weight > 0 then because_item_id end as because_item_id
    from ranked
    where item_rank <= {{ var('recommendations').trader_items }}
)

select * from final
