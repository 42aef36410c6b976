{#- Notes, before a staging model is built whole, that its rows of every date may change. -#}
{% macro log_everything_changed() -%}
    {%- if
        by_date() == 'incremental' and flags.WHICH in ('build', 'run', 'retry')
        and load_relation(load_log()) is not none
    -%}
        {%- do run_query(
            'insert into ' ~ load_log() ~ " values (current_timestamp, 'changed', '" ~ model.name
            ~ "', cast('0001-01-01' as date), null)"
        ) -%}
    {%- endif -%}
{%- endmacro %}
