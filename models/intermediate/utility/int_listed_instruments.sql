-- The instruments of an underlying that are listed and not expired in each period in which somebody chose one of them,
-- with the last quote before the period.
with

periods as (
    select distinct
        underlying,
        period_start
    from {{ ref('int_trader_choices') }}
),

quotes as (
    select * from {{ ref('stg_quotes') }}
),

first_fills as (
    select
        instrument_id,
        min(executed_at) as first_fill_at
    from {{ ref('stg_fills') }}
    group by 1
),

first_quotes as (
    select
        instrument_id,
        min(quoted_at) as first_quote_at
    from quotes
    group by 1
),

instruments as (
    select
        instruments.instrument_id,
        instruments.kind,
        instruments.option_type,
        upper(instruments.underlying) as underlying,
        cast(instruments.strike as double) as strike,
        instruments.expires_at,
        coalesce(instruments.listed_at, least(first_fills.first_fill_at, first_quotes.first_quote_at)) as listed_at,
        min(first_quotes.first_quote_at) over (partition by instruments.kind) as kind_quoted_at
    from {{ ref('stg_instruments') }} as instruments
    left join first_fills on instruments.instrument_id = first_fills.instrument_id
    left join first_quotes on instruments.instrument_id = first_quotes.instrument_id
),

listed as (
    select
        instruments.*,
        periods.period_start
    from instruments
    inner join periods
        on instruments.underlying = periods.underlying
        and instruments.listed_at < periods.period_start + interval {{ var('derived_utility').period_hours }} hour
        and (instruments.expires_at is null or instruments.expires_at > periods.period_start)
),

timeline as (
    select
        instrument_id,
        period_start,
        period_start as known_at,
        cast(null as timestamp) as quoted_at
    from listed
    union all
    select
        instrument_id,
        null as period_start,
        quoted_at as known_at,
        quoted_at
    from quotes
),

last_quotes as (
    select
        instrument_id,
        period_start,
        max(quoted_at) over (
            partition by instrument_id
            order by known_at
            range between unbounded preceding and current row
        ) as quoted_at
    from timeline
),

final as (
    select
        listed.*,
        quotes.mark_iv,
        case
            when quotes.bid > 0 and quotes.ask >= quotes.bid
                then greatest({{ share('2 * (quotes.ask - quotes.bid)', '(quotes.ask + quotes.bid)') }}, 1e-6)
        end as relative_spread
    from listed
    left join last_quotes
        on listed.instrument_id = last_quotes.instrument_id
        and listed.period_start = last_quotes.period_start
    left join quotes
        on last_quotes.instrument_id = quotes.instrument_id
        and last_quotes.quoted_at = quotes.quoted_at
)

select * from final
