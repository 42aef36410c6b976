{#-
    Table of what the increments have to know of earlier runs, beside the models. An entry is `changed` (a load changed
    rows from this date on), `as_of` (facts were built to end at this date), or `settled` (everything before is in all
    facts; with the digest of the code that built them).
-#}
{% macro load_log() -%}
    {{ return(api.Relation.create(database=target.database, schema=target.schema, identifier='load_log')) }}
{%- endmacro %}

{#- Table of the raw files that staging has read, each in the version that it read. -#}
{% macro staged_files() -%}
    {{ return(api.Relation.create(database=target.database, schema=target.schema, identifier='staged_files')) }}
{%- endmacro %}
