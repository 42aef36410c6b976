{#- A number as DuckDB writes it, from 0.0001 up without an exponent; anything else as text. -#}
{% macro plain_text(value) -%}
    {{ return(adapter.dispatch('plain_text')(value)) }}
{%- endmacro %}

{% macro default__plain_text(value) -%}
    cast({{ value }} as {{ type_string() }})
{%- endmacro %}

{#- Spark writes a DECIMAL below 0.000001 and a DOUBLE below 0.001 or from 10,000,000 on with an exponent. -#}
{% macro spark__plain_text(value) -%}
    {%- set text = 'cast(' ~ value ~ ' as string)' -%}
    {%- set number = 'cast(' ~ text ~ ' as double)' -%}
    {%- set scale = "coalesce(cast(nullif(regexp_extract(typeof(" ~ value ~ "), ',([0-9]+)', 1), '') as int), 17)" -%}
    {%- set fraction = "concat(if(" ~ number ~ " < 0, '-0.', '0.'), lpad(cast(cast(round(abs(" ~ number ~ ") * pow(10, "
        ~ scale ~ ")) as bigint) as string), " ~ scale ~ ", '0'))" -%}
    {%- set whole = "cast(cast(" ~ number ~ " as decimal(38, 10)) as string)" -%}
    case
        when typeof({{ value }}) like 'decimal%' and abs({{ number }}) < 1e-6 and {{ scale }} > 6 then {{ fraction }}
        when typeof({{ value }}) not in ('float', 'double') then {{ text }}
        when isnan({{ number }}) then 'nan'
        when abs({{ number }}) >= 1e7 then regexp_replace(rtrim('0', {{ whole }}), '[.]$', '.0')
        when {{ number }} <> 0 and abs({{ number }}) < 1e-3 then rtrim('0', {{ fraction }})
        else {{ text }}
    end
{%- endmacro %}
