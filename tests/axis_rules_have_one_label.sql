-- The conditions of a rule of axis_rules carry one label.
select
    axis,
    priority,
    min(label) as first_label,
    max(label) as last_label
from {{ ref('axis_rules') }}
group by 1, 2
having min(label) <> max(label)
