{% macro condition_holds(value, operator, threshold) -%}
    (
        ({{ operator }} = '>=' and {{ value }} >= {{ threshold }})
        or ({{ operator }} = '>' and {{ value }} > {{ threshold }})
        or ({{ operator }} = '<=' and {{ value }} <= {{ threshold }})
        or ({{ operator }} = '<' and {{ value }} < {{ threshold }})
        or ({{ operator }} = '=' and {{ value }} = {{ threshold }})
    )
{%- endmacro %}
