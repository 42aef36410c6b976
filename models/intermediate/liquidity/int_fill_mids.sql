-- The mid of a fill's instrument when it traded and after each horizon, and the price of an option's underlying then.
{%- set horizons = var('markout_horizons') %}
{%- set days_ahead = (horizons.values() | max / 86400) | round(method='ceil') | int %}
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'days_before': days_ahead, 'knows_as_of_date': true}},
) }}
with

fills as (
    select
        fill_id,
        event_date,
        instrument_id,
        case when kind = 'option' then upper(underlying) end as option_underlying,
        executed_at
    from {{ ref('int_fills_valued') }}
    where {{ since_change('event_date') }}
),

quotes as (
    select * from {{ ref('int_book_quotes') }}
    where {{ since_change('cast(quoted_at as date)', days_before=days_ahead, days_after=days_ahead) }}
),

ticks as (
    select * from {{ ref('int_underlying_ticks') }}
    where {{ since_change('event_date', days_before=days_ahead, days_after=days_ahead) }}
),

-- When to look, and the time at or before which a price is too old to be that of the moment.
probes as (
    select
        fills.*,
        'trade' as moment,
        executed_at as moment_at,
        executed_at - interval {{ var('quote_staleness_seconds') }} second as stale_at
    from fills
    {%- for name, seconds in horizons.items() %}
    union all
    select
        fills.*,
        '{{ name }}' as moment,
        executed_at + interval {{ seconds }} second as moment_at,
        executed_at + interval {{ (seconds * (1 - var('markout_quote_age')) * 1000) | round | int }} millisecond
            as stale_at
    from fills
    {%- endfor %}
),

quoted as (
    {{ as_of_join(
        left='probes',
        left_columns=['fill_id', 'event_date', 'option_underlying', 'moment', 'moment_at', 'stale_at'],
        left_at='moment_at',
        right='quotes',
        right_columns=['mid_price'],
        right_at='quoted_at',
        key='instrument_id',
    ) | indent(4) }}
),

-- After the as-of date nothing is known. The same filter before the join would make it slow: DuckDB would expect few
-- rows and compare all with all.
known as (
    select * from quoted
    where quoted_at > stale_at and cast(moment_at as date) <= {{ as_of_date() }}
),

mids as (
    select
        fill_id,
        {%- for name in horizons %}
        max(case when moment = '{{ name }}' then mid_price end) as mid_price_{{ name }},
        {%- endfor %}
        max(case when moment = 'trade' then mid_price end) as mid_price,
        event_date
    from known
    group by fill_id, event_date
),

option_probes as (
    select
        fill_id,
        option_underlying as underlying,
        moment,
        moment_at,
        stale_at
    from known
    where option_underlying is not null and moment <> 'trade'
),

ticked as (
    {{ as_of_join(
        left='option_probes',
        left_columns=['fill_id', 'moment', 'stale_at'],
        left_at='moment_at',
        right='ticks',
        right_columns=['tick_price_usd'],
        right_at='priced_at',
        key='underlying',
    ) | indent(4) }}
),

underlying_prices as (
    select
        {%- for name in horizons %}
        max(case when moment = '{{ name }}' then tick_price_usd end) as underlying_price_{{ name }}_usd,
        {%- endfor %}
        fill_id
    from ticked
    where priced_at > stale_at
    group by fill_id
),

final as (
    select
        mids.fill_id,
        {%- for name in horizons %}
        mids.mid_price_{{ name }},
        underlying_prices.underlying_price_{{ name }}_usd,
        {%- endfor %}
        mids.mid_price,
        mids.event_date
    from mids
    left join underlying_prices on mids.fill_id = underlying_prices.fill_id
)

select * from final
