{#- Every registered number is NULL or finite: division and logarithms give inf and nan, which pass not_null. -#}
{% test finite_features(model) %}
select trader_id
from {{ model }}
where
    {%- for column in feature_columns() if column.data_type == 'double' %}
    {{ 'or ' if not loop.first }}isnan({{ column.name }}) or abs({{ column.name }}) = cast('infinity' as double)
    {%- endfor %}
{% endtest %}
