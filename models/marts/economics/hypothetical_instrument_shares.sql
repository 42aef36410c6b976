-- Share that each instrument of the seed hypothetical_instruments is expected to take of a segment's choices.
with

shares as (
    select * from {{ ref('hypothetical_shares') }}
),

segments as (
    select * from {{ ref('segment_summary') }}
),

final as (
    select
        cast(shares.instrument_name as {{ type_string() }}) as instrument_name,
        cast(shares.segment_id as {{ type_string() }}) as segment_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(coalesce(segments.segment_name, 'All traders') as {{ type_string() }}) as segment_name,
        instruments.kind,
        upper(instruments.underlying) as underlying,
        cast(shares.instrument_class as {{ type_string() }}) as instrument_class,
        cast(shares.traders as bigint) as traders,
        cast(shares.choices as double) as choices,
        cast(shares.expected_share as double) as expected_share,
        cast(shares.expected_share_low as double) as expected_share_low,
        cast(shares.expected_share_high as double) as expected_share_high,
        cast(shares.popular_share as double) as popular_share,
        cast(shares.unknown_because as {{ type_string() }}) as unknown_because
    from shares
    inner join {{ ref('hypothetical_instruments') }} as instruments
        on shares.instrument_name = instruments.instrument_name
    left join segments on shares.segment_id = segments.segment_id
)

select * from final
