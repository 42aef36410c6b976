{#-
    CTEs from `components` to `style_posteriors`: what the discriminant gives each trader of the CTE `inputs`, rows of
    int_trader_inputs. A trader is one row, with a column for each component and style, up to the last step: sums and
    comparisons over rows cost four times as much.
-#}
{% macro style_posteriors(components) -%}
    {%- set styles = components | map(attribute='style') | unique | list %}
    {%- set log_scores, weights, posteriors = [], [], [] %}
    {%- for component in components %}
        {%- do log_scores.append('log_score_' ~ component.position) %}
    {%- endfor %}
    {%- for style in styles %}
        {%- do weights.append('weight_' ~ loop.index0) %}
        {%- do posteriors.append([
            "cast('" ~ dbt.escape_single_quotes(style) ~ "' as " ~ type_string() ~ ")",
            weights[-1] ~ ' / total_weight',
            weights[-1] ~ ' = best_weight and best_style = ' ~ loop.index0,
        ]) %}
    {%- endfor %}
components as (
    select * from {{ ref('int_segmentation_components') }}
    where kind = 'style'
),
{%- if not components %}

style_posteriors as (
    select
        inputs.trader_id,
        components.style,
        components.intercept as posterior,
        true as is_best
    from inputs
    cross join components
    where 1 = 0
)
{%- else %}

scores as (
    select
        inputs.trader_id
        {%- for component in components %},
        {%- set part = 'component_' ~ component.position %}
        {{ part }}.intercept
        {{- weighted_inputs(part, 'inputs') | indent(4) }} as {{ log_scores[loop.index0] }}
        {%- endfor %}
    from inputs
    {%- for component in components %}
    {%- set part = 'component_' ~ component.position %}
    inner join components as {{ part }} on {{ part }}.position = {{ component.position }}
    {%- endfor %}
),

-- Less the largest, no exponential overflows.
peaks as (
    select
        *,
        {{ largest_of(log_scores) }} as largest_log_score
    from scores
),

weights as (
    select
        trader_id
        {%- for style in styles %},
        0
        {%- for component in components if component.style == style %}
        + exp(log_score_{{ component.position }} - largest_log_score)
        {%- endfor %} as {{ weights[loop.index0] }}
        {%- endfor %}
    from peaks
),

totals as (
    select
        *,
        {{ weights | join(' + ') }} as total_weight,
        {{ largest_of(weights) }} as best_weight
    from weights
),

-- Of equals the first.
bests as (
    select
        *,
        case
            {%- for weight in weights %}
            when {{ weight }} = best_weight then {{ loop.index0 }}
            {%- endfor %}
        end as best_style
    from totals
),

style_posteriors as (
    {{ unpivoted('bests', ['trader_id'], ['style', 'posterior', 'is_best'], posteriors, computed=true) | indent(4) }}
)
{%- endif %}
{%- endmacro %}
