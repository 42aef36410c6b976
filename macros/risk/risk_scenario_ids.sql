{#-
    Ids of the seed risk_scenarios, in order, as a list: sums of an account have a column a scenario, since a row each
    would be dozens of rows for each position. One that does not exist where the seed is not there to be read.
-#}
{% macro risk_scenario_ids() -%}
    {%- set seed = ref('risk_scenarios') -%}
    {%- if execute and model.resource_type != 'unit_test' and load_relation(seed) is not none -%}
        {%- set ids = run_query('select scenario_id from ' ~ seed ~ ' order by 1').columns[0].values() | list -%}
    {%- endif -%}
    {{ return(ids or ['none']) }}
{%- endmacro %}
