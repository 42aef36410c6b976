-- How a trader's profit and positioning move with the market: correlation, beta and t-statistic, shrunk to none.
{%- set limits = var('correlation') %}
{%- set relations = ['pnl', 'volatility', 'equity', 'positioning', 'positioning_volatility'] %}
{%- set products = [('y', 'y'), ('x', 'x'), ('control', 'control'), ('x', 'y'), ('y', 'control'), ('x', 'control')] %}
with

pairs as (
    select * from {{ ref('int_trader_market_pairs') }}
),

sums as (
    select
        trader_id,
        relation,
        min(pnl_source) as pnl_source,
        count(*) as n,
        count(control) as control_count,
        {%- for a, b in products %}
        cast(sum({{ a }} * {{ b }}) as double)
        - cast(sum({{ a }}) as double) * cast(sum({{ b }}) as double) / count(*) as {{ a }}_{{ b }},
        {%- endfor %}
        1e-12 * cast(sum(y * y) as double) as y_noise,
        1e-12 * cast(sum(x * x) as double) as x_noise,
        1e-12 * cast(sum(control * control) as double) as control_noise
    from pairs
    group by 1, 2
),

-- A series that does not vary beyond rounding has no correlation.
varying as (
    select
        sums.*,
        case when y_y > y_noise then y_y end as y_variation,
        case when x_x > x_noise then x_x end as x_variation,
        case when control_control > control_noise then control_control end as control_variation
    from sums
),

simple as (
    select
        varying.*,
        x_y / sqrt(x_variation * y_variation) as simple_r,
        coalesce(y_control / sqrt(y_variation * control_variation), 0) as y_control_r,
        coalesce(x_control / sqrt(x_variation * control_variation), 0) as x_control_r
    from varying
),

-- Partial correlation: what is left once both are freed of the control; without one it is the simple correlation.
partial as (
    select
        simple.*,
        n - 2 - case when control_count > 0 then 1 else 0 end as degrees_of_freedom,
        (simple_r - y_control_r * x_control_r)
        / nullif(sqrt(greatest((1 - y_control_r * y_control_r) * (1 - x_control_r * x_control_r), 0)), 0) as r,
        sqrt(
            y_variation * greatest(1 - y_control_r * y_control_r, 0)
            / nullif(x_variation * greatest(1 - x_control_r * x_control_r, 0), 0)
        ) as scale_of_y
    from simple
    where n >= {{ limits.least_observations }}
),

bounded as (
    select
        partial.*,
        case when abs(r) > 0.999999 then sign(r) * 0.999999 else r end as bounded_r
    from partial
),

shrunk as (
    select
        bounded.*,
        tanh(atanh(bounded_r) * n / (n + {{ limits.prior_observations }})) as shrunk_r,
        bounded_r * sqrt(degrees_of_freedom / (1 - bounded_r * bounded_r)) as t_statistic
    from bounded
),

-- Realised profit is over notional, not over equity: its slope would mean something else.
slopes as (
    select
        shrunk.*,
        case when pnl_source <> 'realized' then shrunk_r * scale_of_y end as slope
    from shrunk
),

counts as (
    select
        trader_id,
        coalesce(max(case when relation = 'pnl' then n end), 0) as correlation_days,
        coalesce(max(case when relation = 'positioning' then n end), 0) as positioning_days
    from sums
    group by 1
),

estimates as (
    select
        {%- for relation in relations %}
        round(max(case when relation = '{{ relation }}' then shrunk_r end), 12) as {{ relation }}_correlation,
        round(max(case when relation = '{{ relation }}' then slope end), 12) as {{ relation }}_beta,
        round(max(case when relation = '{{ relation }}' then t_statistic end), 12) as {{ relation }}_correlation_t,
        {%- endfor %}
        trader_id
    from slopes
    group by trader_id
),

final as (
    select
        counts.trader_id,
        {%- for relation in relations %}
        estimates.{{ relation }}_correlation,
        estimates.{{ relation }}_beta,
        estimates.{{ relation }}_correlation_t,
        {%- endfor %}
        counts.correlation_days,
        counts.positioning_days
    from counts
    left join estimates on counts.trader_id = estimates.trader_id
)

select * from final
