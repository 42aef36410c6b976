-- Every action that something speaks for, with its scores: an offer by the best of its items that the trader does not
-- use, any action only where all of its conditions hold.
{%- set components = ['affinity', 'utility', 'segment_gap', 'need', 'value', 'churn'] %}
with -- noqa: disable=LT02

conditioned as (
    select distinct action_id from {{ ref('recommendation_conditions') }}
),

actions as (
    select
        actions.*,
        actions.product_kind is not null or actions.feature is not null as has_items,
        conditioned.action_id is not null as has_conditions
    from {{ ref('recommendation_actions') }} as actions
    left join conditioned on actions.action_id = conditioned.action_id
),

kinds as (
    select * from {{ ref('recommendation_kinds') }}
),

action_items as (
    select * from {{ ref('int_action_items') }}
),

items as (
    select * from {{ ref('int_trader_item_candidates') }}
),

conditions as (
    select * from {{ ref('int_action_conditions') }}
),

stakes as (
    select * from {{ ref('int_trader_value_at_stake') }}
),

reached as (
    select
        items.trader_id,
        actions.action_id,
        actions.kind,
        action_items.item_id,
        action_items.underlying,
        items.because_item_id,
        items.affinity,
        items.utility,
        items.segment_gap,
        conditions.need,
        conditions.conditions
    from items
    inner join action_items on items.item_id = action_items.item_id
    inner join actions on action_items.action_id = actions.action_id
    left join conditions
        on items.trader_id = conditions.trader_id
        and actions.action_id = conditions.action_id
    where conditions.action_id is not null or not actions.has_conditions
    union all
    select
        conditions.trader_id,
        actions.action_id,
        actions.kind,
        cast(null as {{ type_string() }}) as item_id,
        cast(null as {{ type_string() }}) as underlying,
        cast(null as {{ type_string() }}) as because_item_id,
        cast(null as double) as affinity,
        cast(null as double) as utility,
        cast(null as double) as segment_gap,
        conditions.need,
        conditions.conditions
    from conditions
    inner join actions on conditions.action_id = actions.action_id
    where not actions.has_items
),

weighed as (
    select
        reached.*,
        stakes.value_at_stake as value,
        stakes.churn_risk as churn,
        {%- for component in components %}
        kinds.{{ component }}_weight{{ ',' if not loop.last }}
        {%- endfor %}
    from reached
    inner join kinds on reached.kind = kinds.kind
    left join stakes on reached.trader_id = stakes.trader_id
),

-- The mean of what is known, rounded so that two engines rank alike. An item that affinity does not lead to has none.
scored as (
    select
        *,
        round(coalesce({{ share(
            'affinity_weight * coalesce(affinity, 0) + utility_weight * coalesce(utility, 0)'
            ~ ' + segment_gap_weight * coalesce(segment_gap, 0) + need_weight * coalesce(need, 0)'
            ~ ' + value_weight * coalesce(value, 0) + churn_weight * coalesce(churn, 0)',
            'affinity_weight + case when utility is null then 0 else utility_weight end'
            ~ ' + segment_gap_weight + need_weight + case when value is null then 0 else value_weight end'
            ~ ' + case when churn is null then 0 else churn_weight end',
        ) }}, 0e0), 9) as score
    from weighed
),

ranked as (
    select
        *,
        row_number() over (partition by trader_id, action_id order by score desc, item_id asc) as item_rank
    from scored
),

final as (
    select
        trader_id,
        action_id,
        kind,
        item_id,
        underlying,
        because_item_id,
        conditions,
        {%- for component in components %}
        {{ component }},
        {{ component }}_weight * coalesce({{ component }}, 0) as {{ component }}_part,
        {%- endfor %}
        score
    from ranked
    where item_rank = 1
)

select * from final
