{#-
    Volatility at which Black-76 gives an option its price, as a relation of `key` and `implied_volatility`. The
    relation that it reads has the columns `key`, price, forward, strike, years_to_expiry and option_type, all
    prices in one currency.

    By parity and symmetry every option is a call out of the money by x = |ln(F / K)|, whose price over sqrt(F K)
    is b(s) = exp(-x / 2) N(s / 2 - x / s) - exp(x / 2) N(-s / 2 - x / s), s = sigma sqrt(T) (Jaeckel 2015, "Let's
    be rational", Wilmott 75). Halley's method on ln b from s = sqrt(2 pi) b + x / 2, at most halving or doubling
    s in a step, has converged after five steps wherever s <= 6 and a vol point moves the price by a millionth of
    sqrt(F K). Beyond, and outside the bounds of no arbitrage, the volatility is NULL.
-#}
{% macro implied_volatility(relation, key) -%}
    (
        with

        ratios as (
            select
                *,
                ln(forward / strike) as log_ratio,
                price - greatest({{ option_sign('option_type') }} * (forward - strike), 0e0) as time_value
            from {{ relation }}
            where forward > 0 and strike > 0 and years_to_expiry > 0 and option_type in ('call', 'put')
        ),

        normalised as (
            select
                {{ key }},
                years_to_expiry,
                abs(log_ratio) as x,
                case
                    when time_value > 0 and time_value < sqrt(forward * strike) * exp(-0.5e0 * abs(log_ratio))
                        then time_value / sqrt(forward * strike)
                end as b
            from ratios
        ),

        step_0 as (
            select
                *,
                2.5066282746310002e0 * b + 0.5e0 * x as s
            from normalised
        ),
        {%- for step in range(1, 6) %}

        terms_{{ step }} as (
            select
                *,
                0.5e0 * s - x / s as d1,
                -0.5e0 * s - x / s as d2
            from step_{{ step - 1 }}
        ),

        prices_{{ step }} as (
            select
                *,
                greatest(
                    exp(-0.5e0 * x) * {{ normal_cdf('d1') }} - exp(0.5e0 * x) * {{ normal_cdf('d2') }}, 1e-300
                ) as model_b,
                greatest(exp(-0.5e0 * x) * {{ normal_pdf('d1') }}, 1e-300) as slope
            from terms_{{ step }}
        ),

        directions_{{ step }} as (
            select
                *,
                ln(model_b / b) * model_b / slope as newton,
                x * x / (s * s * s) - 0.25e0 * s - slope / model_b as curvature
            from prices_{{ step }}
        ),

        step_{{ step }} as (
            select
                {{ key }},
                years_to_expiry,
                x,
                b,
                least(greatest(s - newton / (1e0 - 0.5e0 * newton * curvature), 0.5e0 * s), 2e0 * s) as s
            from directions_{{ step }}
        ),
        {%- endfor %}

        solved as (
            select
                {{ key }},
                case
                    when
                        s <= 6e0
                        and exp(-0.5e0 * x) * {{ normal_pdf('(0.5e0 * s - x / s)') }} * sqrt(years_to_expiry) >= 1e-4
                        then s / sqrt(years_to_expiry)
                end as implied_volatility
            from step_5
        )

        select * from solved
    )
{%- endmacro %}
