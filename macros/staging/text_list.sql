{#- Texts as a list of SQL literals; of none, a list with NULL. -#}
{% macro text_list(texts) -%}
    {%- set literals = [] -%}
    {%- for text in texts -%}
        {%- do literals.append("'" ~ text | replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    ({{ literals | join(', ') or 'null' }})
{%- endmacro %}
