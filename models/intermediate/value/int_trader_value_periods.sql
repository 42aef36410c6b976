-- What each trader was worth in each span of seven days that ends on the as-of date or whole weeks before it: unlike
-- an ISO week the last one is complete.
{{ config(materialized='table') }}
with

{{ trader_value_by(
    "cast(floor(" ~ dbt.datediff('event_date', 'as_of_date', 'day') ~ " / 7.0) as bigint)",
    'weeks_ago',
) }},

basis as (
    select * from {{ ref('int_value_basis') }}
),

final as (
    select
        valued.trader_id,
        valued.weeks_ago,
        valued.is_active,
        valued.fill_count,
        cast(
            case when basis.value_basis = 'notional' then valued.notional_usd else valued.net_value_usd end
            as {{ contract_type('decimal') }}
        ) as value_usd
    from valued
    cross join basis
)

select * from final
