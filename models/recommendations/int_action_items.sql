-- The items that an action offers: those that lie whole within what its row of the catalogue says.
with

actions as (
    select * from {{ ref('recommendation_actions') }}
),

items as (
    select * from {{ ref('int_recommendation_items') }}
),

final as (
    select
        actions.action_id,
        items.item_id,
        items.underlying,
        items.item_name
    from actions
    inner join items
        on (actions.product_kind = items.kind or actions.feature = items.feature)
        and coalesce(actions.option_type = items.option_type, actions.option_type is null)
        and coalesce(actions.moneyness = items.moneyness, actions.moneyness is null)
        and coalesce(upper(actions.underlying) = upper(items.underlying), actions.underlying is null)
        and coalesce(actions.least_tenor_days <= items.tenor_from_days, actions.least_tenor_days is null)
        and coalesce(actions.most_tenor_days >= items.tenor_to_days, actions.most_tenor_days is null)
)

select * from final
