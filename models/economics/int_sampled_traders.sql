-- The traders who stand for their segment where choice shares are predicted, chosen by the hash of their id, each for
-- as many as there are in the segment for every one sampled.
with

traders as (
    select
        segments.trader_id,
        segments.segment_id,
        row_number() over (
            partition by segments.segment_id
            order by md5(segments.trader_id), segments.trader_id
        ) as position,
        count(*) over (partition by segments.segment_id) as trader_count
    from {{ ref('trader_segments') }} as segments
    inner join {{ ref('int_trader_part_worths') }} as part_worths on segments.trader_id = part_worths.trader_id
),

final as (
    select
        trader_id,
        segment_id,
        {{ share('trader_count', 'least(trader_count, ' ~ var('choice_shares').traders ~ ')') }} as traders_meant
    from traders
    where position <= {{ var('choice_shares').traders }}
)

select * from final
