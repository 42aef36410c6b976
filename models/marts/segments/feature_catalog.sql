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
    {%- for column in feature_columns() %}
    select
        cast('{{ column.name }}' as {{ type_string() }}) as feature_name,
        cast('{{ column.group }}' as {{ type_string() }}) as feature_group,
        cast('{{ column.description | replace("'", "''") }}' as {{ type_string() }}) as description,
        cast('{{ column.unit }}' as {{ type_string() }}) as unit,
        cast('{{ column.transform }}' as {{ type_string() }}) as transform,
        cast({{ column.used_in_segmentation }} as boolean) as used_in_segmentation,
        cast('{{ column.get("requires", []) | join(", ") }}' as {{ type_string() }}) as requires,
        cast({{ column.name }} as double) as coverage
    from known
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
