-- A list holds no more actions, of a kind or of an underlying than its limits say.
with

recommended as (
    select * from {{ ref('trader_recommendations') }}
    where is_eligible
),

kinds as (
    select * from {{ ref('recommendation_kinds') }}
),

of_kinds as (
    select
        recommended.trader_id,
        recommended.kind as counted,
        count(*) as listed,
        max(kinds.most_listed) as most_listed
    from recommended
    left join kinds on recommended.kind = kinds.kind
    group by 1, 2
),

of_underlyings as (
    select
        trader_id,
        underlying as counted,
        count(*) as listed,
        {{ var('recommendations').most_per_underlying }} as most_listed
    from recommended
    where underlying is not null
    group by 1, 2
),

in_all as (
    select
        trader_id,
        'all' as counted,
        count(*) as listed,
        {{ var('recommendations').list_length }} as most_listed
    from recommended
    group by 1
),

final as (
    select * from of_kinds
    where listed > most_listed or most_listed is null
    union all
    select * from of_underlyings
    where listed > most_listed
    union all
    select * from in_all
    where listed > most_listed
)

select * from final
