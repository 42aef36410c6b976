-- What the test of a link needs: on how many days two traders were in two states together, and how often each was in its
-- own within the days on which both were about.
with

candidates as (
    select * from {{ ref('int_link_candidates') }}
),

-- One number for a candidate and a day: joined on both apart, a planner may first pair all days of a candidate.
candidate_days as (
    select
        *,
        candidate_number * 1000000 + {{ dbt.datediff("cast('1970-01-01' as date)", 'event_date', 'day') }} as day_key
    from {{ ref('int_link_candidate_days') }}
),

meetings as (
    select
        ours.candidate_number as our_number,
        theirs.candidate_number as their_number,
        count(case when ours.bought = 1 and theirs.bought = 1 then 1 end) as buy_buy,
        count(case when ours.sold = 1 and theirs.sold = 1 then 1 end) as sell_sell,
        count(case when ours.bought = 1 and theirs.sold = 1 then 1 end) as buy_sell,
        count(case when ours.sold = 1 and theirs.bought = 1 then 1 end) as sell_buy
    from candidate_days as ours
    inner join candidate_days as theirs
        on ours.underlying = theirs.underlying
        and ours.event_date = theirs.event_date
        and ours.candidate_number < theirs.candidate_number
    where ours.bought + ours.sold = 1 and theirs.bought + theirs.sold = 1
    group by 1, 2
),

windows as (
    select
        meetings.*,
        ours.underlying,
        ours.trader_id as our_id,
        theirs.trader_id as their_id,
        greatest(ours.first_date, theirs.first_date) as first_date,
        least(ours.last_date, theirs.last_date) as last_date
    from meetings
    inner join candidates as ours on meetings.our_number = ours.candidate_number
    inner join candidates as theirs on meetings.their_number = theirs.candidate_number
    where
        greatest(meetings.buy_buy, meetings.sell_sell, meetings.buy_sell, meetings.sell_buy)
        >= {{ network_threshold('link_common_days') }}
),

pairs as (
    select
        windows.*,
        {{ dbt.datediff("cast('1970-01-01' as date)", 'first_date', 'day') }} as first_day,
        {{ dbt.datediff("cast('1970-01-01' as date)", 'last_date', 'day') }} as last_day
    from windows
),

counted as (
    select
        pairs.*,
        pairs.last_day - pairs.first_day + 1 as window_days,
        our_last.bought_until - our_first.bought_until + our_first.bought as our_buys,
        our_last.sold_until - our_first.sold_until + our_first.sold as our_sells,
        their_last.bought_until - their_first.bought_until + their_first.bought as their_buys,
        their_last.sold_until - their_first.sold_until + their_first.sold as their_sells
    from pairs
    {%- for who in ['our', 'their'] %}
    {%- for day in ['first', 'last'] %}
    inner join candidate_days as {{ who }}_{{ day }}
        on pairs.{{ who }}_number * 1000000 + pairs.{{ day }}_day = {{ who }}_{{ day }}.day_key
    {%- endfor %}
    {%- endfor %}
),

final as (
    {%- for our_state, their_state in [('buy', 'buy'), ('sell', 'sell'), ('buy', 'sell'), ('sell', 'buy')] %}
    select
        underlying,
        our_id,
        their_id,
        '{{ our_state }}' as our_state,
        '{{ their_state }}' as their_state,
        cast({{ our_state }}_{{ their_state }} as integer) as common_days,
        cast(our_{{ our_state }}s as integer) as our_days,
        cast(their_{{ their_state }}s as integer) as their_days,
        cast(window_days as integer) as window_days
    from counted
    where {{ our_state }}_{{ their_state }} >= {{ network_threshold('link_common_days') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
