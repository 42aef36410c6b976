-- The choice set of each period by kind of instrument, as the market at large would choose from it: how probable the
-- kind is, and mean and covariance of the attributes within it.
{{ config(materialized='table') }}
with -- noqa: disable=LT02

classes as (
    select * from {{ ref('int_choice_set_classes') }}
),

popularity as (
    select * from {{ ref('int_class_popularity_days') }}
),

weighted as (
    select
        classes.*,
        cast(popularity.popularity as double) as popularity
    from classes
    inner join popularity
        on classes.underlying = popularity.underlying
        and classes.instrument_class = popularity.instrument_class
        and cast(classes.period_start as date) = popularity.event_date
),

kinds as (
    select
        underlying,
        period_start,
        kind,
        {%- for attribute in utility_attributes() %}
        cast(sum(cast(popularity * cast({{ attribute }} as double) as decimal(38, 18))) as double) as {{ attribute }},
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        cast(sum(cast(popularity * cast({{ left }}_{{ right }} as double) as decimal(38, 18))) as double)
            as {{ left }}_{{ right }},
        {%- endfor %}
        cast(sum(cast(popularity * instrument_count as decimal(38, 18))) as double) as weight
    from weighted
    group by 1, 2, 3
),

means as (
    select
        underlying,
        period_start,
        kind,
        weight,
        {%- for attribute in utility_attributes() %}
        {{ attribute }} / weight as {{ attribute }},
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        {{ left }}_{{ right }} / weight
            - {{ left }} / weight * {{ right }} / weight as {{ left }}_{{ right }}{{ ',' if not loop.last }}
        {%- endfor %}
    from kinds
),

final as (
    select
        underlying,
        period_start,
        kind,
        {{ share(
            'weight',
            'sum(cast(weight as decimal(38, 18))) over (partition by underlying, period_start)'
        ) }} as market_share,
        {%- for attribute in utility_attributes() %}
        {{ attribute }},
        {{ attribute }} - {{ share(
            'sum(cast(weight * ' ~ attribute ~ ' as decimal(38, 18))) over (partition by underlying, period_start)',
            'sum(cast(case when ' ~ attribute ~ ' is not null then weight end as decimal(38, 18)))'
            ~ ' over (partition by underlying, period_start)'
        ) }} as {{ attribute }}_from_market,
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        {{ left }}_{{ right }}{{ ',' if not loop.last }}
        {%- endfor %}
    from means
)

select * from final
