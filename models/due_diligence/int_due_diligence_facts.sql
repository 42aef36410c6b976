{{ config(materialized='table') }}
-- What is known of each trader, as the registry due_diligence_facts names it. Values have six decimals, so that the
-- text kept in the history says the same.
with

traders as (
    select trader_id from {{ ref('int_due_diligence_subjects') }}
),

facts as (
    {%- for entry in var('due_diligence_facts') %}
    select
        trader_id,
        cast('{{ entry.fact }}' as {{ type_string() }}) as fact,
        cast(fact_value as double) as fact_value,
        cast(detail as {{ type_string() }}) as detail
    from {{ ref('dd_' ~ entry.fact) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        facts.trader_id,
        facts.fact,
        round(facts.fact_value, 6) as fact_value,
        facts.detail
    from facts
    inner join traders on facts.trader_id = traders.trader_id
    where facts.fact_value is not null
)

select * from final
