{#- Probability that independent choices of `left` and of `right` among `total` days share exactly `common`. -#}
{% macro hypergeometric_probability(common, left, right, total) -%}
    exp(
        {{ log_factorial(left) }} + {{ log_factorial(right) }}
        + {{ log_factorial('(' ~ total ~ ' - ' ~ left ~ ')') }} + {{ log_factorial('(' ~ total ~ ' - ' ~ right ~ ')') }}
        - ({{ log_factorial(total) }}) - ({{ log_factorial(common) }})
        - ({{ log_factorial('(' ~ left ~ ' - ' ~ common ~ ')') }})
        - ({{ log_factorial('(' ~ right ~ ' - ' ~ common ~ ')') }})
        - ({{ log_factorial('(' ~ total ~ ' - ' ~ left ~ ' - ' ~ right ~ ' + ' ~ common ~ ')') }})
    )
{%- endmacro %}
