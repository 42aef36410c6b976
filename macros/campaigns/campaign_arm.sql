{#-
    The arm of a trader in a campaign, from nothing but the three: the first 32 bits of MD5, as a number, are below the
    control's share of 2^32 or not. So an arm stays whoever else comes or goes, on every engine.
-#}
{% macro campaign_arm(campaign_id, salt, trader_id, control_share) -%}
    case
        when {{ hash_number("concat_ws('|', " ~ campaign_id ~ ', ' ~ salt ~ ', ' ~ trader_id ~ ')') }}
            < {{ control_share }} * 4294967296
            then 'control'
        else 'treatment'
    end
{%- endmacro %}
