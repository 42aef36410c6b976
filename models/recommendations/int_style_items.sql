-- What traders of a style use: the share of them, drawn to that of all traders as far as they are few.
with

uses as (
    select * from {{ ref('int_trader_item_uses') }}
),

items as (
    select
        item_id,
        trader_count
    from {{ ref('int_recommendation_items') }}
),

choosing as (
    select distinct trader_id from uses
),

-- Who has never chosen anything says nothing of what there is to choose.
traders as (
    select
        segments.trader_id,
        segments.style
    from {{ ref('trader_segments') }} as segments
    inner join choosing on segments.trader_id = choosing.trader_id
),

styles as (
    select
        style,
        count(*) as trader_count
    from traders
    group by 1
),

everybody as (
    select count(*) as trader_count from traders
),

adopted as (
    select
        traders.style,
        uses.item_id,
        count(*) as trader_count
    from uses
    inner join traders on uses.trader_id = traders.trader_id
    group by 1, 2
),

shares as (
    select
        styles.style,
        items.item_id,
        {{ share(
            'coalesce(adopted.trader_count, 0) + ' ~ var('recommendations').alike_prior
            ~ ' * cast(items.trader_count as double) / everybody.trader_count',
            'styles.trader_count + ' ~ var('recommendations').alike_prior,
        ) }} as used_share
    from styles
    cross join items
    cross join everybody
    left join adopted on styles.style = adopted.style and items.item_id = adopted.item_id
),

final as (
    select
        *,
        row_number() over (partition by style order by used_share desc, item_id asc) as style_rank
    from shares
)

select * from final
