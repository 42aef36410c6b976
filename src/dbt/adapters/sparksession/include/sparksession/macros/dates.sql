{#- dbt-spark's own stop at NULL, lose fractions of a second and answer in the session's time zone. -#}
{% macro sparksession__dateadd(datepart, interval, from_date_or_timestamp) -%}
    timestampadd({{ datepart }}, {{ interval }}, cast({{ from_date_or_timestamp }} as timestamp_ntz))
{%- endmacro %}

{#- Boundaries of the part that lie between the two, as everywhere in dbt. -#}
{% macro sparksession__datediff(first_date, second_date, datepart) -%}
    {%- if datepart == 'day' -%}
    datediff(cast({{ second_date }} as date), cast({{ first_date }} as date))
    {%- elif datepart in ('week', 'hour', 'minute', 'second') -%}
    timestampdiff(
        {{ datepart }},
        date_trunc('{{ datepart }}', cast({{ first_date }} as timestamp_ntz)),
        date_trunc('{{ datepart }}', cast({{ second_date }} as timestamp_ntz))
    )
    {%- else -%}
    {{ spark__datediff(first_date, second_date, datepart) }}
    {%- endif -%}
{%- endmacro %}
