{{ config(materialized='table') }}
-- Which rules hold for whom. A rule asks for a category, for a value, for both, or for a fact that is unknown; it
-- counts once, however many facts say so.
with

traders as (
    select trader_id from {{ ref('int_due_diligence_subjects') }}
),

facts as (
    select * from {{ ref('int_due_diligence_facts') }}
),

rules as (
    select * from {{ ref('int_due_diligence_rules') }}
    where factor <> 'level'
),

holding as (
    select distinct
        facts.trader_id,
        rules.rule_id
    from facts
    inner join rules on facts.fact = rules.fact
    where
        (rules.category is null or facts.detail = rules.category)
        and (rules.operator is null or {{ condition_holds('facts.fact_value', 'rules.operator', 'rules.threshold') }})
),

unknown as (
    select
        traders.trader_id,
        rules.rule_id
    from traders
    cross join rules
    left join facts on traders.trader_id = facts.trader_id and rules.fact = facts.fact
    where rules.operator = 'unknown' and facts.trader_id is null
),

hits as (
    select * from holding
    union all
    select * from unknown
),

final as (
    select
        hits.trader_id,
        rules.rule_id,
        rules.factor,
        rules.points,
        rules.floor,
        rules.is_hold,
        rules.description
    from hits
    inner join rules on hits.rule_id = rules.rule_id
)

select * from final
