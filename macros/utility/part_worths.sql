{#-
    Part-worths of each row of `sums`, a relation of the `keys` and of `choice_sums()`, as a relation of the keys,
    effective_choices and each attribute with its standard error: one step of a conditional logit, its information
    shrunk toward the diagonal, its result toward the market (docs/derived-utility.md).
-#}
{% macro part_worths(sums, keys) -%}
    {%- set attributes = utility_attributes() -%}
    {%- set settings = var('derived_utility') -%}
    {%- set covariance_kept = ' * ' ~ (1 - settings.covariance_shrinkage) | round(6) ~ 'e0' -%}
    {%- set prior = ' + ' ~ settings.prior_choices -%}
    {#- The linear equations, A x = r, a_i_j the lower triangle of A. -#}
    {%- set systems -%}
        (
            select
                {%- for key in keys %}
                sums.{{ key }},
                {%- endfor %}
                sums.effective_choices,
                {%- for left in attributes %}
                {%- set i = loop.index %}
                {%- for right in attributes[:i] %}
                coalesce(sums.{{ left }}_{{ right }} / (scales.{{ left }} * scales.{{ right }}), 0)
                {{- prior if loop.last else covariance_kept }}
                    as a_{{ i }}_{{ loop.index }},
                {%- endfor %}
                coalesce(sums.{{ left }}_score / scales.{{ left }}, 0) as r_{{ i }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ sums }} as sums
            cross join {{ ref('int_attribute_scales') }} as scales
            where sums.effective_choices >= {{ settings.least_choices }}
        )
    {%- endset -%}
    (
        select
            {%- for key in keys %}
            solved.{{ key }},
            {%- endfor %}
            solved.effective_choices,
            {%- for attribute in attributes %}
            case when scales.{{ attribute }} is not null then solved.x_{{ loop.index }} end as {{ attribute }},
            case when scales.{{ attribute }} is not null then sqrt(solved.inverse_{{ loop.index }}) end
                as {{ attribute }}_se{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ solved_symmetric(systems, attributes | length, keys + ['effective_choices']) }} as solved
        cross join {{ ref('int_attribute_scales') }} as scales
    )
{%- endmacro %}
