"""What a build screens: who and what is new, and nobody twice against the same lists."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from trader_segments.screening import Lists, build, nobody_screened, screen, screen_all

CUSTOMERS = pd.DataFrame(
    [
        ("T1", "Quillimar Inventas", "individual", None, "2026-02-01"),
        ("T2", "Barnaby Nobody", "individual", None, "2025-02-01"),
        ("T3", "Inventus Quillimar", "individual", None, None),
    ],
    columns=["trader_id", "legal_name", "customer_type", "birth_date", "customer_since"],
)
ADDRESSES = pd.DataFrame(
    [("T2", "0xAB", "2026-03-01"), ("T2", "0xCD", "2026-03-01"), ("T9", "0xab", None)],
    columns=["trader_id", "address", "used_since"],
)
LISTS = Lists(
    "first",
    pd.DataFrame(
        [("sdn", "E1", "INVENTUS, Quillimar", "individual", None, None, "2026-01-31")],
        columns=[
            *("list_name", "entry_id", "name", "entity_type", "birth_dates", "countries"),
            "first_loaded_on",
        ],
    ),
    pd.DataFrame(
        [("wallets", "E2", "ETH", "0xab", "2026-01-31")],
        columns=["list_name", "entry_id", "asset", "address", "first_loaded_on"],
    ),
)
NOTHING = pd.DataFrame()
Screened = list[set[str]]


@pytest.fixture
def screened(monkeypatch: pytest.MonkeyPatch) -> Screened:
    """Whose names were compared, call by call."""
    calls: Screened = []

    def counting(customers: pd.DataFrame, *arguments: object, **options: float) -> pd.DataFrame:
        calls.append(set(customers["trader_id"]))
        return screen(customers, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(build, "screen", counting)
    return calls


def test_every_name_has_a_row_and_hits_have_their_reasons_and_first_day() -> None:
    rows = screen_all(CUSTOMERS, ADDRESSES, LISTS, NOTHING)
    shown = rows[["trader_id", "subject", "entry_id", "score", "listed_as", "first_seen_on"]]
    shown = shown.astype(object).where(shown.notna(), None)
    assert shown.to_numpy().tolist() == [
        ["T1", "name", "E1", rows["score"].iloc[0], "INVENTUS, Quillimar", "2026-02-01"],
        ["T2", "name", None, None, None, None],
        ["T2", "wallet", "E2", 1.0, "0xab", "2026-03-01"],
        ["T3", "name", "E1", 1.0, "INVENTUS, Quillimar", "2026-01-31"],
        ["T9", "wallet", "E2", 1.0, "0xab", "2026-01-31"],
    ]
    assert 0.8 < rows["score"].iloc[0] < 1
    assert rows["explanation"].iloc[0].startswith("quillimar = quillimar (same)")
    assert rows["match_id"].dropna().is_unique


def test_a_second_build_compares_nobody_and_says_the_same(screened: Screened) -> None:
    first = screen_all(CUSTOMERS, ADDRESSES, LISTS, NOTHING)
    second = screen_all(CUSTOMERS, ADDRESSES, LISTS, first)
    pd.testing.assert_frame_equal(first, second)
    assert screened == [{"T1", "T2", "T3"}, set()]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: c.assign(legal_name=c["legal_name"].replace("Barnaby Nobody", "X")), {"T2"}),
        (lambda c: c.assign(birth_date=["1970-01-01", None, None]), {"T1"}),
        (lambda c: c[c["trader_id"] != "T1"], set()),
        (lambda c: pd.concat([c, c.tail(1).assign(trader_id="T4")]), {"T4"}),
    ],
)
def test_only_changed_and_new_customers_are_compared(
    screened: Screened, change: Callable[[pd.DataFrame], pd.DataFrame], expected: set[str]
) -> None:
    first = screen_all(CUSTOMERS, ADDRESSES, LISTS, NOTHING)
    changed = change(CUSTOMERS)
    second = screen_all(changed, ADDRESSES, LISTS, first)
    assert screened[1] == expected
    pd.testing.assert_frame_equal(second, screen_all(changed, ADDRESSES, LISTS, NOTHING))


def test_another_list_threshold_or_code_compares_everybody(
    screened: Screened, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = screen_all(CUSTOMERS, ADDRESSES, LISTS, NOTHING)
    relisted = Lists("second", LISTS.names.iloc[:0], LISTS.wallets)
    gone = screen_all(CUSTOMERS, ADDRESSES, relisted, first)
    assert gone["match_id"].notna().sum() == 2
    screen_all(CUSTOMERS, ADDRESSES, LISTS, first, threshold=0.9)
    monkeypatch.setattr(build, "_code", lambda: "other")
    screen_all(CUSTOMERS, ADDRESSES, LISTS, first)
    assert screened == [{"T1", "T2", "T3"}] * 4


def test_nobody_screened_has_the_same_types() -> None:
    rows = screen_all(CUSTOMERS, ADDRESSES, LISTS, NOTHING)
    assert nobody_screened().dtypes.to_dict() == rows.dtypes.to_dict()
    nobody = screen_all(CUSTOMERS.iloc[:0], ADDRESSES.iloc[:0], LISTS, NOTHING)
    pd.testing.assert_frame_equal(nobody, nobody_screened(), check_index_type=False)
