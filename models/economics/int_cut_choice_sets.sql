-- The last choice set of each underlying by each day up to which choices count: classes, how many instruments of each,
-- their mean attributes and popularity.
with -- noqa: disable=LT02

classes as (
    select * from {{ ref('int_choice_set_classes') }}
),

cuts as (
    select * from {{ ref('int_choice_cuts') }}
),

last_periods as (
    select
        cuts.cut_date,
        cuts.is_present,
        classes.underlying,
        max(classes.period_start) as period_start
    from classes
    inner join cuts on cast(classes.period_start as date) <= cuts.cut_date
    group by 1, 2, 3
),

final as (
    select
        last_periods.cut_date,
        last_periods.is_present,
        classes.underlying,
        classes.instrument_class,
        classes.instrument_count,
        cast(popularity.popularity as double) as popularity,
        {%- for attribute in utility_attributes() %}
        {{ share('classes.' ~ attribute, 'classes.instrument_count') }} as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from last_periods
    inner join classes
        on last_periods.underlying = classes.underlying
        and last_periods.period_start = classes.period_start
    inner join {{ ref('int_class_popularity_days') }} as popularity
        on classes.underlying = popularity.underlying
        and classes.instrument_class = popularity.instrument_class
        and cast(classes.period_start as date) = popularity.event_date
)

select * from final
