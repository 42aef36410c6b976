-- What asks for evidence is a level or a rule.
with

triggers as (
    select * from {{ ref('step_up_triggers') }}
),

known as (
    select
        'level' as trigger_type,
        level as trigger_id
    from {{ ref('due_diligence_levels') }}
    union
    select
        'rule' as trigger_type,
        rule_id as trigger_id
    from {{ ref('due_diligence_rules') }}
)

select triggers.*
from triggers
left join known on triggers.trigger_type = known.trigger_type and triggers.trigger_id = known.trigger_id
where known.trigger_id is null
