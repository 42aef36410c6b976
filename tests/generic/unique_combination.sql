{#-
    The columns together are the primary key: never NULL, never twice; and `never_null` are known on every row: one pass
    over a model. Of a fact that is built by date an increment is tested where it was built: facts of earlier dates are
    as they were.
-#}
{% test unique_combination(model, columns, never_null=[]) %}
select
    {{ columns | join(', ') }},
    {%- for column in never_null %}
    count({{ column }}) as known_{{ column }},
    {%- endfor %}
    count(*) as row_count
from {{ model }}
where {{ built_now(model) }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
    {%- for column in never_null %}
    or count({{ column }}) < count(*)
    {%- endfor %}
{% endtest %}
