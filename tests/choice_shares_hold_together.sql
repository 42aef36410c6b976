-- A share is between 0 and 1 and inside its interval, and is known or has a reason.
select
    instrument_name,
    segment_id
from {{ ref('hypothetical_instrument_shares') }}
where
    (expected_share is null) = (unknown_because is null)
    or expected_share < 0
    or expected_share > 1
    or popular_share < 0
    or popular_share > 1
    or expected_share_low > expected_share
    or expected_share_high < expected_share
    or (expected_share_low is null) <> (expected_share_high is null)
