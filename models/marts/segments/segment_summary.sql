with

history as (
    select * from {{ ref('segment_summary_history') }}
),

final as (
    select *
    from history
    where as_of_date = {{ as_of_date() }}
)

select * from final
