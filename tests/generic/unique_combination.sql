{#-
    The columns together are the primary key: never NULL, never twice. Of an intermediate model with dates an increment
    is tested where it was built: facts of earlier dates are as they were.
-#}
{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
where {{ built_now(model) }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}
