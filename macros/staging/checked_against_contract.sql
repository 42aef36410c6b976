{#-
    CTEs, the last named `checked`, that cast the rows of the CTE `rows` to the types of the raw contract and say of
    every row what becomes of it. Nothing is dropped: `row_status` is `staged`, `rejected` (with `rejection_reason`) or
    `duplicate`.

    table          contract table that the rows are
    rows           CTE with one column per contract column, any type, and source_file, source_row (where the row stands,
                   may be NULL)
    column_types   native types where known; a column without one is read as text
    absent         columns that `rows` does not have: NULL
    known          {column: relation}: the value must be in that relation, unless the relation is empty
    raw_values     column of `rows` that already holds the source row as JSON; else it is made of the contract's columns
    venue_reason   column of `rows` that says why the venue's own rules reject the row, NULL where they do not
-#}
{% macro checked_against_contract(
    table, rows, column_types={}, absent=[], known={}, raw_values=none, venue_reason=none
) -%}
{%- if not execute -%}
checked as (select * from {{ rows }})
{%- else -%}
{%- set contract = contract_table(table) -%}
{%- set columns = contract.columns.values() | list -%}
{%- set key = contract.meta.key -%}
{%- set event_at = contract.meta.get('event_at') -%}
{%- set null_text = 'cast(null as ' ~ type_string() ~ ')' -%}
{%- set load_time = "cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S') ~ "' as timestamp)" -%}
{%- set can_be_deleted = 'is_deleted' in contract.columns and 'is_deleted' not in absent -%}
{%- set is_deletion = 'coalesce(typed.is_deleted, false) and typed.' ~ key[0] ~ ' is not null' -%}
{%- set public_columns = columns | rejectattr('meta.is_personal') | map(attribute='name') | list -%}
typed as (
    select
        {%- for column in columns %}
        {%- set value = null_text if column.name in absent else column.name %}
        {{ read_as(value, column.data_type, column_types.get(column.name), column.meta.get('accepted_values')) }}
            as {{ column.name }},
        {{ value }} as raw_{{ column.name }},
        {%- endfor %}
        {%- if 'ingested_at' not in contract.columns %}
        cast(null as timestamp) as ingested_at,
        {%- endif %}
        {%- if raw_values is not none %}
        {{ raw_values }},
        {%- endif %}
        {{ venue_reason or null_text }} as venue_reason,
        {{ null_text if 'source_file' in absent else 'source_file' }} as source_file,
        {{ 'cast(null as bigint)' if 'source_row' in absent else 'source_row' }} as source_row
    from {{ rows }}
),

judged as {{ not_materialized() }} (
    select
        typed.*,
        concat_ws(
            '|',
            {%- for name in key %}
            coalesce(cast(typed.{{ name }} as {{ type_string() }}), cast(typed.raw_{{ name }} as {{ type_string() }}))
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as row_key,
        {%- if can_be_deleted %}
        -- what takes a row back need not describe it
        case when {{ is_deletion }} then '' else {% endif %}concat_ws(
            '; ',
            typed.venue_reason,
            {%- for column in columns %}
            case
                when typed.{{ column.name }} is null
                    and {{ is_blank('typed.raw_' ~ column.name, column_types.get(column.name)) }}
                    then {{ "'missing " ~ column.name ~ "'" if column.meta.get('is_required') else 'null' }}
                when typed.{{ column.name }} is null then 'unparsable {{ column.name }}'
                {%- if column.meta.get('accepted_values') %}
                when typed.{{ column.name }} not in ('{{ column.meta.accepted_values | join("', '") }}')
                    then 'unknown {{ column.name }}'
                {%- endif %}
                {%- if column.meta.get('is_positive') %}
                when typed.{{ column.name }} <= 0 then '{{ column.name }} not above zero'
                {%- endif %}
                {%- if column.meta.get('is_non_negative') %}
                when typed.{{ column.name }} < 0 then '{{ column.name }} below zero'
                {%- endif %}
                {%- if column.name == event_at %}
                when cast(typed.{{ column.name }} as timestamp)
                    > coalesce(typed.ingested_at, {{ load_time }})
                    then '{{ column.name }} after the load'
                {%- endif %}
            end,
            {%- endfor %}
            {%- for name in known %}
            case
                when known_{{ name }}.{{ name }} is null and typed.{{ name }} is not null
                    and (select count(*) from {{ known[name] }}) > 0
                    then 'unknown {{ name }}'
            end,
            {%- endfor %}
            null
        ){{ ' end' if can_be_deleted }} as reasons,
        {{ is_deletion if can_be_deleted else 'false' }} as is_deletion
    from typed
    {%- for name in known %}
    left join (select distinct {{ name }} from {{ known[name] }}) as known_{{ name }}
        on typed.{{ name }} = known_{{ name }}.{{ name }}
    {%- endfor %}
),

repeated_keys as (
    select row_key
    from judged
    where row_key <> ''
    group by row_key
    having count(*) > 1
),

-- Copies of one row are the same in everything but the time they were loaded.
versions as (
    select
        judged.*,
        md5(concat_ws(
            '|',
            {%- for column in columns if column.name != 'ingested_at' %}
            coalesce(cast(judged.raw_{{ column.name }} as {{ type_string() }}), '<null>'){{ ',' if not loop.last }}
            {%- endfor %}
        )) as content
    from judged
    inner join repeated_keys on judged.row_key = repeated_keys.row_key
),

numbered as (
    select
        versions.*,
        row_number() over (
            partition by versions.row_key, versions.content
            order by
                case when versions.reasons = '' then 0 else 1 end,
                ingested_at nulls first,
                versions.source_file nulls first,
                versions.source_row nulls first
        ) as copy_number,
        -- The version that arrived last is the valid one; of several in one load, the first.
        first_value(versions.content) over (
            partition by versions.row_key
            order by
                case when versions.reasons = '' then 0 else 1 end,
                ingested_at desc nulls last,
                versions.source_file nulls first,
                versions.source_row nulls first,
                versions.content
        ) as valid_content,
        max(ingested_at) over (partition by versions.row_key) as last_ingested_at
    from versions
),

settled as (
    select
        {%- for column in columns %}
        judged.{{ column.name }},
        judged.raw_{{ column.name }},
        {%- endfor %}
        {%- if raw_values is not none %}
        judged.{{ raw_values }},
        {%- endif %}
        judged.source_file,
        judged.row_key,
        case when judged.reasons = '' and not judged.is_deletion then 'staged' else 'rejected' end as row_status,
        case when judged.is_deletion then 'deleted at the source' else nullif(judged.reasons, '') end
            as rejection_reason
    from judged
    left join repeated_keys on judged.row_key = repeated_keys.row_key
    where repeated_keys.row_key is null

    union all

    select
        {%- for column in columns %}
        {%- if column.name == 'ingested_at' %}
        -- a row is as new as its last version, so that days which lose a version are built again
        case when reasons = '' and content = valid_content then last_ingested_at else ingested_at end as ingested_at,
        {%- else %}
        {{ column.name }},
        {%- endif %}
        raw_{{ column.name }},
        {%- endfor %}
        {%- if raw_values is not none %}
        {{ raw_values }},
        {%- endif %}
        source_file,
        row_key,
        case
            when copy_number > 1 then 'duplicate'
            when reasons = '' and content = valid_content and not is_deletion then 'staged'
            else 'rejected'
        end as row_status,
        case
            when copy_number > 1 then null
            when reasons <> '' then reasons
            when content = valid_content and is_deletion then 'deleted at the source'
            when content = valid_content then null
            when ingested_at < last_ingested_at
                then 'replaced by a later version of the same {{ key | join(", ") }}'
            else 'duplicate {{ key | join(", ") }} with other content'
        end as rejection_reason
    from numbered
),

checked as (
    select
        {%- for column in columns %}
        {{ column.name }},
        {%- endfor %}
        source_file,
        row_key,
        row_status,
        rejection_reason,
        case
            when row_status = 'rejected'
                then {{ raw_values if raw_values is not none else row_as_json(public_columns, 'raw_') }}
        end as raw_values
    from settled
)
{%- endif -%}
{%- endmacro %}
