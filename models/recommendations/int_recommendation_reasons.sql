-- Why each candidate is one, in the words of the seeds: what is offered, and the two scores that add most to its own.
{%- set components = ['affinity', 'utility', 'segment_gap', 'need'] %}
with

candidates as (
    select * from {{ ref('int_recommendation_candidates') }}
),

actions as (
    select * from {{ ref('recommendation_actions') }}
),

evidence as (
    select * from {{ ref('recommendation_evidence') }}
),

items as (
    select
        item_id,
        item_name
    from {{ ref('int_recommendation_items') }}
),

traders as (
    select
        segments.trader_id,
        coalesce(styles.name, segments.style) as style_name
    from {{ ref('trader_segments') }} as segments
    left join {{ ref('styles') }} as styles on segments.style = styles.style
),

parts as (
    {{ unpivoted(
        'candidates',
        ['trader_id', 'action_id'],
        ['component', 'part'],
        [
            ["'affinity'", 'affinity_part'],
            ["'utility'", 'utility_part'],
            ["'segment_gap'", 'segment_gap_part'],
            ["'need'", 'need_part'],
        ],
        computed=true,
    ) }}
),

ranked as (
    select
        *,
        row_number() over (partition by trader_id, action_id order by part desc, component asc) as part_rank
    from parts
    where part > 0
),

worded as (
    select
        ranked.trader_id,
        ranked.action_id,
        max(case when ranked.part_rank = 1 then evidence.wording end) as first_wording,
        max(case when ranked.part_rank = 2 then evidence.wording end) as second_wording
    from ranked
    inner join evidence on ranked.component = evidence.component
    where ranked.part_rank <= 2
    group by 1, 2
),

named as (
    select
        candidates.trader_id,
        candidates.action_id,
        concat_ws(': ', actions.wording, concat_ws('; ', worded.first_wording, worded.second_wording)) as wording,
        coalesce(items.item_name, '') as item_name,
        coalesce(because.item_name, 'what it goes with') as because_name,
        coalesce(cast(cast(round(100 * candidates.segment_gap) as integer) as {{ type_string() }}), '') as share_text,
        coalesce(traders.style_name, '') as style_name,
        coalesce(candidates.conditions, '') as conditions
    from candidates
    inner join actions on candidates.action_id = actions.action_id
    left join worded
        on candidates.trader_id = worded.trader_id
        and candidates.action_id = worded.action_id
    left join items on candidates.item_id = items.item_id
    left join items as because on candidates.because_item_id = because.item_id
    left join traders on candidates.trader_id = traders.trader_id
),

final as (
    select
        trader_id,
        action_id,
        replace(
            replace(
                replace(
                    replace(replace(wording, '{item}', item_name), '{because}', because_name),
                    '{share}', share_text
                ),
                '{style}', style_name
            ),
            '{conditions}', conditions
        ) as reason
    from named
)

select * from final
