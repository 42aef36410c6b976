-- What was published of audiences so far, as the log has it: a build that was not published is not in it.
{{ config(materialized='view') }}
with

final as (
    select * from {{ audience_log() }}
)

select * from final
