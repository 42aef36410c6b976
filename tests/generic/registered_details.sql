{#- Categories of facts are those of the registry, so that no rule waits for one that never comes. -#}
{% test registered_details(model) %}
select
    fact,
    detail
from {{ model }}
where 1 = 0
    {%- for entry in var('due_diligence_facts') %}
    or (fact = '{{ entry.fact }}' and coalesce(detail, '-') not in {{ text_list(entry.get('details', ['-'])) }})
    {%- endfor %}
{% endtest %}
