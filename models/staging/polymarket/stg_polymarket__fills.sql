{{ config(enabled=(active_venue() == 'polymarket')) }}

{% set source_columns = ['market', 'ts', 'account', 'side', 'outcome', 'amount_usd', 'shares', 'price'] %}

with

source as (
    select * from {{ source('polymarket', 'trades') }}
),

renamed as (
    select
        -- The export has no trade id: a row is its own key, and a second copy of it a duplicate.
        md5(concat_ws(
            '|',
            {%- for column in source_columns %}
            coalesce({{ plain_text(column) }}, ''){{ ',' if not loop.last }}
            {%- endfor %}
        )) as fill_id,
        account as account_id,
        -- Some markets call the same party Democrat, others Democratic.
        market || ':' || case outcome when 'Democratic' then 'Democrat' else outcome end as instrument_id,
        ts as executed_at,
        side,
        case when not isnan(shares) then shares end as quantity,
        case when not isnan(price) then price end as price,
        case when not isnan(amount_usd) then amount_usd end as reported_notional_usd,
        {{ row_as_json(source_columns) }} as source_values
    from source
),

{{ checked_against_contract(
    'fills',
    'renamed',
    absent=[
        'order_id', 'fee', 'fee_currency', 'liquidity_role', 'realized_pnl', 'index_price', 'mark_iv',
        'is_liquidation', 'combo_id', 'block_trade_id', 'is_deleted', 'ingested_at', 'source_file', 'source_row',
    ],
    raw_values='source_values',
) }}

select * from checked
