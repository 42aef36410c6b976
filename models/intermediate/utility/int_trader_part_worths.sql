-- What a trader's choices reveal of the utility of each attribute, beside the market at large, by the as-of date.
{{ config(materialized='table') }}
with -- noqa: disable=LT02

sums as (
    select
        trader_id,
        {{ choice_sums() }}
    from {{ ref('int_trader_choice_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

final as (
    select * from {{ part_worths('sums', ['trader_id']) }} as part_worths
)

select * from final
