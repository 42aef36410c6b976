{#-
    Table of the changes of audiences that were published, in the order of builds; a build that is not published never
    writes there. Who is in an audience, as readers know it, is told by the last row of each trader.
-#}
{% macro audience_log() -%}
    {{ return(api.Relation.create(database=target.database or none, schema=target.schema, identifier='audience_log')) }}
{%- endmacro %}

{#- Hook at the start of a run: makes the log. -#}
{% macro prepare_audience_log() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') -%}
        {%- do run_query('create schema if not exists ' ~ target.schema) %}
    create table if not exists {{ audience_log() }} (
        build_id {{ type_string() }},
        campaign_id {{ type_string() }},
        trader_id {{ type_string() }},
        as_of_date date,
        change {{ type_string() }},
        arm {{ type_string() }},
        suppressed_because {{ type_string() }},
        assigned_on date
    ) {{ 'using parquet' if target.type == 'sparksession' }}
    {%- endif -%}
{%- endmacro %}
