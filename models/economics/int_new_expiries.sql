-- Expiries of an underlying that were first offered in the seven days after a day up to which choices count.
with

offered as (
    select
        offered.underlying,
        instruments.expires_at,
        min(offered.period_start) as first_offered_at
    from {{ ref('int_offered_instruments') }} as offered
    inner join {{ ref('stg_instruments') }} as instruments on offered.instrument_id = instruments.instrument_id
    where instruments.expires_at is not null
    group by 1, 2
),

-- What was offered when the records begin need not be new.
ranked as (
    select
        *,
        min(first_offered_at) over (partition by underlying) as first_record_at
    from offered
),

final as (
    select
        cuts.cut_date,
        ranked.underlying,
        ranked.expires_at,
        ranked.first_offered_at,
        {{ dbt.dateadd('day', var('choice_shares').listing_days, 'ranked.first_offered_at') }} as watched_until
    from ranked
    inner join {{ ref('int_choice_cuts') }} as cuts
        on cast(ranked.first_offered_at as date) > cuts.cut_date
        and cast(ranked.first_offered_at as date) <= {{ dbt.dateadd('day', 7, 'cuts.cut_date') }}
    where not cuts.is_present and ranked.first_offered_at > ranked.first_record_at
)

select * from final
