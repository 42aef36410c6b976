with

segments as (
    select * from {{ ref('trader_segments') }}
),

feature_values as (
    select * from {{ ref('int_trader_feature_values') }}
),

profiles as (
    select
        segments.segment_id,
        segments.as_of_date,
        feature_values.feature_name,
        count(*) as traders,
        percentile_cont(0.25) within group (order by feature_values.feature_value) as lower_quartile,
        percentile_cont(0.5) within group (order by feature_values.feature_value) as median,
        percentile_cont(0.75) within group (order by feature_values.feature_value) as upper_quartile,
        min(feature_values.feature_value) as lowest,
        max(feature_values.feature_value) as highest,
        sum(feature_values.transformed_value) as total,
        sum(cast(power(cast(feature_values.transformed_value as double), 2) as decimal(38, 6))) as total_of_squares
    from segments
    inner join feature_values on segments.trader_id = feature_values.trader_id
    group by 1, 2, 3
),

moments as (
    select
        feature_name,
        cast(sum(traders) as double) as traders,
        cast(sum(total) as double) as total,
        cast(sum(total_of_squares) as double) as total_of_squares,
        min(lowest) < max(highest) as is_varied
    from profiles
    group by 1
),

everybody as (
    select
        feature_name,
        total / traders as mean,
        -- a share that is the same for all still differs once it is smoothed by each trader's number of fills
        case
            when is_varied then sqrt(greatest(total_of_squares / traders - (total / traders) * (total / traders), 0))
        end as deviation
    from moments
),

final as (
    select
        profiles.segment_id,
        profiles.feature_name,
        profiles.as_of_date,
        profiles.traders,
        profiles.lower_quartile,
        profiles.median,
        profiles.upper_quartile,
        ({{ share('profiles.total', 'profiles.traders') }} - everybody.mean)
        / case when everybody.deviation > 0.000001 then everybody.deviation end as z_score
    from profiles
    inner join everybody on profiles.feature_name = everybody.feature_name
)

select * from final
