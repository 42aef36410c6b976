-- Days since the evidence of identity ran out, of those for whom it has.
with

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
    where verification_status = 'expired'
),

expiries as (
    select
        trader_id,
        cast(coalesce(expires_at, decided_at) as date) as expired_on
    from subjects
),

final as (
    select
        trader_id,
        {{ dbt.datediff('expired_on', as_of_date(), 'day') }} as fact_value,
        cast(null as {{ type_string() }}) as detail
    from expiries
)

select * from final
