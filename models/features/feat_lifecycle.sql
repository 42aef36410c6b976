-- Whether the present silence of a trader is longer than those before, whether the trader has come back, and what is
-- still open. The bound is the finite-sample 0.95 quantile of own gaps: of n + 1 gaps that come in any order the last
-- one exceeds the k-th smallest of the others with probability 1 - k / (n + 1) at most (Vovk, Gammerman, Shafer 2005).
{%- set lifecycle = var('lifecycle') %}
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

gaps as (
    select * from {{ ref('int_trader_gaps') }}
    where event_date <= {{ as_of_date() }}
),

last_dates as (
    select
        trader_id,
        max(event_date) as last_date
    from trader_days
    group by 1
),

ranked_gaps as (
    select
        trader_id,
        gap_days,
        row_number() over (partition by trader_id order by gap_days, event_date) as gap_rank,
        count(*) over (partition by trader_id) as gap_count
    from gaps
),

bounds as (
    select
        trader_id,
        gap_days as gap_bound_days
    from ranked_gaps
    where gap_rank = ceil(cast({{ lifecycle.gap_share }} as decimal(9, 6)) * (gap_count + 1))
),

returns as (
    select
        trader_id,
        max(gap_days) as return_gap_days
    from gaps
    where {{ dbt.datediff('event_date', as_of_date(), 'day') }} < {{ lifecycle.return_days }}
    group by 1
),

positions as (
    select
        trader_id,
        gross_notional_usd as open_position_usd
    from {{ ref('int_trader_exposure_days') }}
    where event_date = {{ as_of_date() }}
),

-- Who has no position holds nothing, where positions of the venue are known at all.
positions_known as (
    select case when count(*) > 0 then 0 end as no_position_usd
    from {{ ref('int_trader_exposure_days') }}
    where event_date <= {{ as_of_date() }}
),

final as (
    select
        last_dates.trader_id,
        bounds.gap_bound_days,
        {{ share(
            '(' ~ dbt.datediff('last_dates.last_date', as_of_date(), 'day') ~ ' + 1)', 'bounds.gap_bound_days'
        ) }} as silence_ratio,
        returns.return_gap_days,
        cast(coalesce(positions.open_position_usd, positions_known.no_position_usd) as {{ contract_type('decimal') }})
            as open_position_usd
    from last_dates
    cross join positions_known
    left join bounds on last_dates.trader_id = bounds.trader_id
    left join returns on last_dates.trader_id = returns.trader_id
    left join positions on last_dates.trader_id = positions.trader_id
)

select * from final
