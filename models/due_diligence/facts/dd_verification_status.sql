-- Where the verification stands.
with

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
),

final as (
    select
        trader_id,
        1 as fact_value,
        verification_status as detail
    from subjects
    where verification_status is not null
)

select * from final
