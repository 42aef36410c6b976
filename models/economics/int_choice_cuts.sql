-- Days up to which choices are known when shares are predicted: the as-of date, and those before each week in which the
-- backtest looks for new expiries.
{{ config(materialized='view') }}
{%- set backtest = var('choice_shares') %}
with

offsets as (
    select 0 as days_before
    {%- for week in range(1, backtest.weeks + 1) %}
    union all
    select {{ backtest.listing_days + 7 * week }} as days_before
    {%- endfor %}
),

final as (
    select
        cast({{ dbt.dateadd('day', '-1 * days_before', as_of_date()) }} as date) as cut_date,
        days_before = 0 as is_present
    from offsets
)

select * from final
