{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='ruleset_version',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}
-- Every version of the rules by which somebody was scored, rule by rule.
with

rules as (
    select * from {{ ref('int_due_diligence_rules') }}
),

final as (
    select
        ruleset_version,
        rule_id,
        fact,
        category,
        operator,
        threshold,
        factor,
        points,
        floor,
        is_hold,
        description,
        source
    from rules
)

select * from final
