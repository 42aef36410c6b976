-- The choice set of each period as the market at large would choose from it: mean and covariance of the attributes,
-- instruments weighed by how popular their class is. An attribute that is not known of all that is offered says
-- nothing.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'column': 'cast(period_start as date)'}},
) }}
with -- noqa: disable=LT02

classes as (
    select * from {{ ref('int_choice_set_classes') }}
    where {{ since_change('cast(period_start as date)') }}
),

popularity as (
    select * from {{ ref('int_class_popularity_days') }}
    where {{ since_change('event_date') }}
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

{% set columns = utility_attributes() -%}
{%- for left, right in attribute_pairs() %}{% do columns.append(left ~ '_' ~ right) %}{% endfor -%}

expected as (
    select
        underlying,
        period_start,
        {%- for column in columns %}
        case
            when count({{ column }}) = count(*)
                then {{ share(
                    'sum(cast(popularity * cast(' ~ column ~ ' as double) as decimal(38, 18)))',
                    'sum(cast(popularity * instrument_count as decimal(38, 18)))',
                ) }}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from weighted
    group by 1, 2
),

final as (
    select
        underlying,
        period_start,
        {%- for attribute in utility_attributes() %}
        {{ attribute }},
        {%- endfor %}
        {%- for left, right in attribute_pairs() %}
        {{ left }}_{{ right }} - {{ left }} * {{ right }} as {{ left }}_{{ right }}{{ ',' if not loop.last }}
        {%- endfor %}
    from expected
)

select * from final
