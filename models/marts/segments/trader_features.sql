{%- set groups = var('trader_features') -%}
with -- noqa: disable=LT02

traders as (
    select * from {{ ref('int_traders') }}
),

{% for group in groups -%}
{{ group.group }} as (
    select * from {{ ref('feat_' ~ group.group) }}
),

{% endfor -%}
final as (
    select
        traders.trader_id,
        cast({{ as_of_date() }} as date) as as_of_date
        {%- for group in groups %}
        {%- for column in group.columns %}
        {%- set value = group.group ~ '.' ~ column.name %}
        {%- set value = 'coalesce(' ~ value ~ ', ' ~ column.when_absent ~ ')' if 'when_absent' in column else value %},
        cast({{ value }} as {{ column.data_type }}) as {{ column.name }}
        {%- endfor %}
        {%- endfor %}
    from traders
    {%- for group in groups %}
    left join {{ group.group }} on traders.trader_id = {{ group.group }}.trader_id
    {%- endfor %}
)

select * from final
