-- Recent transfers just below an amount from which the law asks for more, less those just above it, over the standard
-- deviation that the difference has by chance: amounts that are what they happen to be fall as often on one side as on
-- the other. The largest over directions and thresholds; few transfers below are no pattern.
with

transfers as (
    select * from {{ ref('int_external_transfers') }}
    where is_recent
),

thresholds as (
    select
        threshold_id,
        cast(amount_usd as double) as amount_usd,
        {{ due_diligence_threshold('structuring_margin') }} as margin
    from {{ ref('reporting_thresholds') }}
),

counted as (
    select
        transfers.trader_id,
        transfers.kind,
        thresholds.threshold_id,
        count(case when cast(transfers.amount_usd as double) < thresholds.amount_usd then 1 end) as just_below,
        count(case when cast(transfers.amount_usd as double) >= thresholds.amount_usd then 1 end) as just_above
    from transfers
    inner join thresholds
        on cast(transfers.amount_usd as double) >= thresholds.amount_usd * (1 - thresholds.margin)
        and cast(transfers.amount_usd as double) < thresholds.amount_usd * (1 + thresholds.margin)
    group by 1, 2, 3
),

final as (
    select
        trader_id,
        max(case
            when just_below >= {{ due_diligence_threshold('structuring_least_transfers') }}
                then greatest((just_below - just_above) / sqrt(cast(just_below + just_above as double)), 0)
            else 0
        end) as fact_value,
        cast(null as {{ type_string() }}) as detail
    from counted
    group by 1
)

select * from final
