-- What a trader has yet to prove: evidence that the level or a rule asks for and that does not hold. Unknown, and so
-- nothing, where the venue hands over no KYC events.
with

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
    where is_verification_known
),

triggers as (
    select * from {{ ref('step_up_triggers') }}
),

levels as (
    select * from {{ ref('int_due_diligence_levels') }}
),

hits as (
    select * from {{ ref('int_due_diligence_hits') }}
),

asked as (
    select
        levels.trader_id,
        triggers.evidence
    from levels
    inner join triggers on levels.level = triggers.trigger_id
    where triggers.trigger_type = 'level'
    union
    select
        hits.trader_id,
        triggers.evidence
    from hits
    inner join triggers on hits.rule_id = triggers.trigger_id
    where triggers.trigger_type = 'rule'
),

final as (
    select
        asked.trader_id,
        asked.evidence
    from asked
    inner join subjects on asked.trader_id = subjects.trader_id
    where
        (asked.evidence = 'identity' and not subjects.is_identity_verified)
        or (asked.evidence = 'address' and not subjects.is_address_verified)
        or (asked.evidence = 'source_of_wealth' and not subjects.is_source_of_wealth_verified)
)

select * from final
