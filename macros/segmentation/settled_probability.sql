{#- A posterior after so many active days: as though half a day had spoken for the style and half a day against it. -#}
{% macro settled_probability(probability, active_days) -%}
    case
        when {{ probability }} < 1 and {{ active_days }} is not null
            then ({{ active_days }} * {{ probability }} + 0.5) / ({{ active_days }} + 1)
        else {{ probability }}
    end
{%- endmacro %}
