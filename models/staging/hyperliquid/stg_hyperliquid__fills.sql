{{ config(enabled=(active_venue() == 'hyperliquid')) }}

{% set source_columns = [
    'Account', 'Coin', 'Execution Price', 'Size Tokens', 'Size USD', 'Side', 'Timestamp IST', 'Start Position',
    'Direction', 'Closed PnL', 'Transaction Hash', 'Order ID', 'Crossed', 'Fee', 'Trade ID', 'Timestamp',
] %}
{% set local_time = timestamp_from_format(adapter.quote('Timestamp IST'), '%d-%m-%Y %H:%M', 'd-M-yyyy H:mm') %}

with

source as (
    select * from {{ source('hyperliquid', 'fills') }}
),

renamed as (
    select
        -- The trade id lost its last digits to a spreadsheet. The whole row tells fills apart: two fills of one account
        -- in one coin and minute differ in their start position.
        md5(concat_ws(
            '|',
            {%- for column in source_columns %}
            coalesce({{ adapter.quote(column) }}, ''){{ ',' if not loop.last }}
            {%- endfor %}
        )) as fill_id,
        {{ adapter.quote('Account') }} as account_id,
        {{ adapter.quote('Coin') }} as instrument_id,
        coalesce(
            cast({{ local_time }} - interval '5 hours 30 minutes' as {{ type_string() }}),
            {{ adapter.quote('Timestamp IST') }}
        ) as executed_at,
        {{ adapter.quote('Side') }} as side,
        {{ adapter.quote('Size Tokens') }} as quantity,
        {{ adapter.quote('Execution Price') }} as price,
        {{ adapter.quote('Order ID') }} as order_id,
        {{ adapter.quote('Fee') }} as fee,
        'USDC' as fee_currency,
        case lower({{ adapter.quote('Crossed') }})
            when 'true' then 'taker'
            when 'false' then 'maker'
        end as liquidity_role,
        {{ adapter.quote('Closed PnL') }} as realized_pnl,
        cast(lower({{ adapter.quote('Direction') }}) like '%liquidat%' as {{ type_string() }}) as is_liquidation,
        {{ adapter.quote('Size USD') }} as reported_notional_usd,
        case
            when {{ adapter.quote('Direction') }} = 'Spot Dust Conversion' then 'not a trade: Spot Dust Conversion'
        end as venue_reason,
        {{ row_as_json(source_columns) }} as source_values
    from source
),

{{ checked_against_contract(
    'fills',
    'renamed',
    absent=[
        'index_price', 'mark_iv', 'combo_id', 'block_trade_id', 'is_deleted', 'ingested_at',
        'source_file', 'source_row',
    ],
    raw_values='source_values',
    venue_reason='venue_reason',
) }}

select * from checked
