{#- Each trader who has the feature that a rule names, with the rule. -#}
{% macro ruled_values(rules, relation) -%}
    {{ return(adapter.dispatch('ruled_values')(rules, ruled_features(relation))) }}
{%- endmacro %}

{#- Each branch reads the column that a rule names. -#}
{% macro default__ruled_values(rules, features) -%}
    {%- for column in features %}
    select
        trader_features.trader_id,
        {{ rules }}.*,
        cast(trader_features.{{ column.name }} as double) as feature_value
    from {{ ref('trader_features') }} as trader_features
    cross join {{ rules }}
    where {{ rules }}.feature = '{{ column.name }}' and trader_features.{{ column.name }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- There each branch would work the rules out anew. -#}
{% macro spark__ruled_values(rules, features) -%}
    {%- set rows = [] -%}
    {%- for column in features -%}
        {%- do rows.append(["'" ~ column.name ~ "'", 'cast(' ~ column.name ~ ' as double)']) -%}
    {%- endfor -%}
    select
        stacked.trader_id,
        {{ rules }}.*,
        stacked.feature_value
    from ({{ unpivoted(ref('trader_features'), ['trader_id'], ['feature_name', 'feature_value'], rows) }}) as stacked
    inner join {{ rules }} on stacked.feature_name = {{ rules }}.feature
    where stacked.feature_value is not null
{%- endmacro %}
