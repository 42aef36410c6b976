-- What led to a level, as texts for readers: the rules that hold, the floors they set, and why nothing moves.
with

hits as (
    select * from {{ ref('int_due_diligence_hits') }}
),

entries as (
    select
        trader_id,
        rule_id,
        concat(
            '{"rule_id": "', rule_id, '", "factor": "', factor, '", "points": ',
            cast(points as {{ type_string() }}), '}'
        ) as factor_entry,
        case when floor is not null then concat('{"rule_id": "', rule_id, '", "level": "', floor, '"}') end
            as floor_entry,
        case when is_hold then description end as hold_entry
    from hits
),

joined as (
    select
        trader_id,
        {{ joined_text('factor_entry', ', ') }} as factors,
        {{ joined_text('floor_entry', ', ') }} as floors,
        {{ joined_text('hold_entry', '; ') }} as hold_reason
    from entries
    group by 1
),

final as (
    select
        trader_id,
        concat('[', factors, ']') as factors,
        concat('[', coalesce(floors, ''), ']') as floors,
        hold_reason
    from joined
)

select * from final
