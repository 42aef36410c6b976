{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

features as (
    select
        trader_id,
        cast(recent_active_days as double) as active_days,
        net_fee_usd
    from {{ ref('trader_features') }}
),

-- A posterior takes the features as they are; how far few days can be trusted is told here.
scores as (
    select
        given.trader_id,
        given.style,
        {{ settled_probability('given.style_probability', 'features.active_days') }} as style_probability,
        given.micro_segment_id,
        given.is_outlier,
        given.top_reasons,
        given.model_version
    from {{ ref('trader_style_scores') }} as given
    left join features on given.trader_id = features.trader_id
),

posteriors as (
    select
        given.trader_id,
        given.style,
        {{ settled_probability('given.posterior', 'features.active_days') }} as posterior
    from {{ ref('trader_style_posteriors') }} as given
    left join features on given.trader_id = features.trader_id
),

axes as (
    select * from {{ ref('int_trader_axes') }}
),

styles as (
    select * from {{ ref('styles') }}
),

{% if is_incremental() -%}
earlier as (
    select
        *,
        row_number() over (partition by trader_id order by as_of_date desc) as age
    from {{ this }}
    where as_of_date < {{ as_of_date() }}
),

previous as (
    select * from earlier
    where age = 1
),
{%- else -%}
previous as (
    {{ no_earlier_segments() }}
),
{%- endif %}

-- A style changes only when the model is sure of the new one, so that nobody wanders between two on noise.
settled as (
    select
        scores.*,
        cast(round(scores.style_probability, 2) as {{ type_string() }}) as probability_text,
        previous.segment_id as earlier_segment_id,
        previous.segment_since as earlier_since,
        previous.previous_segment_id as earlier_previous_segment_id,
        kept.posterior as kept_probability,
        previous.style is not null
        and previous.style <> scores.style
        and kept.posterior is not null
        and scores.style_probability < {{ var('style_change_probability') }} as is_kept,
        previous.style as earlier_style
    from scores
    left join previous on scores.trader_id = previous.trader_id
    left join posteriors as kept
        on scores.trader_id = kept.trader_id and previous.style = kept.style
),

styled as (
    select
        trader_id,
        case when is_kept then earlier_style else style end as style,
        case when is_kept then kept_probability else style_probability end as style_probability,
        case when not is_kept then micro_segment_id end as micro_segment_id,
        is_outlier,
        case
            when is_kept then 'stays: ' || style || ' is not yet certain (' || probability_text || ')'
            else top_reasons
        end as top_reasons,
        model_version,
        earlier_segment_id,
        earlier_since,
        earlier_previous_segment_id
    from settled
),

named as (
    select
        styled.*,
        concat_ws('__', styled.style, axes.value_tier) as segment_id,
        concat_ws(', ', coalesce(styles.name, styled.style), concat_ws(' ', axes.value_tier, 'value')) as segment_name,
        axes.value_tier,
        axes.risk_appetite,
        axes.lifecycle_stage,
        features.net_fee_usd as net_revenue_usd
    from styled
    inner join axes on styled.trader_id = axes.trader_id
    left join features on styled.trader_id = features.trader_id
    left join styles on styled.style = styles.style
),

final as (
    select
        trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        segment_id,
        segment_name,
        style,
        style_probability,
        value_tier,
        risk_appetite,
        lifecycle_stage,
        micro_segment_id,
        is_outlier,
        top_reasons,
        cast(
            case when segment_id = earlier_segment_id then earlier_since else {{ as_of_date() }} end as date
        ) as segment_since,
        case
            when segment_id = earlier_segment_id then earlier_previous_segment_id
            else earlier_segment_id
        end as previous_segment_id,
        model_version,
        net_revenue_usd
    from named
)

select * from final
