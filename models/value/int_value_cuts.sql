-- Where histories are cut: today, and so many weeks ago that a forecast made then can be judged (var value_holdouts).
with

lengths as (
    select max(weeks_ago) + 1 as history_weeks from {{ ref('int_trader_value_periods') }}
),

holdouts as (
    {%- for holdout in var('value_holdouts') %}
    select
        cast({{ holdout.holdout_weeks }} as bigint) as holdout_weeks,
        cast({{ holdout.least_weeks }} as bigint) as least_weeks,
        {{ loop.index }} as priority
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

fitting as (
    select
        holdouts.holdout_weeks,
        row_number() over (order by holdouts.priority) as place
    from holdouts
    inner join lengths on holdouts.least_weeks <= lengths.history_weeks
),

final as (
    select cast(0 as bigint) as holdout_weeks
    union all
    select holdout_weeks from fitting
    where place = 1
)

select * from final
