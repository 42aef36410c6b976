{%- set rows = [] %}
{%- for column in feature_columns() %}
    {%- set texts = [] %}
    {%- for text in [
        column.name, column.group, column.description, column.unit, column.transform, column.get('requires', []) | join(', ')
    ] %}
        {%- do texts.append("cast('" ~ text | replace("'", "''") ~ "' as " ~ type_string() ~ ")") %}
    {%- endfor %}
    {%- do rows.append(texts + [
        'cast(' ~ column.used_in_segmentation ~ ' as boolean)',
        'cast(' ~ column.name ~ ' as double)',
    ]) %}
{%- endfor %}
with -- noqa: disable=LT02

trader_features as (
    select * from {{ ref('trader_features') }}
),

known as (
    select
        {%- for column in feature_columns() %}
        {{ share('count(' ~ column.name ~ ')', 'count(*)') }} as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from trader_features
),

catalog as (
    {{ unpivoted(
        'known',
        [],
        ['feature_name', 'feature_group', 'description', 'unit', 'transform', 'requires', 'used_in_segmentation', 'coverage'],
        rows,
    ) }}
),

final as (
    select
        feature_name,
        feature_group,
        description,
        unit,
        transform,
        used_in_segmentation,
        requires,
        coverage
    from catalog
)

select * from final
