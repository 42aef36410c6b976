"""Screening of invented customers against invented lists: what hits, why, and how alike."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader_segments.screening import (
    DEFAULT_THRESHOLD,
    HIT_COLUMNS,
    WALLET_HIT_COLUMNS,
    list_names,
    list_wallets,
    match_id,
    read_list,
    screen,
    screen_wallets,
)
from trader_segments.screening.births import agreement
from trader_segments.screening.names import parse_name, visible, wallet

LISTED = [
    ("1", "INVENTUS, Quillimar Barnaby", "individual", "1948-12-10"),
    ("1", "MAKEUPOV, Kvillimar", "individual", "1948-12-10"),
    ("2", "Grombletron Trading Company, S.A.", "entity", None),
    ("3", "AL-FIKTIYAH, Abd al Mukhtalaq", "individual", "1970/1972"),
    ("4", "QUILLIMAR STAR", "vessel", None),
    ("5", "ZHONGHUA, Xiaoqiang", "individual", None),
]
unhurried = settings(deadline=None, max_examples=50)
FIRST_LOADED = "2026-01-31"
INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u202e\u2060\u00ad\u034f\u061c\u3164\ufe0f\U000e0101"
WORDS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9), min_size=2, max_size=4
)


def names_of(listed: list[tuple[str, str, str | None, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        [("test", *row, None, FIRST_LOADED) for row in listed],
        columns=[
            *("list_name", "entry_id", "name", "entity_type", "birth_dates", "countries"),
            "first_loaded_on",
        ],
    )


def customers_of(*names: str | None, kind: str | None = "individual") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "trader_id": [f"T{number}" for number in range(len(names))],
            "legal_name": list(names),
            "customer_type": kind,
            "birth_date": None,
        }
    )


def best(name: str, kind: str | None = "individual") -> tuple[str, float] | None:
    hits = screen(customers_of(name, kind=kind), names_of(LISTED))
    return None if hits.empty else (hits["entry_id"].iloc[0], hits["score"].iloc[0])


@pytest.mark.parametrize(
    "name",
    [
        "Quillimar Barnaby Inventus",
        "INVENTUS Quillimar, Barnaby",
        "quillimar  barnaby-inventus",
        "\ufeffQuilli\u200bmar Barn\u00adaby Inventus",
        "Ｑｕｉｌｌｉｍａｒ Barnaby Inventus",
        "Dr. Quillimar Barnaby Inventus",
        "Quillimar Bárnaby Inventus",
        "Quillimаr Bаrnаby Inventus",  # the a is Cyrillic
    ],
)
def test_the_same_name_in_other_clothes_has_the_highest_score(name: str) -> None:
    assert best(name) == ("1", 1.0)


@pytest.mark.parametrize(
    "name",
    [
        "Quilimar Barnaby Inventus",
        "Quillimar Barnaby Inevntus",
        "Quillimra Barnoby Inventus",
        "QuillimarBarnaby Inventus",
        "Inventas Quillimar Barnabyy",
        "Kwillimar Makeupoff",
    ],
)
def test_typing_errors_and_other_spellings_hit_below_the_highest_score(name: str) -> None:
    hit = best(name)
    assert hit is not None
    assert hit[0] == "1"
    assert DEFAULT_THRESHOLD <= hit[1] < 1


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Квиллимар Макеупов", "1"),
        ("عبد المختلق الفيكتية", "3"),
        ("Abdul Mukhtalaq El Fiktiya", "3"),
    ],
)
def test_other_scripts_and_romanisations_hit(name: str, entry: str) -> None:
    hit = best(name)
    assert hit is not None
    assert hit[0] == entry


@pytest.mark.parametrize("name", ["Barnaby Quill", "Zoltan Harnaby", "Inventus", "  ", "株式", "…"])
def test_other_names_do_not_hit(name: str) -> None:
    assert best(name) is None


def test_middle_names_may_be_left_out_where_the_surname_is_rare() -> None:
    hits = screen(customers_of("Quillimar Inventus"), names_of(LISTED))
    assert hits["score"].tolist() == [0.9]
    assert "barnaby (left out)" in hits["matched_words"].iloc[0]
    relatives = [
        (str(100 + n), f"INVENTUS, {given} Barnaby", "individual", None)
        for n, given in enumerate(("Quillimar", "Ottokar", "Zebulonia", "Wilhelmira"))
    ]
    assert screen(customers_of("Quillimar Inventus"), names_of(relatives)).empty


def test_legal_forms_do_not_count_also_misspelled() -> None:
    assert best("Grombletron Trading Ltd", kind="entity") == ("2", 1.0)
    assert best("Grombletron Trading Compnay", kind="entity") == ("2", 1.0)


def names_that_hit(name: str, listed: str, kind: str) -> float:
    hits = screen(customers_of(name, kind=kind), names_of([("1", listed, kind, None)]))
    return 0.0 if hits.empty else float(hits["score"].iloc[0])


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("Grombletron Norte S.Ax. de C.V.", "GROMBLETRON NORTE, S.A. DE C.V."),
        ("Grombletron Norte Cox, Ltd.", "GROMBLETRON NORTE CO., LTD."),
        ("Grombletrn nortelimited", "GROMBLETRON NORTE LIMITED"),
        ("Gromltronnqrte", "GROMBLTRONNORTE"),
        ("Grombletronqorte", "GROMBLETRON NORTE"),
    ],
)
def test_typing_errors_in_legal_forms_and_in_single_long_words_are_found(
    name: str, listed: str
) -> None:
    assert DEFAULT_THRESHOLD <= names_that_hit(name, listed, "entity") < 1


def test_another_number_is_another_firm() -> None:
    assert names_that_hit("Grombletron Zavod 558", "GROMBLETRON ZAVOD 558", "entity") == 1
    assert names_that_hit("Grombletron Zavod 559", "GROMBLETRON ZAVOD 558", "entity") < 0.85


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("عمر ممدوح الهجازي", "AL-HIJAZI, Omar Mamdouh"),
        ("عبدالله جلال", "JALAL, Abdallah"),
        ("صالح حبيب", "HABIB, Salih"),
    ],
)
def test_arabic_names_keep_all_their_consonants(name: str, listed: str) -> None:
    assert names_that_hit(name, listed, "individual") >= 0.85


def test_people_are_not_held_against_entities_and_nobody_against_vessels() -> None:
    assert best("Grombletron Trading", kind="individual") is None
    assert best("Grombletron Trading", kind=None) == ("2", 1.0)
    assert best("Quillimar Star", kind=None) is None


def test_a_hit_says_word_by_word_why() -> None:
    hits = screen(customers_of("Barnaby Quilimar Inventos"), names_of(LISTED))
    assert tuple(hits.columns) == HIT_COLUMNS
    assert hits["listed_name"].tolist() == ["INVENTUS, Quillimar Barnaby"]
    assert hits["matched_words"].tolist() == [
        "barnaby = barnaby (same); quilimar = quillimar (sounds alike, 0.25); "
        "inventos = inventus (sounds alike, 0.25)"
    ]


@pytest.mark.parametrize(
    ("born", "listed", "expected"),
    [
        ("1948-12-10", "1948-12-10", "same day"),
        ("1948-12-10", "1951-01-01; 1948-12-10", "same day"),
        ("1948-12-10", "1948-12", "same year"),
        ("1948-12-10", "1948", "same year"),
        ("1948-12-10", "1948-12-11", "near"),
        ("1949-02-01", "1948-12-10", "near"),
        ("1970-02-01", "1969/1971", "near"),
        ("1980-12-10", "1948-12-10", "differs"),
        (None, "1948", "unknown"),
        ("1948-12-10", None, "unknown"),
        ("1948-12-10", "before the war", "unknown"),
    ],
)
def test_dates_of_birth_agree_to_the_precision_that_is_listed(
    born: str | None, listed: str | None, expected: str
) -> None:
    assert agreement(born, listed) == expected


def test_an_agreeing_day_of_birth_adds_hits_and_a_differing_one_hides_none() -> None:
    name = "Qwilimor Bornaby Invontes"
    scores = {}
    for born in (None, "1980-12-10", "1948-12-10"):
        customers = customers_of(name).assign(birth_date=pd.Series([born], dtype=object))
        hits = screen(customers, names_of(LISTED), threshold=0.3)
        scores[born] = hits["score"].iloc[0]
        assert hits["birth_date_agreement"].tolist() == [agreement(born, "1948-12-10")]
    assert scores[None] == scores["1980-12-10"] < DEFAULT_THRESHOLD
    assert scores["1948-12-10"] == pytest.approx((1 + scores[None]) / 2, abs=1e-4)
    assert scores["1948-12-10"] >= DEFAULT_THRESHOLD


@pytest.mark.parametrize("born", [pd.Timestamp("1948-12-10"), dt.date(1948, 12, 10)])
def test_a_date_of_birth_may_come_in_any_type(born: object) -> None:
    customers = customers_of("Quillimar Barnaby Inventus").assign(
        birth_date=pd.Series([born], dtype=object)
    )
    assert screen(customers, names_of(LISTED))["birth_date_agreement"].tolist() == ["same day"]


def test_a_match_keeps_its_id_until_the_listed_or_the_customers_name_changes() -> None:
    def ids(name: str, listed: list[tuple[str, str, str | None, str | None]]) -> list[str]:
        return list(screen(customers_of(name), names_of(listed))["match_id"])

    before = ids("Quillimar Barnaby Inventas", LISTED)
    assert len(before) == 1
    assert ids("\ufeffQuillimar  Barnaby INVENTAS", LISTED) == before
    assert ids("Quillimar Barnaby Inventus", LISTED) != before
    relisted = [("1", "INVENTUS, Quillimar Barnabie", "individual", None), *LISTED[1:]]
    assert ids("Quillimar Barnaby Inventas", relisted) != before


def test_match_ids_do_not_run_together() -> None:
    assert match_id("a", "bc", "1", "x") != match_id("ab", "c", "1", "x")


def test_without_customers_or_lists_there_are_columns_and_no_rows() -> None:
    nobody, nothing = customers_of(), names_of([])
    assert tuple(screen(nobody, names_of(LISTED)).columns) == HIT_COLUMNS
    assert screen(customers_of("Quillimar", None), nothing).empty


@pytest.mark.parametrize("threshold", [0.0, 1.01, float("nan")])
def test_a_threshold_is_a_share(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        screen(customers_of("x"), names_of(LISTED), threshold=threshold)


def test_addresses_hit_after_normalisation_and_base58_keeps_its_case() -> None:
    wallets = pd.DataFrame(
        [
            ("t", "1", "ETH", "0xABCDEF\u200b12", FIRST_LOADED),
            ("t", "2", "XBT", "1FictionaL", FIRST_LOADED),
            ("t", "1", None, "0xabcdef12", FIRST_LOADED),
        ],
        columns=["list_name", "entry_id", "asset", "address", "first_loaded_on"],
    )
    addresses = pd.DataFrame(
        [
            ("T1", "\ufeff0xabcdef12 ", "2026-02-02"),
            ("T1", "0xABCDEF12", "2026-02-01"),
            ("T2", "1fictional", "2026-02-01"),
            ("T3", None, None),
        ],
        columns=["trader_id", "address", "used_since"],
    )
    hits = screen_wallets(addresses, wallets)
    assert tuple(hits.columns) == WALLET_HIT_COLUMNS
    shown = hits[["trader_id", "entry_id", "address", "used_since"]]
    assert shown.to_numpy().tolist() == [["T1", "1", "0xabcdef12", "2026-02-01"]]


@st.composite
def hiding(draw: st.DrawFn, text: str) -> str:
    """A text with invisible characters anywhere."""
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(INVISIBLE)) + text[place:]
    return text


@unhurried
@given(WORDS, st.data())
def test_invisible_characters_in_lists_and_customers_hide_no_name(
    words: list[str], data: st.DataObject
) -> None:
    row = f'7,"{data.draw(hiding(" ".join(words)))}","individual"{",-0- " * 9}'
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sdn.csv"
        file.write_text(data.draw(hiding("")) + row + "\n", encoding="utf-8")
        listed = list_names(read_list(file))
    mixed = " ".join(data.draw(st.permutations(words)))
    hits = screen(customers_of(data.draw(hiding(mixed))), listed)
    assert hits["score"].tolist() == [1.0]


@unhurried
@given(st.text("0123456789abcdefABCDEF", min_size=8, max_size=40), st.booleans(), st.data())
def test_invisible_characters_in_lists_and_customers_hide_no_address(
    digits: str, is_hexadecimal: bool, data: st.DataObject
) -> None:
    address = f"0x{digits}" if is_hexadecimal else f"1{digits}"
    row = f"7,XBT,{data.draw(hiding(address))}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "addresses.csv"
        file.write_text(f"{data.draw(hiding('ent_num'))},asset,address\n{row}\n", encoding="utf-8")
        listed = list_wallets(read_list(file))
    asked = pd.DataFrame(
        [("T1", data.draw(hiding(address)), None)], columns=["trader_id", "address", "used_since"]
    )
    assert screen_wallets(asked, listed)["entry_id"].tolist() == ["7"]


@unhurried
@given(st.lists(WORDS, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_customers_and_lists_changes_nothing(
    people: list[list[str]], shuffle: random.Random
) -> None:
    names = [" ".join(words) for words in people]
    listed = names_of([(str(n), f"{name}x", "individual", None) for n, name in enumerate(names)])
    customers = customers_of(*names)
    expected = screen(customers, listed, threshold=0.5)
    seed = shuffle.randrange(1 << 30)
    actual = screen(
        customers.sample(frac=1, random_state=seed),
        listed.sample(frac=1, random_state=seed + 1),
        threshold=0.5,
    )
    pd.testing.assert_frame_equal(expected, actual)


@unhurried
@given(st.text(max_size=30))
def test_any_text_can_be_a_name_or_an_address(text: str) -> None:
    for kind in ("individual", "entity", None):
        tokens = parse_name(text, kind).tokens
        assert all(token.isascii() and token == token.lower() for token in tokens)
    assert visible(visible(text)) == visible(text)
    assert wallet(wallet(text)) == wallet(text)
