"""Groups of linked traders, beside groups merged one link at a time."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from trader_segments.groups import linked_groups

TRADERS = st.sampled_from(["a", "B", "c", "d1", "d10", "é", "f", "g"])
PAIRS = st.lists(st.tuples(TRADERS, TRADERS).filter(lambda pair: pair[0] != pair[1]), max_size=12)


@settings(deadline=None, derandomize=True)
@given(PAIRS)
def test_groups_are_those_of_links_merged_one_by_one(pairs: list[tuple[str, str]]) -> None:
    member_of = {name: {name} for pair in pairs for name in pair}
    for left, right in pairs:
        merged = member_of[left] | member_of[right]
        for name in merged:
            member_of[name] = merged
    found = linked_groups(pd.DataFrame(pairs, columns=["trader_id", "other_trader_id"]))
    expected = [(name, min(group), len(group)) for name, group in sorted(member_of.items())]
    assert list(found.itertuples(index=False, name=None)) == expected
