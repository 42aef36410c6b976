with

uplifts as (
    select * from {{ ref('campaign_uplifts') }}
),

assignments as (
    select
        campaign_id,
        min(assigned_on) as first_assigned_on,
        max(assigned_on) as last_assigned_on
    from {{ ref('int_campaign_assignments') }}
    group by 1
),

final as (
    select
        uplifts.campaign_id,
        uplifts.segment_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(uplifts.treated as bigint) as treated,
        cast(uplifts.control as bigint) as control,
        cast(uplifts.not_yet_observed as bigint) as not_yet_observed,
        {%- for measure in ['net_revenue', 'retention'] %}
        {%- set unit = '_usd' if measure == 'net_revenue' else '' %}
        {%- for figure in ['treated', 'control', 'uplift', 'uplift_low', 'uplift_high'] %}
        cast(uplifts.{{ measure }}_{{ figure }}{{ unit }} as double) as {{ measure }}_{{ figure }}{{ unit }},
        {%- endfor %}
        cast(uplifts.{{ measure }}_variance_share as double) as {{ measure }}_variance_share,
        cast(uplifts.{{ measure }}_minimum_traders as bigint) as {{ measure }}_minimum_traders,
        {%- endfor %}
        assignments.first_assigned_on,
        assignments.last_assigned_on
    from uplifts
    inner join assignments on uplifts.campaign_id = assignments.campaign_id
)

select * from final
