-- What each account holds of each derivative at the end of each day: as the venue reports it, else rebuilt from fills.
-- Spot is left out, as it is in balances. A position ends when its instrument expires.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
with

calendar_days as (
    select * from {{ ref('int_calendar_days') }}
    where {{ since_change('event_date') }}
),

fills as (
    select * from {{ ref('int_fills_valued') }}
    where event_date <= {{ as_of_date() }}
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

changes as (
    select
        account_id,
        instrument_id,
        event_date,
        sum(signed_quantity) as quantity
    from fills
    where kind <> 'spot'
    group by 1, 2, 3
),

balances as (
    select
        account_id,
        instrument_id,
        sum(quantity) over (
            partition by account_id, instrument_id
            order by event_date
            rows between unbounded preceding and current row
        ) as quantity,
        event_date as from_date,
        lead(event_date) over (partition by account_id, instrument_id order by event_date) as next_date
    from changes
),

-- Bounds on both sides, so that days are made only where something is held: most options are held until they expire.
stretches as (
    select
        balances.account_id,
        balances.instrument_id,
        balances.quantity,
        balances.from_date,
        coalesce(
            least(balances.next_date, cast({{ dbt.dateadd('day', 1, 'instruments.expires_at') }} as date)),
            cast('9999-12-31' as date)
        ) as until_date
    from balances
    inner join instruments on balances.instrument_id = instruments.instrument_id
    where balances.quantity <> 0
),

rebuilt as (
    select
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

positions as (
    select * from rebuilt
    union all
    select
        account_id,
        instrument_id,
        snapshot_date as event_date,
        quantity,
        'reported' as position_source,
        mark_price
    from snapshots
    where quantity <> 0 and {{ since_change('snapshot_date') }}
),

final as (
    select
        coalesce(accounts.trader_id, positions.account_id) as trader_id,
        positions.account_id,
        positions.instrument_id,
        positions.event_date,
        cast(positions.quantity as {{ contract_type('decimal') }}) as quantity,
        positions.position_source,
        positions.mark_price
    from positions
    inner join instruments on positions.instrument_id = instruments.instrument_id
    left join accounts on positions.account_id = accounts.account_id
    where
        instruments.kind <> 'spot'
        and coalesce(
            instruments.expires_at > cast({{ dbt.dateadd('day', 1, 'positions.event_date') }} as timestamp), true
        )
)

select * from final
