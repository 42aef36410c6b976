-- Transfers just below an amount from which the law asks for more, less those just above it. Amounts that are what they
-- happen to be fall as often on one side as on the other; who splits them, on one.
{%- set margin = 0.1 %}
with

transfers as (
    select * from {{ ref('int_external_transfers') }}
    where event_date > cast({{ dbt.dateadd('day', -var('due_diligence_days'), as_of_date()) }} as date)
),

thresholds as (
    select
        threshold_id,
        cast(amount_usd as double) as amount_usd
    from {{ ref('reporting_thresholds') }}
),

counted as (
    select
        transfers.trader_id,
        thresholds.threshold_id,
        count(case when transfers.absolute_amount_usd < thresholds.amount_usd then 1 end) as just_below,
        count(case when transfers.absolute_amount_usd >= thresholds.amount_usd then 1 end) as just_above
    from transfers
    inner join thresholds
        on transfers.absolute_amount_usd >= thresholds.amount_usd * {{ 1 - margin }}
        and transfers.absolute_amount_usd < thresholds.amount_usd * {{ 1 + margin }}
    group by 1, 2
),

final as (
    select
        trader_id,
        'transfers_below_threshold' as fact,
        cast(max(just_below - just_above) as double) as fact_value
    from counted
    group by 1
)

select * from final
