-- What each trader had used by the as-of date, and since when: classes of instruments in which a position was opened or
-- enlarged, and features of the venue.
{%- set settings = var('derived_utility') %}
with -- noqa: disable=LT02

choices as (
    select * from {{ ref('int_trader_choices') }}
    where event_date <= {{ as_of_date() }}
),

measured as (
    select * from {{ ref('int_trader_choices_measured') }}
    where event_date <= {{ as_of_date() }}
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

timed as (
    select
        choices.trader_id,
        choices.event_date,
        choices.underlying,
        choices.kind,
        case when choices.kind = 'option' then instruments.option_type end as option_type,
        case
            when choices.kind in ('option', 'future')
                then cast({{ seconds_between('choices.period_start', 'instruments.expires_at') }} as double) / 86400e0
        end as days,
        -- a class ends with the bucket of its absolute delta
        case when choices.kind = 'option' then split_part(measured.instrument_class, ' ', 4) end as delta_bucket,
        {%- for attribute in utility_attributes() %}
        cast(measured.{{ attribute }} as decimal(18, 9)) as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from choices
    left join instruments on choices.instrument_id = instruments.instrument_id
    left join measured
        on choices.trader_id = measured.trader_id
        and choices.instrument_id = measured.instrument_id
        and choices.period_start = measured.period_start
),

classes as (
    select
        *,
        case when days is not null then {{ bucket('days', settings.tenor_days) }} end as tenor_bucket
    from timed
),

features as (
    select * from {{ ref('int_trader_feature_uses') }}
),

class_uses as (
    select
        trader_id,
        underlying,
        kind,
        option_type,
        tenor_bucket,
        cast(nullif(delta_bucket, '') as integer) as delta_bucket,
        {%- for attribute in utility_attributes() %}
        sum({{ attribute }}) as {{ attribute }}_sum,
        count({{ attribute }}) as {{ attribute }}_count,
        {%- endfor %}
        min(event_date) as first_used_on,
        max(event_date) as last_used_on
    from classes
    group by 1, 2, 3, 4, 5, 6
),

final as (
    select
        trader_id,
        concat_ws(
            ' ',
            underlying,
            kind,
            option_type,
            cast(tenor_bucket as {{ type_string() }}),
            cast(delta_bucket as {{ type_string() }})
        ) as item_id,
        underlying,
        kind,
        option_type,
        tenor_bucket,
        delta_bucket,
        cast(null as {{ type_string() }}) as feature,
        {%- for attribute in utility_attributes() %}
        {{ attribute }}_sum,
        {{ attribute }}_count,
        {%- endfor %}
        first_used_on,
        last_used_on
    from class_uses
    union all
    select
        trader_id,
        feature as item_id,
        cast(null as {{ type_string() }}) as underlying,
        cast(null as {{ type_string() }}) as kind,
        cast(null as {{ type_string() }}) as option_type,
        cast(null as integer) as tenor_bucket,
        cast(null as integer) as delta_bucket,
        feature,
        {%- for attribute in utility_attributes() %}
        cast(null as decimal(18, 9)) as {{ attribute }}_sum,
        0 as {{ attribute }}_count,
        {%- endfor %}
        first_used_on,
        last_used_on
    from features
)

select * from final
