{#- US dollars per unit of a currency: 1 for a dollar, else the day's price, else a price the row itself carries. -#}
{% macro dollar_price(currency, day_price, own_price='null') -%}
    case
        when {{ currency }} in ('{{ var("dollar_currencies") | join("', '") }}')
            then cast(1 as {{ contract_type('decimal') }})
        else coalesce({{ day_price }}, {{ own_price }})
    end
{%- endmacro %}
