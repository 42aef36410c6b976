{#- An address on a chain, to be compared with others: hexadecimal and bech32 ones mean the same in both cases. -#}
{% macro comparable_address(address) -%}
    case
        when lower(trim({{ address }})) like '0x%' or lower(trim({{ address }})) like 'bc1%'
            then lower(trim({{ address }}))
        else nullif(trim({{ address }}), '')
    end
{%- endmacro %}
