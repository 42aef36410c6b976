-- What each account holds of each derivative at the end of each day: as the venue reports it, else rebuilt from fills.
-- A view: to make days of stretches is quicker than to keep a row for each day.
with

calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

stretches as (
    select * from {{ ref('int_position_stretches') }}
),

snapshots as (
    select * from {{ ref('stg_positions') }}
    where snapshot_date <= {{ as_of_date() }}
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

-- On a day with snapshots an account that has had one by then is reported: what it does not list, it does not hold.
-- Other days and accounts are rebuilt. Each day is decided by its own past.
snapshot_days as (
    select distinct snapshot_date as event_date from snapshots
),

reporting_accounts as (
    select
        account_id,
        min(snapshot_date) as first_snapshot_date
    from snapshots
    group by 1
),

rebuilt as (
    select
        stretches.trader_id,
        stretches.account_id,
        stretches.instrument_id,
        calendar_days.event_date,
        stretches.quantity,
        'rebuilt' as position_source,
        cast(null as {{ contract_type('decimal') }}) as mark_price
    from stretches
    inner join calendar_days
        on stretches.from_date <= calendar_days.event_date
        and stretches.until_date > calendar_days.event_date
    left join snapshot_days on calendar_days.event_date = snapshot_days.event_date
    left join reporting_accounts
        on stretches.account_id = reporting_accounts.account_id
        and snapshot_days.event_date >= reporting_accounts.first_snapshot_date
    where reporting_accounts.account_id is null
),

-- A snapshot that lingers after expiry does not count.
reported as (
    select
        coalesce(accounts.trader_id, snapshots.account_id) as trader_id,
        snapshots.account_id,
        snapshots.instrument_id,
        snapshots.snapshot_date as event_date,
        cast(snapshots.quantity as {{ contract_type('decimal') }}) as quantity,
        'reported' as position_source,
        snapshots.mark_price
    from snapshots
    inner join instruments on snapshots.instrument_id = instruments.instrument_id
    left join accounts on snapshots.account_id = accounts.account_id
    where
        snapshots.quantity <> 0
        and instruments.kind <> 'spot'
        and coalesce(
            instruments.expires_at > cast({{ dbt.dateadd('day', 1, 'snapshots.snapshot_date') }} as timestamp), true
        )
),

final as (
    select * from rebuilt
    union all
    select * from reported
)

select * from final
