-- How a trader's days in an instrument are classed by order flow; each instrument and day counts once.
with

classes as (
    {{ recent_days('int_order_flow_classes') }}
),

final as (
    select
        trader_id,
        {%- for class in ['intermediary', 'fundamental_buyer', 'fundamental_seller', 'opportunistic', 'small'] %}
        {{ share("count(case when order_flow_class = '" ~ class ~ "' then 1 end)", 'count(order_flow_class)') }}
            as {{ class }}_share,
        {%- endfor %}
        count(order_flow_class) as order_flow_day_count
    from classes
    group by 1
)

select * from final
