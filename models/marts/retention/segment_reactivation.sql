-- Of the silences that had lasted some weeks, how many ended within the next. A silence that reached that length too
-- late to be watched for all of them is left out, also where it has ended: of the recent ones only those would be seen.
{%- set retention = var('retention') %}
with -- noqa: disable=LT02

cells as (
    select * from {{ ref('int_silence_cells') }}
),

segments as (
    select distinct
        segment_id,
        style
    from {{ ref('int_trader_trading_segments') }}
),

questions as (
    {%- for silence_weeks in retention.silence_weeks %}
    {%- set is_last_length = loop.last %}
    {%- for within_weeks in retention.return_weeks %}
    select
        cast({{ silence_weeks }} as bigint) as silence_weeks,
        cast({{ within_weeks }} as bigint) as within_weeks
    {{ 'union all' if not (is_last_length and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

-- A silence lasted w whole weeks where its return came in a later week, or has not come.
lasted as (
    select
        cells.segment_id,
        questions.silence_weeks,
        questions.within_weeks,
        cells.silences,
        cells.age_weeks >= questions.silence_weeks + questions.within_weeks as is_observed,
        cells.return_week > 0
        and cells.return_week <= questions.silence_weeks + questions.within_weeks as has_returned
    from cells
    inner join questions
        on
            cells.age_weeks >= questions.silence_weeks
            and (cells.return_week = 0 or cells.return_week > questions.silence_weeks)
),

counts as (
    select
        segment_id,
        silence_weeks,
        within_weeks,
        sum(case when is_observed then silences else 0 end) as silences,
        sum(case when is_observed and has_returned then silences else 0 end) as returned,
        sum(case when is_observed then 0 else silences end) as not_observed
    from lasted
    group by 1, 2, 3
),

final as (
    select
        segments.segment_id,
        questions.silence_weeks,
        questions.within_weeks,
        cast({{ as_of_date() }} as date) as as_of_date,
        segments.style,
        cast(coalesce(counts.silences, 0) as bigint) as silences,
        cast(coalesce(counts.returned, 0) as bigint) as returned,
        {{ share('counts.returned', 'counts.silences') }} as reactivation,
        cast(coalesce(counts.not_observed, 0) as bigint) as not_observed
    from segments
    cross join questions
    left join counts
        on
            segments.segment_id = counts.segment_id
            and questions.silence_weeks = counts.silence_weeks
            and questions.within_weeks = counts.within_weeks
)

select * from final
