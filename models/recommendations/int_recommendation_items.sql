-- What can be recommended: items that enough traders use, the most used ones, described and with their mean attributes.
{%- set settings = var('recommendations') -%}
{%- set tenors = var('derived_utility').tenor_days -%}
{%- set deltas = var('derived_utility').absolute_deltas %}
with -- noqa: disable=LT02

uses as (
    select * from {{ ref('int_trader_item_uses') }}
),

feature_names as (
    select * from {{ ref('recommendation_features') }}
),

moneyness_buckets as (
    select * from {{ ref('moneyness_buckets') }}
),

items as (
    select
        item_id,
        underlying,
        kind,
        option_type,
        tenor_bucket,
        delta_bucket,
        feature,
        {%- for attribute in utility_attributes() %}
        {{ share('sum(' ~ attribute ~ '_sum)', 'sum(' ~ attribute ~ '_count)') }} as {{ attribute }},
        {%- endfor %}
        count(*) as trader_count
    from uses
    group by 1, 2, 3, 4, 5, 6, 7
    having count(*) >= {{ settings.least_item_traders }}
),

ranked as (
    select
        *,
        row_number() over (order by trader_count desc, item_id asc) as popularity_rank
    from items
),

bounded as (
    select
        *,
        case tenor_bucket
            {%- for edge in [0] + tenors %}
            when {{ loop.index0 }} then {{ edge }}
            {%- endfor %}
        end as tenor_from_days,
        case tenor_bucket
            {%- for edge in tenors %}
            when {{ loop.index0 }} then {{ edge }}
            {%- endfor %}
        end as tenor_to_days,
        case delta_bucket
            {%- for edge in [0] + deltas %}
            when {{ loop.index0 }} then {{ edge }}e0
            {%- endfor %}
        end as delta_from,
        case delta_bucket
            {%- for edge in deltas + [1] %}
            when {{ loop.index0 }} then {{ edge }}e0
            {%- endfor %}
        end as delta_to
    from ranked
    where popularity_rank <= {{ settings.most_items }}
),

-- The bucket of moneyness in which a class lies whole.
named as (
    select
        bounded.*,
        moneyness_buckets.moneyness_bucket as moneyness,
        coalesce(feature_names.name, bounded.feature) as feature_name
    from bounded
    left join moneyness_buckets
        on bounded.delta_from >= coalesce(moneyness_buckets.absolute_delta_above, 0)
        and bounded.delta_to <= coalesce(moneyness_buckets.absolute_delta_up_to, 1)
    left join feature_names on bounded.feature = feature_names.feature
),

final as (
    select
        item_id,
        underlying,
        kind,
        option_type,
        tenor_from_days,
        tenor_to_days,
        moneyness,
        feature,
        coalesce(
            feature_name,
            concat_ws(
                ', ',
                concat_ws(' ', underlying, case when kind = 'option' then option_type else kind end),
                case
                    when tenor_to_days is not null
                        then concat(
                            'expiring in ', cast(tenor_from_days as {{ type_string() }}),
                            ' to ', cast(tenor_to_days as {{ type_string() }}), ' days'
                        )
                    when tenor_from_days is not null
                        then concat('expiring in over ', cast(tenor_from_days as {{ type_string() }}), ' days')
                end,
                case moneyness when 'wing' then 'far from the money' else replace(moneyness, '_', ' ') end
            )
        ) as item_name,
        trader_count,
        {%- for attribute in utility_attributes() %}
        {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from named
)

select * from final
