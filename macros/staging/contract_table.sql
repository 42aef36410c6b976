{% macro contract_table(table) -%}
    {#- The graph is empty while dbt parses; nothing that decides an edge may depend on it. -#}
    {%- if execute -%}
        {%- for node in graph.sources.values() if node.source_name == 'exchange' and node.name == table -%}
            {{ return(node) }}
        {%- endfor -%}
        {{ exceptions.raise_compiler_error("The raw contract has no table '" ~ table ~ "'.") }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}
