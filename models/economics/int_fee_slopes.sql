-- Response of volume per basis point of fees, by segment: least squares through the origin, with an error that is
-- clustered by trader.
{%- set exact = contract_type('decimal') %}
with

traders as (
    select
        trader_id,
        segment_id
    from {{ ref('trader_segments') }}
    union all
    select
        trader_id,
        'all' as segment_id
    from {{ ref('trader_segments') }}
),

-- Per trader, because the errors of one trader's changes go together.
moments as (
    select
        trader_id,
        count(*) as change_count,
        sum(cast(abs(change_bps) as {{ exact }})) as change_bps,
        cast(sum(cast(change_bps * response as {{ exact }})) as double) as product,
        cast(sum(cast(change_bps * change_bps as {{ exact }})) as double) as square
    from {{ ref('int_fee_responses') }}
    group by 1
),

sums as (
    select
        traders.segment_id,
        count(*) as trader_count,
        sum(moments.change_count) as change_count,
        {{ share('sum(moments.change_bps)', 'sum(moments.change_count)') }} as mean_change_bps,
        cast(sum(cast(moments.product as {{ exact }})) as double) as product,
        cast(sum(cast(moments.square as {{ exact }})) as double) as square,
        cast(sum(cast(moments.product * moments.product as {{ exact }})) as double) as products_squared,
        cast(sum(cast(moments.product * moments.square as {{ exact }})) as double) as products_crossed,
        cast(sum(cast(moments.square * moments.square as {{ exact }})) as double) as squares_squared
    from moments
    inner join traders on moments.trader_id = traders.trader_id
    group by 1
),

slopes as (
    select
        sums.*,
        {{ share('product', 'square') }} as slope
    from sums
),

residuals as (
    select
        *,
        products_squared - 2 * slope * products_crossed + slope * slope * squares_squared as squared_errors,
        nullif(cast(trader_count as double) - 1, 0) as degrees
    from slopes
),

final as (
    select
        segment_id,
        trader_count,
        change_count,
        mean_change_bps,
        slope,
        degrees,
        sqrt(trader_count / degrees * case when squared_errors > 0 then squared_errors else 0 end) / square
            as deviation
    from residuals
)

select * from final
