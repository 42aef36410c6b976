-- The tiers of the venue's schedule, `present`, and of those that might be.
{%- set columns = ['tier', 'tier_name', 'minimum_volume_usd', 'minimum_assets_usd'] %}
{%- for cell in fee_cells() %}{% do columns.append(cell ~ '_bps') %}{% endfor %}
with

final as (
    select
        'present' as schedule,
        {{ columns | join(', ') }}
    from {{ ref('fee_tiers') }}
    union all
    select
        schedule,
        {{ columns | join(', ') }}
    from {{ ref('fee_schedules') }}
)

select * from final
