{#-
    Hook at the end of a run, after publishing: where this build is the one that readers have, its changes go into the
    log. A date that was published before adds only what it did not say then.
-#}
{% macro settle_audiences() -%}
    {%- set changes = ref('audience_changes') -%}
    {%- if execute and flags.WHICH in ('build', 'retry') and served_build() == build_id() %}
    {%- set published = changes.incorporate(path={'identifier': 'int_published_audiences'}) %}
    insert into {{ audience_log() }}
    select
        '{{ build_id() }}' as build_id,
        changes.campaign_id,
        changes.trader_id,
        changes.as_of_date,
        changes.change,
        changes.arm,
        changes.suppressed_because,
        changes.assigned_on
    from {{ changes }} as changes
    left join {{ published }} as published
        on changes.campaign_id = published.campaign_id and changes.trader_id = published.trader_id
    where
        changes.as_of_date = (
            select as_of_date from {{ changes.incorporate(path={'identifier': 'int_as_of_date'}) }}
        )
        and not coalesce(
            published.said_change = changes.change
            and published.said_arm = changes.arm
            and coalesce(published.said_suppressed_because, '') = coalesce(changes.suppressed_because, ''),
            false
        )
    {%- endif -%}
{%- endmacro %}
