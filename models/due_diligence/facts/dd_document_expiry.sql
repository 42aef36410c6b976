-- Days since the evidence of identity ran out, of those for whom it has.
with

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
    where verification_status = 'expired'
),

final as (
    select
        trader_id,
        {{ dbt.datediff('identity_expires_on', as_of_date(), 'day') }} as fact_value,
        cast(null as {{ type_string() }}) as detail
    from subjects
)

select * from final
