-- How much of a segment's choosing each trader does: days with a choice of an underlying in the window of popularity
-- that ends on each day up to which choices count.
with

final as (
    select
        cuts.cut_date,
        choices.underlying,
        choices.trader_id,
        cast(sum(choices.day_share) as double) as choices
    from {{ ref('int_trader_choices_measured') }} as choices
    inner join {{ ref('int_sampled_traders') }} as traders on choices.trader_id = traders.trader_id
    inner join {{ ref('int_choice_cuts') }} as cuts
        on choices.event_date <= cuts.cut_date
        and choices.event_date > {{ dbt.dateadd('day', -var('derived_utility').window_days, 'cuts.cut_date') }}
    group by 1, 2, 3
)

select * from final
