-- Open matches with lists of sanctions: `reported`, by the venue's KYC events; `name` and `wallet`, by screening here
-- (a wallet matches exactly, a name more or less).
with

reported as (
    select * from {{ ref('int_verification_matches') }}
    where match_kind = 'sanctions'
),

screened as (
    select * from {{ ref('int_sanctions_matches') }}
    where not coalesce(is_cleared, false) and first_seen_on <= {{ as_of_date() }}
),

final as (
    select
        trader_id,
        cast(open_matches as double) as fact_value,
        'reported' as detail
    from reported
    union all
    select
        trader_id,
        cast(count(*) as double) as fact_value,
        subject as detail
    from screened
    group by trader_id, subject
)

select * from final
