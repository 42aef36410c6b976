-- Order events of a trader in one instrument and day, counted in one pass.
with

events as (
    select
        orders.*,
        coalesce(accounts.trader_id, orders.account_id) as trader_id
    from {{ ref('stg_orders') }} as orders
    left join {{ ref('int_accounts') }} as accounts on orders.account_id = accounts.account_id
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

asset_days as (
    select * from {{ ref('int_asset_days') }}
),

counted as (
    select
        trader_id,
        instrument_id,
        cast(event_at as date) as event_date,
        count(case when event_type = 'insert' then 1 end) as insert_count,
        count(case when event_type = 'amend' then 1 end) as amend_count,
        count(case when event_type = 'cancel' then 1 end) as cancel_count,
        count(case when event_type = 'fill' then 1 end) as fill_count,
        count(case when event_type = 'reject' then 1 end) as reject_count,
        count(case when event_type = 'expire' then 1 end) as expire_count,
        count(case when event_type in ('insert', 'amend', 'cancel') then 1 end) as message_count,
        count(case when event_type = 'insert' and coalesce(order_type, time_in_force) is not null then 1 end)
            as known_insert_count,
        count(case
            when event_type = 'insert' and (order_type = 'market' or time_in_force in ('ioc', 'fok')) then 1
        end) as aggressive_insert_count,
        count(case when event_type = 'insert' and time_in_force is not null then 1 end) as known_force_insert_count,
        count(case when event_type = 'insert' and time_in_force = 'post_only' then 1 end) as post_only_insert_count,
        count(case when event_type = 'insert' and channel = 'api' then 1 end) as api_insert_count,
        count(case when event_type = 'insert' and channel = 'web' then 1 end) as web_insert_count,
        count(case when event_type = 'insert' and channel = 'mobile' then 1 end) as mobile_insert_count,
        sum(case when event_type = 'insert' then quantity end) as inserted_quantity,
        sum(case when event_type = 'fill' then quantity end) as filled_quantity,
        -- market orders have no price of their own
        {{ share(
            'sum(coalesce(best_bid + best_ask, price + price))',
            '2 * count(coalesce(best_bid + best_ask, price))',
        ) }} as mean_price
    from events
    group by 1, 2, 3
),

valued as (
    select
        counted.*,
        case
            when instruments.is_inverse and instruments.kind = 'option' then cast(underlying_days.price_usd as double)
            when instruments.is_inverse then cast(instruments.contract_multiplier as double)
            else
                counted.mean_price
                * cast(coalesce(instruments.contract_multiplier, 1) as double)
                * cast(
                    {{ dollar_price("upper(coalesce(instruments.quote_currency, 'USD'))", 'quote_days.price_usd') }}
                    as double
                )
        end as unit_value_usd
    from counted
    left join instruments on counted.instrument_id = instruments.instrument_id
    left join asset_days as underlying_days
        on upper(instruments.underlying) = underlying_days.asset and counted.event_date = underlying_days.event_date
    left join asset_days as quote_days
        on upper(instruments.quote_currency) = quote_days.asset and counted.event_date = quote_days.event_date
),

final as (
    select
        trader_id,
        instrument_id,
        event_date,
        insert_count,
        amend_count,
        cancel_count,
        fill_count,
        reject_count,
        expire_count,
        message_count,
        known_insert_count,
        aggressive_insert_count,
        known_force_insert_count,
        post_only_insert_count,
        api_insert_count,
        web_insert_count,
        mobile_insert_count,
        inserted_quantity,
        filled_quantity,
        cast(cast(inserted_quantity as double) * unit_value_usd as {{ contract_type('decimal') }})
            as inserted_notional_usd,
        cast(cast(filled_quantity as double) * unit_value_usd as {{ contract_type('decimal') }})
            as filled_notional_usd
    from valued
)

select * from final
