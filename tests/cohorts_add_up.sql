-- Everybody who has traded is in one cohort and traded in its first week; nobody trades before it or more than there
-- are.
with

traders as (
    select count(case when fill_count > 0 then 1 end) as traders
    from {{ ref('trader_features') }}
),

cohorts as (
    select
        coalesce(sum(case when weeks_since = 0 then traders end), 0) as traders,
        coalesce(sum(case
            when weeks_since = 0 and active <> traders then 1
            when active > traders then 1
            when is_observed and active is null then 1
            when not is_observed and (active is not null or retention is not null or revenue_usd is not null) then 1
        end), 0) as faults
    from {{ ref('retention_cohorts') }}
)

select
    traders.traders,
    cohorts.traders as cohort_traders,
    cohorts.faults
from traders
cross join cohorts
where traders.traders <> cohorts.traders or cohorts.faults > 0
