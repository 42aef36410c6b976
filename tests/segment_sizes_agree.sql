-- Traders of a segment on a date are those in the history, those who came to it and those who went from it.
with

scored as (
    select
        as_of_date,
        segment_id,
        count(*) as traders
    from {{ ref('trader_segment_history') }}
    group by 1, 2
),

counted as (
    select
        as_of_date,
        segment_id,
        traders
    from {{ ref('segment_summary_history') }}
    union all
    select
        period_end_date as as_of_date,
        to_segment_id as segment_id,
        sum(traders) as traders
    from {{ ref('segment_migration') }}
    where to_segment_id <> 'left'
    group by 1, 2
    union all
    select
        period_start_date as as_of_date,
        from_segment_id as segment_id,
        sum(traders) as traders
    from {{ ref('segment_migration') }}
    where from_segment_id <> 'arrived'
    group by 1, 2
)

select
    counted.as_of_date,
    counted.segment_id,
    counted.traders as counted_traders,
    scored.traders as scored_traders
from counted
left join scored on counted.as_of_date = scored.as_of_date and counted.segment_id = scored.segment_id
where scored.traders is null or counted.traders <> scored.traders
