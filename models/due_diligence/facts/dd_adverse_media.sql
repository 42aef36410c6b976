-- Open matches with adverse media, by the venue's KYC events.
with

matches as (
    select * from {{ ref('int_verification_matches') }}
    where match_kind = 'adverse_media'
),

final as (
    select
        trader_id,
        open_matches as fact_value,
        cast(null as {{ type_string() }}) as detail
    from matches
)

select * from final
