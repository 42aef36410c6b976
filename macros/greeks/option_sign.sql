{#- 1 for a call, -1 for a put. -#}
{% macro option_sign(option_type) -%}
    case {{ option_type }} when 'call' then 1e0 when 'put' then -1e0 end
{%- endmacro %}
