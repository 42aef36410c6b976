-- Who moved from which segment to which between one scoring date and the next, who arrived and who left.
with

history as (
    select * from {{ ref('trader_segment_history') }}
    where as_of_date <= {{ as_of_date() }}
),

scoring_dates as (
    select
        as_of_date,
        max(model_version) as model_version
    from history
    group by 1
),

periods as (
    select
        as_of_date as period_end_date,
        model_version as end_model_version,
        lag(as_of_date) over (order by as_of_date) as period_start_date,
        lag(model_version) over (order by as_of_date) as start_model_version
    from scoring_dates
),

starts as (
    select
        periods.period_end_date,
        history.trader_id,
        history.segment_id,
        history.net_revenue_usd
    from periods
    inner join history on periods.period_start_date = history.as_of_date
),

finishes as (
    select
        periods.period_end_date,
        history.trader_id,
        history.segment_id,
        history.net_revenue_usd
    from periods
    inner join history on periods.period_end_date = history.as_of_date
    where periods.period_start_date is not null
),

moves as (
    select
        coalesce(starts.segment_id, 'arrived') as from_segment_id,
        coalesce(finishes.segment_id, 'left') as to_segment_id,
        coalesce(starts.period_end_date, finishes.period_end_date) as period_end_date,
        case
            when finishes.trader_id is null then starts.net_revenue_usd
            else finishes.net_revenue_usd
        end as net_revenue_usd
    from starts
    full outer join finishes
        on starts.period_end_date = finishes.period_end_date and starts.trader_id = finishes.trader_id
),

flows as (
    select
        from_segment_id,
        to_segment_id,
        period_end_date,
        count(*) as traders,
        sum(net_revenue_usd) as net_revenue_usd
    from moves
    group by 1, 2, 3
),

final as (
    select
        flows.from_segment_id,
        flows.to_segment_id,
        periods.period_start_date,
        flows.period_end_date,
        flows.traders,
        case when flows.from_segment_id <> 'arrived' then {{ share(
            'flows.traders',
            'sum(flows.traders) over (partition by flows.period_end_date, flows.from_segment_id)',
        ) }} end as from_segment_share,
        cast(flows.net_revenue_usd as {{ contract_type('decimal') }}) as net_revenue_usd,
        periods.start_model_version <> periods.end_model_version as is_model_change
    from flows
    inner join periods on flows.period_end_date = periods.period_end_date
)

select * from final
