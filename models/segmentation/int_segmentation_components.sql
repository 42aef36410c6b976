-- The linear parts of the champion, a column for each input; what a part does not weigh counts 0.
with -- noqa: disable=LT02

parameters as (
    select * from {{ ref('segmentation_parameters') }}
    where kind <> 'input'
),

final as (
    select
        kind,
        position,
        style,
        micro_segment_id,
        coalesce(max(case when parameter = 'intercept' then value end), 0) as intercept,
        max(case when parameter = 'width' then value end) as width,
        max(case when parameter = 'bound' then value end) as bound
        {%- for column in segmentation_inputs() %},
        coalesce(max(case when feature = '{{ column.name }}' then value end), 0) as {{ column.name }}
        {%- endfor %}
    from parameters
    group by 1, 2, 3, 4
)

select * from final
