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
        {%- for figure in [
            'net_revenue_uplift', 'random_uplift', 'random_low', 'random_high', 'qini_coefficient',
        ] %}
        cast({{ figure }}_usd as double) as {{ figure }}_usd{{ ',' if not loop.last }}
        {%- endfor %}
    from curves
)

select * from final
