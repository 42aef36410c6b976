{#- Start of the period of the day, of var derived_utility.period_hours, in which a time lies. -#}
{% macro choice_period(timestamp) -%}
    {%- set hours = var('derived_utility').period_hours -%}
    {{ dbt.dateadd(
        'hour',
        hours ~ ' * cast(floor(extract(hour from ' ~ timestamp ~ ') / ' ~ hours ~ 'e0) as integer)',
        "date_trunc('day', " ~ timestamp ~ ')',
    ) }}
{%- endmacro %}
