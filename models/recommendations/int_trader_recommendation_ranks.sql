{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}
-- What was recommended to each trader on each scoring date, and since when. The date that is built replaces its rows.
-- An action stays open for some days, then it rests; what rests, what is forbidden and what the limits of a list
-- leave out does not take a place in it.
{%- set settings = var('recommendations') %}
with -- noqa: disable=LT02

candidates as (
    select * from {{ ref('int_recommendation_eligibility') }}
),

kinds as (
    select * from {{ ref('recommendation_kinds') }}
),

{% if is_incremental() -%}
listed_before as (
    select
        trader_id,
        action_id,
        max(open_since) as open_since
    from {{ this }}
    where as_of_date < {{ as_of_date() }} and is_eligible
    group by 1, 2
),
{%- else -%}
listed_before as (
    select
        cast(null as {{ type_string() }}) as trader_id,
        cast(null as {{ type_string() }}) as action_id,
        cast(null as date) as open_since
    where 1 = 0
),
{%- endif %}

days_open as (
    select
        candidates.*,
        listed_before.open_since,
        {{ dbt.datediff('listed_before.open_since', as_of_date(), 'day') }} as days_since_open
    from candidates
    left join listed_before
        on candidates.trader_id = listed_before.trader_id
        and candidates.action_id = listed_before.action_id
),

rested as (
    select
        trader_id,
        action_id,
        kind,
        underlying,
        score,
        case when days_since_open < {{ settings.open_days }} then open_since end as open_since,
        nullif(concat_ws(
            '; ',
            ineligible_because,
            case
                when days_since_open >= {{ settings.open_days }}
                    and days_since_open < {{ settings.open_days }} + cool_down_days
                    then concat(
                        'rests for ',
                        cast({{ settings.open_days }} + cool_down_days - days_since_open as {{ type_string() }}),
                        ' more days'
                    )
            end
        ), '') as ineligible_because
    from days_open
),

-- The best of each underlying, as many as a list holds of it; of these the best of each kind. As only one kind has
-- underlyings, that is what going down the list and leaving out what is full would give.
within_underlyings as (
    select
        *,
        row_number() over (
            partition by trader_id, ineligible_because is null, coalesce(underlying, action_id)
            order by score desc, action_id asc
        ) as underlying_rank
    from rested
),

within_kinds as (
    select
        within_underlyings.*,
        kinds.most_listed,
        row_number() over (
            partition by
                within_underlyings.trader_id, within_underlyings.kind, within_underlyings.ineligible_because is null
            order by within_underlyings.score desc, within_underlyings.action_id asc
        ) as kind_rank
    from within_underlyings
    inner join kinds on within_underlyings.kind = kinds.kind
    where within_underlyings.ineligible_because is not null
        or within_underlyings.underlying_rank <= {{ settings.most_per_underlying }}
),

listed as (
    select
        *,
        row_number() over (
            partition by trader_id, ineligible_because is null
            order by score desc, action_id asc
        ) as list_rank
    from within_kinds
    where ineligible_because is not null or kind_rank <= most_listed
),

final as (
    select
        trader_id,
        action_id,
        score,
        ineligible_because is null as is_eligible,
        ineligible_because,
        cast(row_number() over (
            partition by trader_id
            order by ineligible_because is not null, list_rank
        ) as bigint) as rank,
        case
            when ineligible_because is null then coalesce(open_since, cast({{ as_of_date() }} as date))
        end as open_since,
        cast({{ as_of_date() }} as date) as as_of_date
    from listed
    where list_rank <= {{ settings.list_length }}
)

select * from final
