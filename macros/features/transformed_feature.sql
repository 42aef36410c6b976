{#- A registered feature on the scale on which it is compared: trader_segments.segmentation.transforms, in SQL. -#}
{% macro transformed_feature(column) -%}
    {%- set x = 'cast(' ~ column.name ~ ' as double)' -%}
    {%- set unknown = 100 if column.transform in ('logit', 'fisher_z') else 0 -%}
    {%- set known = 'coalesce(cast(' ~ column.count ~ ' as double), ' ~ unknown ~ ')' -%}
    {%- set n = 'greatest(' ~ known ~ ', 0)' if column.count else '100' -%}
    {%- set shrinkage = 'sqrt(' ~ n ~ ' / (' ~ n ~ ' + 100)) * ' if column.count else '' -%}
    {%- if column.transform == 'log1p' -%}
        ln(1 + greatest({{ x }}, 0))
    {%- elif column.transform == 'logit' -%}
        ln({{ n }} * greatest({{ x }}, 0) + 0.5) - ln({{ n }} * greatest(1 - {{ x }}, 0) + 0.5)
    {%- elif column.transform == 'fisher_z' -%}
        0.5 * (ln({{ n }} * greatest(1 + {{ x }}, 0) / 2 + 0.5) - ln({{ n }} * greatest(1 - {{ x }}, 0) / 2 + 0.5))
    {%- elif column.transform == 'asinh' -%}
        {{ inverse_hyperbolic_sine(shrinkage ~ x ~ ' / 10') }}
    {%- else -%}
        {{ shrinkage }}{{ x }}
    {%- endif -%}
{%- endmacro %}
