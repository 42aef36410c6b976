-- Whoever leaves or is not watched any longer is no longer at risk, survival never rises, and bounds hold it.
with

weeks as (
    select
        *,
        coalesce(lead(at_risk) over (partition by segment_id order by weeks_since), 0) as next_at_risk,
        coalesce(lag(survival) over (partition by segment_id order by weeks_since), 1) as previous_survival
    from {{ ref('segment_survival') }}
)

select * from weeks
where
    next_at_risk <> at_risk - events - censored
    or survival > previous_survival
    or survival < 0
    or survival_low > survival
    or survival_high < survival
    or survival_high > 1
