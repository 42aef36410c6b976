{#- Id of the build that readers have, empty where none is published: Python reads the manifest. -#}
{% macro served_build() -%}
    {{ return(adapter.dispatch('served_build')()) }}
{%- endmacro %}

{% macro default__served_build() -%}
    {{ return(run_query('select trader_segments_served_build()').columns[0].values()[0]) }}
{%- endmacro %}

{% macro spark__served_build() -%}
    {{ return(adapter.served_build()) }}
{%- endmacro %}
