-- What each account holds of each derivative from one fill to the next, rebuilt from fills. Spot is left out, as it is
-- in balances. Kept by trader, so that sums over a trader's days find their rows together.
{{ config(materialized='table') }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where kind <> 'spot'
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

changes as (
    select
        account_id,
        instrument_id,
        event_date,
        sum(signed_quantity) as quantity
    from fills
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

-- What expires during a day is not held at its end, and what expires at midnight not at the end of the day before.
expiries as (
    select
        instrument_id,
        case
            when expires_at = cast(cast(expires_at as date) as timestamp)
                then cast({{ dbt.dateadd('day', -1, 'expires_at') }} as date)
            else cast(expires_at as date)
        end as until_date
    from instruments
),

stretches as (
    select
        balances.account_id,
        balances.instrument_id,
        balances.quantity,
        balances.from_date,
        coalesce(least(balances.next_date, expiries.until_date), cast('9999-12-31' as date)) as until_date
    from balances
    inner join expiries on balances.instrument_id = expiries.instrument_id
    where balances.quantity <> 0
),

final as (
    select
        coalesce(accounts.trader_id, stretches.account_id) as trader_id,
        stretches.account_id,
        stretches.instrument_id,
        stretches.from_date,
        stretches.until_date,
        cast(stretches.quantity as {{ contract_type('decimal') }}) as quantity
    from stretches
    left join accounts on stretches.account_id = accounts.account_id
    where stretches.until_date > stretches.from_date
)

select * from final
order by trader_id, account_id, instrument_id, from_date
