-- What a trader's choices of instruments reveal that the trader values. The model: docs/derived-utility.md.
with -- noqa: disable=LT02

part_worths as (
    select * from {{ ref('int_trader_part_worths') }}
),

final as (
    select
        trader_id,
        cast(effective_choices as double) as utility_choices,
        {%- for attribute in utility_attributes() %}
        {{ attribute }} as utility_{{ attribute }},
        {{ attribute }}_se as utility_{{ attribute }}_se{{ ',' if not loop.last }}
        {%- endfor %}
    from part_worths
)

select * from final
