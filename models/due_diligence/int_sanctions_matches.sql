-- Stands in for the screening of names and wallets.
with

final as (
    select
        cast(null as {{ type_string() }}) as trader_id,
        cast(null as {{ type_string() }}) as subject,
        cast(null as {{ type_string() }}) as list_name,
        cast(null as {{ type_string() }}) as entry_id,
        cast(null as double) as score,
        cast(null as boolean) as is_cleared,
        cast(null as date) as first_seen_on
    where 1 = 0
)

select * from final
