{#- The first 32 bits of the MD5 of a text, as BIGINT: the value of eight hexadecimal digits, one by one. -#}
{% macro hash_number(text) -%}
    cast(
        {%- for digit in range(8) %}
        {{ '+ ' if not loop.first }}(position(substring(md5({{ text }}), {{ digit + 1 }}, 1) in '0123456789abcdef') - 1)
            * cast({{ 16 ** (7 - digit) }} as bigint)
        {%- endfor %}
        as bigint
    )
{%- endmacro %}
