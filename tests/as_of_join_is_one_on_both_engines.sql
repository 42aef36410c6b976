-- The two formulations of as_of_join give the same rows: earlier, at the instant, before any, another key, no key, no time.
{{ config(enabled=(target.type == 'duckdb')) }}
{%- set sides = {
    'left': 'trades', 'left_columns': ['trade_id', 'traded_at'], 'left_at': 'traded_at',
    'right': 'quotes', 'right_columns': ['mid_price'], 'right_at': 'quoted_at', 'key': 'instrument_id',
} %}
with

trades as (
    select
        trade_id,
        instrument_id,
        cast(traded_at as timestamp) as traded_at
    from (values
        ('before any quote', 'perpetual', '2026-03-01 09:59:59'),
        ('at the first quote', 'perpetual', '2026-03-01 10:00:00'),
        ('twice at one instant', 'perpetual', '2026-03-01 10:00:00'),
        ('between quotes', 'perpetual', '2026-03-01 10:00:09.999999'),
        ('after the last quote', 'perpetual', '2026-03-02 00:00:00'),
        ('of another instrument', 'option', '2026-03-01 10:00:30'),
        ('of an unquoted instrument', 'spot', '2026-03-01 10:00:30'),
        ('of no instrument', null, '2026-03-01 10:00:30'),
        ('at no time', 'perpetual', null)
    ) as rows_given (trade_id, instrument_id, traded_at)
),

quotes as (
    select
        instrument_id,
        cast(quoted_at as timestamp) as quoted_at,
        cast(mid_price as double) as mid_price
    from (values
        ('perpetual', '2026-03-01 10:00:00', 100),
        ('perpetual', '2026-03-01 10:00:10', 101),
        ('perpetual', '2026-03-01 10:00:20', 102),
        ('option', '2026-03-01 10:00:10', 5),
        (null, '2026-03-01 10:00:10', 7),
        ('perpetual', null, 9)
    ) as rows_given (instrument_id, quoted_at, mid_price)
),

expected as (
    select
        trade_id,
        formulation,
        cast(mid_price as double) as mid_price
    from (values
        ('at the first quote', 100),
        ('twice at one instant', 100),
        ('between quotes', 100),
        ('after the last quote', 102),
        ('of another instrument', 5)
    ) as rows_given (trade_id, mid_price)
    cross join (values ('as of'), ('window')) as formulations (formulation)
),

by_as_of as (
    {{ default__as_of_join(**sides) }}
),

by_window as (
    {{ spark__as_of_join(**sides) }}
),

found as (
    select
        trade_id,
        mid_price,
        'as of' as formulation
    from by_as_of
    union all
    select
        trade_id,
        mid_price,
        'window' as formulation
    from by_window
),

final as (
    select
        coalesce(found.trade_id, expected.trade_id) as trade_id,
        coalesce(found.formulation, expected.formulation) as formulation,
        found.mid_price,
        expected.mid_price as expected_mid_price
    from found
    full outer join expected on found.trade_id = expected.trade_id and found.formulation = expected.formulation
    where found.mid_price is distinct from expected.mid_price
)

select * from final
