-- The two formulations of as_of_join give the same rows: earlier, at the instant, before any; another key, no key, no
-- time.
{{ config(enabled=(target.type == 'duckdb')) }}
{%- set trades = [
    ('before any quote', "'perpetual'", "'2026-03-01 09:59:59'", none),
    ('at the first quote', "'perpetual'", "'2026-03-01 10:00:00'", 100),
    ('another at that instant', "'perpetual'", "'2026-03-01 10:00:00'", 100),
    ('between quotes', "'perpetual'", "'2026-03-01 10:00:09.999999'", 100),
    ('after the last quote', "'perpetual'", "'2026-03-02 00:00:00'", 102),
    ('of another instrument', "'option'", "'2026-03-01 10:00:30'", 5),
    ('of an unquoted instrument', "'spot'", "'2026-03-01 10:00:30'", none),
    ('of no instrument', 'null', "'2026-03-01 10:00:30'", none),
    ('at no time', "'perpetual'", 'null', none),
] %}
{%- set quotes = [
    ("'perpetual'", "'2026-03-01 10:00:00'", 100),
    ("'perpetual'", "'2026-03-01 10:00:10'", 101),
    ("'perpetual'", "'2026-03-01 10:00:20'", 102),
    ("'option'", "'2026-03-01 10:00:10'", 5),
    ('null', "'2026-03-01 10:00:10'", 7),
    ("'perpetual'", 'null', 9),
] %}
{%- set sides = {
    'left': 'trades', 'left_columns': ['trade_id', 'traded_at'], 'left_at': 'traded_at',
    'right': 'quotes', 'right_columns': ['mid_price'], 'right_at': 'quoted_at', 'key': 'instrument_id',
} %}
with

trades as (
    {%- for trade_id, instrument_id, traded_at, mid_price in trades %}
    {{ 'union all' if not loop.first }}
    select
        '{{ trade_id }}' as trade_id,
        cast({{ instrument_id }} as {{ type_string() }}) as instrument_id,
        cast({{ traded_at }} as timestamp) as traded_at
    {%- endfor %}
),

quotes as (
    {%- for instrument_id, quoted_at, mid_price in quotes %}
    {{ 'union all' if not loop.first }}
    select
        cast({{ instrument_id }} as {{ type_string() }}) as instrument_id,
        cast({{ quoted_at }} as timestamp) as quoted_at,
        {{ mid_price }} as mid_price
    {%- endfor %}
),

expected as (
    {%- for trade_id, instrument_id, traded_at, mid_price in trades if mid_price is not none %}
    {{ 'union all' if not loop.first }}
    select
        '{{ trade_id }}' as trade_id,
        {{ mid_price }} as mid_price
    {%- endfor %}
),

by_as_of as (
    {{ default__as_of_join(**sides) | indent(4) }}
),

by_window as (
    {{ spark__as_of_join(**sides) | indent(4) }}
),

final as (
    select
        coalesce(expected.trade_id, by_as_of.trade_id, by_window.trade_id) as trade_id,
        expected.mid_price as expected_mid_price,
        by_as_of.mid_price as as_of_mid_price,
        by_window.mid_price as window_mid_price
    from expected
    full outer join by_as_of on expected.trade_id = by_as_of.trade_id
    full outer join by_window on coalesce(expected.trade_id, by_as_of.trade_id) = by_window.trade_id
    where expected.mid_price is distinct from by_as_of.mid_price
        or expected.mid_price is distinct from by_window.mid_price
)

select * from final
