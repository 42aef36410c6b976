{#- What a tier charges for what a trader traded, in US dollars: `traded` has `<cell>_usd`, `tier` has `<cell>_bps`. -#}
{% macro scheduled_fee(traded, tier) -%}
    (
        {%- for cell in fee_cells() %}
        {{ '+ ' if not loop.first -}}
        {{ decimal_product(
            'coalesce(' ~ traded ~ '.' ~ cell ~ '_usd, 0)',
            'cast(' ~ tier ~ '.' ~ cell ~ '_bps / 10000e0 as ' ~ contract_type('decimal') ~ ')',
        ) }}
        {%- endfor %}
    )
{%- endmacro %}
