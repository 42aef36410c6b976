-- Pairs of traders who were in two states together on more days than chance explains (after Tumminello et al. 2012).
{{ config(materialized='table') }}
with

tests as (
    select * from {{ ref('int_link_tests') }}
),

candidates as (
    select * from {{ ref('int_link_candidates') }}
),

-- Two states of each of two traders, for every pair of candidates: four tests of n (n - 1) / 2 pairs an underlying.
counts as (
    select cast(count(*) as double) as candidates
    from candidates
    group by underlying
),

bound as (
    select
        cast(sum(cast(2 * candidates * (candidates - 1) as bigint)) as double) as test_count,
        {{ network_threshold('link_error_rate') }} / sum(cast(2 * candidates * (candidates - 1) as bigint)) as p_value
    from counts
),

-- No tail is smaller than its first term: what is not rare in itself needs no sum.
rare as (
    select
        tests.*,
        bound.test_count,
        bound.p_value as p_value_bound
    from tests
    cross join bound
    where
        {{ hypergeometric_probability(
            'tests.common_days', 'tests.our_days', 'tests.their_days', 'tests.joint_days',
        ) }} <= bound.p_value
),

numbers as (
    select row_number() over (order by event_date) as number
    from (select distinct event_date from {{ ref('int_trader_states') }}) as dates
),

terms as (
    select
        rare.*,
        cast({{ hypergeometric_probability(
            'numbers.number', 'rare.our_days', 'rare.their_days', 'rare.joint_days',
        ) }} as decimal(38, 30)) as probability
    from rare
    inner join numbers
        on numbers.number between rare.common_days and least(rare.our_days, rare.their_days)
),

tails as (
    select
        underlying,
        our_id,
        their_id,
        our_state,
        their_state,
        common_days,
        our_days,
        their_days,
        joint_days,
        test_count,
        p_value_bound,
        cast(sum(probability) as double) as p_value
    from terms
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

validated as (
    select * from tails
    where p_value <= p_value_bound
),

{%- set columns = ['common_days', 'joint_days', 'p_value', 'p_value_bound', 'test_count'] %}

final as (
    select
        our_id as trader_id,
        their_id as other_trader_id,
        underlying,
        our_state as state,
        their_state as other_state,
        our_state = their_state as is_same_side,
        our_days as state_days,
        their_days as other_state_days,
        {{ columns | join(', ') }}
    from validated
    union all
    select
        their_id as trader_id,
        our_id as other_trader_id,
        underlying,
        their_state as state,
        our_state as other_state,
        our_state = their_state as is_same_side,
        their_days as state_days,
        our_days as other_state_days,
        {{ columns | join(', ') }}
    from validated
)

select * from final
