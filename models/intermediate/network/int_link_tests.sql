-- What the test of a link needs: of the days on which two traders both traded, on how many each was in a state, and on
-- how many both together. Who trades on weekdays only, or when markets move, meets others like that by habit; given
-- that both trade, habit says nothing about the side.
with

candidates as (
    select * from {{ ref('int_link_candidates') }}
),

states as (
    select
        candidates.underlying,
        candidates.candidate_number,
        states.event_date,
        states.state = 'buy' as bought,
        states.state = 'sell' as sold
    from {{ ref('int_trader_states') }} as states
    inner join candidates
        on states.underlying = candidates.underlying
        and states.trader_id = candidates.trader_id
        and states.event_date between candidates.first_date and candidates.last_date
),

pairs as (
    select
        ours.candidate_number as our_number,
        theirs.candidate_number as their_number,
        count(*) as joint_days,
        count(case when ours.bought then 1 end) as our_buys,
        count(case when ours.sold then 1 end) as our_sells,
        count(case when theirs.bought then 1 end) as their_buys,
        count(case when theirs.sold then 1 end) as their_sells,
        count(case when ours.bought and theirs.bought then 1 end) as buy_buy,
        count(case when ours.sold and theirs.sold then 1 end) as sell_sell,
        count(case when ours.bought and theirs.sold then 1 end) as buy_sell,
        count(case when ours.sold and theirs.bought then 1 end) as sell_buy
    from states as ours
    inner join states as theirs
        on ours.underlying = theirs.underlying
        and ours.event_date = theirs.event_date
        and ours.candidate_number < theirs.candidate_number
    group by 1, 2
),

tests as (
    {%- for our_state, their_state in [('buy', 'buy'), ('sell', 'sell'), ('buy', 'sell'), ('sell', 'buy')] %}
    select
        our_number,
        their_number,
        '{{ our_state }}' as our_state,
        '{{ their_state }}' as their_state,
        cast({{ our_state }}_{{ their_state }} as integer) as common_days,
        cast(our_{{ our_state }}s as integer) as our_days,
        cast(their_{{ their_state }}s as integer) as their_days,
        cast(joint_days as integer) as joint_days
    from pairs
    -- No other can be rarer than chance would have it.
    where {{ our_state }}_{{ their_state }} * joint_days > our_{{ our_state }}s * their_{{ their_state }}s
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        ours.underlying,
        ours.trader_id as our_id,
        theirs.trader_id as their_id,
        tests.our_state,
        tests.their_state,
        tests.common_days,
        tests.our_days,
        tests.their_days,
        tests.joint_days
    from tests
    inner join candidates as ours on tests.our_number = ours.candidate_number
    inner join candidates as theirs on tests.their_number = theirs.candidate_number
)

select * from final
