-- Uses of a bounded sample of traders, from which affinity is learned and on which it is judged.
with

uses as (
    select * from {{ ref('int_trader_item_uses') }}
),

items as (
    select item_id from {{ ref('int_recommendation_items') }}
),

traders as (
    select distinct trader_id from uses
),

numbered as (
    select
        trader_id,
        row_number() over (order by md5(trader_id), trader_id) as draw
    from traders
),

final as (
    select
        uses.trader_id,
        uses.item_id,
        uses.first_used_on
    from uses
    inner join items on uses.item_id = items.item_id
    inner join numbered on uses.trader_id = numbered.trader_id
    where numbered.draw <= {{ var('recommendations').sample_traders }}
)

select * from final
