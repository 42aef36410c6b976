-- Rules give no negative points, compare with a threshold where they compare, ask for facts of the registry, and no two
-- versions of one hold on the same day.
{%- set facts = var('due_diligence_facts') %}
with

rules as (
    select
        *,
        lead(valid_from) over (partition by rule_id order by valid_from) as next_valid_from
    from {{ ref('due_diligence_rules') }}
)

select * from rules
where points < 0
    or (operator is not null and operator <> 'unknown' and threshold is null)
    or fact not in {{ text_list(facts | map(attribute='fact')) }}
    {%- for entry in facts %}
    or (fact = '{{ entry.fact }}' and category not in {{ text_list(entry.get('details', [])) }})
    {%- endfor %}
    or valid_to <= valid_from
    or (next_valid_from is not null and coalesce(valid_to > next_valid_from, true))
