-- Items worth a look for each trader: those that affinity leads to and those that traders of the same style use most,
-- less what the trader uses; with the utility that earlier choices give their attributes.
{%- set settings = var('recommendations') %}
with -- noqa: disable=LT02

uses as (
    select
        trader_id,
        item_id
    from {{ ref('int_trader_item_uses') }}
),

items as (
    select * from {{ ref('int_recommendation_items') }}
),

affinities as (
    select * from {{ ref('int_trader_item_affinities') }}
),

style_items as (
    select * from {{ ref('int_style_items') }}
),

traders as (
    select
        trader_id,
        style
    from {{ ref('trader_segments') }}
),

part_worths as (
    select * from {{ ref('int_trader_part_worths') }}
),

scales as (
    select * from {{ ref('int_attribute_scales') }}
),

market as (
    select
        {%- for attribute in utility_attributes() %}
        {{ share(
            'sum(cast(' ~ attribute ~ ' * trader_count as decimal(38, 9)))',
            'sum(case when ' ~ attribute ~ ' is not null then trader_count end)',
        ) }} as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from items
),

looked_at as (
    select
        trader_id,
        item_id
    from affinities
    union
    select
        traders.trader_id,
        style_items.item_id
    from traders
    inner join style_items on traders.style = style_items.style
    where style_items.style_rank <= {{ settings.trader_items }}
),

candidates as (
    select
        looked_at.trader_id,
        traders.style,
        looked_at.item_id
    from looked_at
    inner join traders on looked_at.trader_id = traders.trader_id
    left join uses on looked_at.trader_id = uses.trader_id and looked_at.item_id = uses.item_id
    where uses.item_id is null
),

-- Log odds of the item against the market's mean item; an attribute of which one of the two says nothing adds nothing.
utilities as (
    select
        candidates.*,
        affinities.affinity,
        affinities.because_item_id,
        style_items.used_share as segment_gap,
        items.volatility is not null and part_worths.trader_id is not null as is_priced,
        0e0
        {%- for attribute in utility_attributes() %}
        + coalesce(
            part_worths.{{ attribute }}
            * {{ share('items.' ~ attribute ~ ' - market.' ~ attribute, 'scales.' ~ attribute) }},
            0e0
        )
        {%- endfor %} as log_odds
    from candidates
    cross join market
    cross join scales
    inner join items on candidates.item_id = items.item_id
    left join affinities on candidates.trader_id = affinities.trader_id and candidates.item_id = affinities.item_id
    left join style_items on candidates.style = style_items.style and candidates.item_id = style_items.item_id
    left join part_worths on candidates.trader_id = part_worths.trader_id
),

final as (
    select
        trader_id,
        item_id,
        affinity,
        because_item_id,
        segment_gap,
        case when is_priced then 1e0 / (1e0 + exp(-greatest(least(log_odds, 30e0), -30e0))) end as utility
    from utilities
)

select * from final
