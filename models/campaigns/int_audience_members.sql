-- Who is in which audience of the registry, and the terms of its campaign. Priority is the order of the registry.
with

{% for entry in var('campaigns') -%}
{{ entry.campaign }} as (
    select distinct
        '{{ entry.campaign }}' as campaign_id,
        trader_id,
        {{ loop.index }} as priority,
        '{{ entry.salt }}' as salt,
        cast({{ entry.get('control_share', 0.1) }} as decimal(9, 6)) as control_share,
        {{ entry.get('cool_down_days', 28) }} as cool_down_days
    from {{ ref('audience_' ~ entry.campaign) }}
    where trader_id is not null
),

{% endfor -%}
final as (
    {%- for entry in var('campaigns') %}
    select * from {{ entry.campaign }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as {{ type_string() }}) as campaign_id,
        cast(null as {{ type_string() }}) as trader_id,
        cast(null as integer) as priority,
        cast(null as {{ type_string() }}) as salt,
        cast(null as decimal(9, 6)) as control_share,
        cast(null as integer) as cool_down_days
    where 1 = 0
    {%- endfor %}
)

select * from final
