-- Why a trader is left out of every campaign: the first rule of the seed that holds.
with

due_diligence as (
    select * from {{ ref('trader_due_diligence') }}
),

rules as (
    select * from {{ ref('campaign_suppressions') }}
),

facts as (
    select
        trader_id,
        'prohibited' as fact
    from due_diligence
    where level = 'prohibited'
    union all
    select
        trader_id,
        'hold' as fact
    from due_diligence
    where hold_reason is not null
    union all
    select
        trader_id,
        'cannot_open_position' as fact
    from due_diligence
    where blocked_services like '%open_position%'
    union all
    select
        trader_id,
        'opted_out' as fact
    from {{ ref('int_marketing_opt_outs') }}
),

ranked as (
    select
        facts.trader_id,
        rules.suppressed_because,
        row_number() over (partition by facts.trader_id order by rules.priority) as rule_rank
    from facts
    inner join rules on facts.fact = rules.fact
),

final as (
    select
        trader_id,
        suppressed_because
    from ranked
    where rule_rank = 1
)

select * from final
