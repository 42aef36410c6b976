-- Each account as a bucket of its own: on what terms it holds collateral, what it is for, and whether its losses stay
-- in it.
with

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

measures as (
    select * from {{ ref('int_account_measures') }}
),

purposes as (
    select * from {{ ref('int_account_purposes') }}
),

ranked_pools as (
    select
        account_id,
        pool_id,
        count(*) over (partition by account_id) as pool_count,
        row_number() over (
            partition by account_id order by coalesce(equity_usd, 0) desc, pool_id asc
        ) as pool_rank
    from {{ ref('int_account_pools') }}
),

buckets as (
    select
        *,
        lead(least_equity_usd) over (order by coalesce(least_equity_usd, -1e300)) as next_equity_usd
    from {{ ref('equity_buckets') }}
),

breaches as (
    select
        account_id,
        count(case when breach = 'rescue' then 1 end) as rescue_count,
        count(case when breach = 'stripping' then 1 end) as stripping_count,
        max(cast(occurred_at as date)) as last_breach_date
    from {{ ref('int_isolation_breaches') }}
    group by 1
),

transfers_known as (
    select case when count(*) > 0 then 0 end as no_transfer from {{ ref('stg_transfers') }}
    where cast(occurred_at as date) <= {{ as_of_date() }}
),

judged as (
    select
        account_terms.*,
        measures.equity_usd,
        measures.position_count,
        measures.notional_usd,
        measures.hedged_share,
        measures.netted_share,
        coalesce(breaches.rescue_count, transfers_known.no_transfer) as rescue_count,
        coalesce(breaches.stripping_count, transfers_known.no_transfer) as stripping_count,
        case when measures.netted_share >= {{ isolation_threshold('netted_share') }} then 1 else 0 end as netting_count,
        breaches.last_breach_date
    from account_terms
    cross join transfers_known
    inner join measures on account_terms.account_id = measures.account_id
    left join breaches on account_terms.account_id = breaches.account_id
),

final as (
    select
        judged.account_id,
        judged.trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        judged.parent_account_id,
        judged.account_type,
        judged.margin_mode,
        ranked_pools.pool_id,
        coalesce(ranked_pools.pool_count, 0) as pool_count,
        judged.equity_usd,
        buckets.equity_bucket,
        purposes.purpose,
        purposes.purpose_rule,
        judged.position_count,
        judged.notional_usd,
        judged.hedged_share,
        judged.netted_share,
        {%- for breach, count in [
            ('rescue_transfer_count', 'rescue_count'), ('stripping_transfer_count', 'stripping_count'),
            ('isolation_breach_count', 'rescue_count + judged.stripping_count + judged.netting_count'),
        ] %}
        case
            when judged.is_isolated then judged.{{ count }}
            when judged.margin_mode is not null then 0
        end as {{ breach }},
        {%- endfor %}
        case
            when judged.is_isolated then judged.netting_count = 1
            when judged.margin_mode is not null then false
        end as is_netted,
        judged.last_breach_date,
        judged.opened_date,
        judged.closed_date
    from judged
    left join purposes on judged.account_id = purposes.account_id
    left join ranked_pools
        on judged.account_id = ranked_pools.account_id
        and ranked_pools.pool_rank = 1
    left join buckets
        on coalesce(judged.equity_usd >= buckets.least_equity_usd, judged.equity_usd < 0)
        and coalesce(judged.equity_usd < buckets.next_equity_usd, true)
)

select * from final
