{#- The cells of a fee schedule: group of instruments and liquidity role, as its columns `<cell>_bps` are named. -#}
{% macro fee_cells() -%}
    {%- set cells = [] -%}
    {%- for group in ['derivative', 'option', 'spot'] -%}
        {%- for role in ['maker', 'taker'] -%}
            {%- do cells.append(group ~ '_' ~ role) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(cells) }}
{%- endmacro %}
