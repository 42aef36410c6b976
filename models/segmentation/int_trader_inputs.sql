-- The model's inputs on the stored reference scale. What a trader or the model lacks is neutral, 0.
with -- noqa: disable=LT02

parameters as (
    select * from {{ ref('segmentation_parameters') }}
    where kind = 'input'
),

reference as (
    select
        count(distinct feature) as inputs
        {%- for column in segmentation_inputs() %}
        {%- for parameter in ['lower', 'upper', 'centre', 'scale'] %},
        max(case when feature = '{{ column.name }}' and parameter = '{{ parameter }}' then value end)
            as {{ column.name }}__{{ parameter }}
        {%- endfor %}
        {%- endfor %}
    from parameters
),

transformed as (
    select
        trader_id
        {%- for column in segmentation_inputs() %},
        case when {{ column.name }} is not null then {{ transformed_feature(column) }} end as {{ column.name }}
        {%- endfor %}
    from {{ ref('trader_features') }}
),

distances as (
    select
        transformed.trader_id,
        reference.*
        {%- for column in segmentation_inputs() %},
        (transformed.{{ column.name }} - reference.{{ column.name }}__centre) / reference.{{ column.name }}__scale
            as {{ column.name }}
        {%- endfor %}
    from transformed
    cross join reference
),

final as (
    select
        trader_id,
        2 * (
            0
            {%- for column in segmentation_inputs() %}
            + case when {{ column.name }} is not null then 1 else 0 end
            {%- endfor %}
        ) >= inputs as is_known
        {%- for column in segmentation_inputs() %},
        coalesce({{ column.name }}, 0) as {{ column.name }}__distance,
        greatest(
            least(
                coalesce({{ column.name }}, 0),
                ({{ column.name }}__upper - {{ column.name }}__centre) / {{ column.name }}__scale
            ),
            ({{ column.name }}__lower - {{ column.name }}__centre) / {{ column.name }}__scale
        ) as {{ column.name }}
        {%- endfor %}
    from distances
)

select * from final
