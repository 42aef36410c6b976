{#- ln n! of a whole number: Stirling's series for Γ(n + 9) less the factors n + 1 to n + 8. -#}
{% macro log_factorial(n) -%}
    {%- set z = '(' ~ n ~ ' + 9.0e0)' -%}
    {%- set factors = [] -%}
    {%- for k in range(1, 9) -%}
        {%- do factors.append('(' ~ n ~ ' + ' ~ k ~ '.0e0)') -%}
    {%- endfor -%}
    ({{ z }} - 0.5e0) * ln({{ z }}) - {{ z }} + 0.5e0 * ln(2 * pi())
    + 1 / (12 * {{ z }}) - 1 / (360 * {{ z }} * {{ z }} * {{ z }})
    + 1 / (1260 * {{ z }} * {{ z }} * {{ z }} * {{ z }} * {{ z }})
    - ln({{ factors | join(' * ') }})
{%- endmacro %}
