-- What the traders who stand for their segments chose in the first days of each new expiry: days with a choice of the
-- underlying, and how much of them went to the expiry.
with

final as (
    select
        expiries.cut_date,
        expiries.underlying,
        expiries.expires_at,
        choices.trader_id,
        cast(sum(choices.day_share) as double) as choices,
        cast(sum(case when instruments.expires_at = expiries.expires_at then choices.day_share else 0 end) as double)
            as new_choices
    from {{ ref('int_new_expiries') }} as expiries
    inner join {{ ref('int_trader_choices_measured') }} as choices
        on expiries.underlying = choices.underlying
        and expiries.first_offered_at <= choices.period_start
        and expiries.watched_until > choices.period_start
        and choices.event_date <= {{ as_of_date() }}
    inner join {{ ref('int_sampled_traders') }} as traders on choices.trader_id = traders.trader_id
    inner join {{ ref('stg_instruments') }} as instruments on choices.instrument_id = instruments.instrument_id
    group by 1, 2, 3, 4
)

select * from final
