with

curves as (
    select * from {{ ref('campaign_qini_curves') }}
),

final as (
    select
        campaign_id,
        cast(targeted_share as double) as targeted_share,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(treated as bigint) as treated,
        cast(control as bigint) as control,
        cast(net_revenue_uplift_usd as double) as net_revenue_uplift_usd,
        cast(random_uplift_usd as double) as random_uplift_usd,
        cast(random_low_usd as double) as random_low_usd,
        cast(random_high_usd as double) as random_high_usd,
        cast(qini_coefficient_usd as double) as qini_coefficient_usd
    from curves
)

select * from final
