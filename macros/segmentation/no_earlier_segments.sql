{% macro no_earlier_segments() -%}
    select
        cast(null as {{ type_string() }}) as trader_id,
        cast(null as {{ type_string() }}) as segment_id,
        cast(null as {{ type_string() }}) as style,
        cast(null as {{ type_string() }}) as previous_segment_id,
        cast(null as date) as segment_since
    where 1 = 0
{%- endmacro %}
