-- Levels start at 0 points and rise: a stricter one asks for more, and none that points lead to comes after one that
-- they do not.
with

levels as (
    select
        *,
        lag(points_from) over (order by strictness) as points_before,
        count(*) over (partition by strictness) as peers,
        row_number() over (order by strictness) as place
    from {{ ref('due_diligence_levels') }}
)

select * from levels
where peers > 1
    or (place = 1 and coalesce(points_from, -1) <> 0)
    or (place > 1 and points_from is not null and coalesce(points_before >= points_from, true))
