-- The champion's probability of each style for each trader; under one in a million left out.
with

ruled as (
    select * from {{ ref('int_trader_ruled_styles') }}
),

learned as (
    select * from {{ ref('int_trader_style_posteriors') }}
),

final as (
    select
        trader_id,
        style,
        cast(1 as double) as posterior
    from ruled
    union all
    select
        trader_id,
        style,
        posterior
    from learned
    where posterior >= 0.000001
)

select * from final
