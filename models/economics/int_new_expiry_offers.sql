-- What was offered in the first days of each new expiry, by class, its own instruments apart: how many in a mean
-- period, and their mean attributes.
with -- noqa: disable=LT02

offered as (
    select
        expiries.cut_date,
        expiries.underlying,
        expiries.expires_at,
        offered.instrument_class,
        coalesce(instruments.expires_at = expiries.expires_at, false) as is_new,
        offered.period_start,
        {%- for attribute in utility_attributes() %}
        cast(offered.{{ attribute }} as decimal(18, 9)) as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_new_expiries') }} as expiries
    inner join {{ ref('int_offered_instruments') }} as offered
        on expiries.underlying = offered.underlying
        and expiries.first_offered_at <= offered.period_start
        and expiries.watched_until > offered.period_start
    inner join {{ ref('stg_instruments') }} as instruments on offered.instrument_id = instruments.instrument_id
),

periods as (
    select
        underlying,
        expires_at,
        count(distinct period_start) as period_count
    from offered
    group by 1, 2
),

final as (
    select
        offered.cut_date,
        offered.underlying,
        offered.expires_at,
        offered.instrument_class,
        offered.is_new,
        {{ share('count(*)', 'max(periods.period_count)') }} as instrument_count,
        {%- for attribute in utility_attributes() %}
        case
            when count(offered.{{ attribute }}) = count(*)
                then {{ share('sum(offered.' ~ attribute ~ ')', 'count(*)') }}
        end as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from offered
    inner join periods
        on offered.underlying = periods.underlying
        and offered.expires_at = periods.expires_at
    group by 1, 2, 3, 4, 5
)

select * from final
