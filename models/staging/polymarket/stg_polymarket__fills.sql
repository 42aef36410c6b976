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
            coalesce(cast({{ column }} as {{ type_string() }}), ''){{ ',' if not loop.last }}
            {%- endfor %}
        )) as fill_id,
        account as account_id,
        -- Some markets call the same party Democrat, others Democratic.
        market || ':' || case outcome when 'Democratic' then 'Democrat' else outcome end as instrument_id,
        ts as executed_at,
        side,
        case when not isnan(shares) then shares end as quantity,
        case when not isnan(price) then price end as price,
        cast(null as {{ type_string() }}) as order_id,
        cast(null as {{ type_string() }}) as fee,
        cast(null as {{ type_string() }}) as fee_currency,
        cast(null as {{ type_string() }}) as liquidity_role,
        cast(null as {{ type_string() }}) as realized_pnl,
        cast(null as {{ type_string() }}) as index_price,
        cast(null as {{ type_string() }}) as mark_iv,
        cast(null as {{ type_string() }}) as is_liquidation,
        cast(null as {{ type_string() }}) as combo_id,
        cast(null as {{ type_string() }}) as block_trade_id,
        case when not isnan(amount_usd) then amount_usd end as reported_notional_usd,
        cast(null as {{ type_string() }}) as ingested_at,
        {{ row_as_json(source_columns) }} as source_values,
        cast(null as {{ type_string() }}) as source_file,
        cast(null as bigint) as source_row
    from source
),

{{ checked_against_contract('fills', 'renamed', raw_values='source_values') }}

select * from checked
