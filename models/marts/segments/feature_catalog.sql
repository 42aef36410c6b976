{%- set text = type_string() %}
{%- set rows = [] %}
{%- for column in feature_columns() %}
    {%- do rows.append([
        "cast('" ~ column.name ~ "' as " ~ text ~ ")",
        "cast('" ~ column.group ~ "' as " ~ text ~ ")",
        "cast('" ~ column.description | replace("'", "''") ~ "' as " ~ text ~ ")",
        "cast('" ~ column.unit ~ "' as " ~ text ~ ")",
        "cast('" ~ column.transform ~ "' as " ~ text ~ ")",
        'cast(' ~ column.used_in_segmentation ~ ' as boolean)',
        "cast('" ~ column.get('requires', []) | join(', ') ~ "' as " ~ text ~ ")",
        'cast(' ~ column.name ~ ' as double)',
    ]) %}
{%- endfor %}
{%- set columns = ['feature_name', 'feature_group', 'description', 'unit', 'transform', 'used_in_segmentation',
    'requires', 'coverage'] -%}
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

final as (
    {{ unpivoted('known', [], columns, rows) }}
)

select * from final
