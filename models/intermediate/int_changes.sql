-- One row: the first date for which loads since the last settled run changed anything, and the first date at which
-- facts ended otherwise; NULL where nothing did. Facts by date are built again from there on.
{{ config(
    materialized='table',
    post_hook='{{ log_as_of_date() }}',
) }}
{%- for table in var('venues')[active_venue()].tables %}
-- depends_on: {{ ref('stg_' ~ active_venue() ~ '__' ~ table) }}
{%- endfor %}
with

changed as (
    {{ logged_changes() | indent(4) }}
),

as_of as (
    select as_of_date from {{ ref('int_as_of_date') }}
),

final as (
    select
        changed.changed_from,
        case
            when changed.first_as_of_date <> as_of.as_of_date or changed.last_as_of_date <> as_of.as_of_date
                then cast({{ dbt.dateadd('day', 1, 'least(changed.first_as_of_date, as_of.as_of_date)') }} as date)
        end as as_of_changed_from
    from changed
    cross join as_of
)

select * from final
