-- Part-worths as they were known on each day up to which choices count, of the traders who stand for their segments.
with -- noqa: disable=LT02

sums as (
    select
        cuts.cut_date,
        trader_days.trader_id,
        {{ choice_sums() }}
    from {{ ref('int_trader_choice_days') }} as trader_days
    inner join {{ ref('int_sampled_traders') }} as traders on trader_days.trader_id = traders.trader_id
    inner join {{ ref('int_choice_cuts') }} as cuts on trader_days.event_date <= cuts.cut_date
    group by 1, 2
),

final as (
    select * from {{ part_worths('sums', ['cut_date', 'trader_id']) }} as part_worths
)

select * from final
