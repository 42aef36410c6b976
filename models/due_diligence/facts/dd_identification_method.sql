-- By what the identity was verified, of who is verified.
with

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
),

final as (
    select
        trader_id,
        1 as fact_value,
        coalesce(method, 'unknown') as detail
    from subjects
    where is_identity_verified
)

select * from final
