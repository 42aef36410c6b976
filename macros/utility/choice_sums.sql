{#- What part-worths are estimated from, summed over rows of int_trader_choice_days: columns of a select. -#}
{% macro choice_sums() -%}
    sum(effective_choices) as effective_choices,
    {%- for attribute in utility_attributes() %}
    cast(sum({{ attribute }}_score) as double) as {{ attribute }}_score,
    {%- endfor %}
    {%- for left, right in attribute_pairs() %}
    cast(sum({{ left }}_{{ right }}_information) as double) as {{ right }}_{{ left }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
