-- Who moved from which segment to which between one scoring date and the next.
with

history as (
    select * from {{ ref('trader_segment_history') }}
    where as_of_date <= {{ as_of_date() }}
),

features as (
    select * from {{ ref('trader_features') }}
),

periods as (
    select
        as_of_date as period_end_date,
        lag(as_of_date) over (order by as_of_date) as period_start_date
    from (select distinct as_of_date from history) as dates
),

moves as (
    select
        periods.period_start_date,
        periods.period_end_date,
        before_period.segment_id as from_segment_id,
        after_period.segment_id as to_segment_id,
        count(*) as traders,
        sum(features.net_fee_usd) as net_revenue_usd
    from periods
    inner join history as before_period on periods.period_start_date = before_period.as_of_date
    inner join history as after_period
        on periods.period_end_date = after_period.as_of_date
        and before_period.trader_id = after_period.trader_id
    left join features on after_period.trader_id = features.trader_id
    group by 1, 2, 3, 4
),

final as (
    select
        from_segment_id,
        to_segment_id,
        period_start_date,
        period_end_date,
        traders,
        {{ share('traders', 'sum(traders) over (partition by period_end_date, from_segment_id)') }}
            as from_segment_share,
        cast(net_revenue_usd as {{ contract_type('decimal') }}) as net_revenue_usd
    from moves
)

select * from final
