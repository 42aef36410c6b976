"""Sanctions lists: every format and quirk is read, and what cannot be read is reported."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from trader_segments.screening.lists import ListError, SanctionsList, read_list
from warehouse_builds import require_data

NULLS = ",".join(["-0- "] * 7)
SDN = f"""\
101,"FICTIONAL TRADING, S.A.",-0- ,"TESTLAND",{NULLS},"a.k.a. 'FICTRADE'; Linked To: NOBODY."
102,"INVENTUS, Quill Barnaby","individual","SDGT] [IFSR",{NULLS},"DOB 10 Dec 1948; \
alt. DOB circa 1950; alt. DOB 1964 to 1966; nationality Testland; a.k.a. 'MAKEUP, Quill'; \
alt. Digital Currency Address - XBT 1FictionaLAddressForTestsOnLy1; a.k.a. ''THE QUILL''."
103,"SS IMAGINARY","vessel",-0- ,{NULLS},-0- \x20
"""
OPENSANCTIONS = """\
id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,\
program_ids,dataset,first_seen,last_seen,last_change
T-1,Person,Quill Inventus,Квилл Инвентус;Q. Inventus,1948-12-10,tl;zz,"1 Nowhere Road
Testtown",,,,,TEST,test,2025-01-01,2026-03-01T00:00:00,2026-01-01
T-2,CryptoWallet,0xABCDEF0000000000000000000000000000000001,,,,,,,,,,test,2025-01-01,2026-02-01,2026-01-01
T-3,LegalEntity,Fictional Trading,,,,,,,,,,test,2025-01-01,2026-02-01,2026-01-01
"""


def read(path: Path, content: str | bytes, name: str | None = None) -> SanctionsList:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_list(path, name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def test_nulls_of_the_sdn_list_are_nothing_and_remarks_give_names_dates_and_wallets(
    file: Path,
) -> None:
    loaded = read(file, SDN)
    trading, person, vessel = loaded.entries
    assert loaded.list_name == loaded.list_format == "ofac_sdn"
    assert (trading.entity_type, trading.names) == (
        "entity",
        ("FICTIONAL TRADING, S.A.", "FICTRADE"),
    )
    assert person.names == ("INVENTUS, Quill Barnaby", "MAKEUP, Quill", "THE QUILL")
    assert person.birth_dates == ("1948-12-10", "1950", "1964/1966")
    assert person.countries == ("Testland",)
    assert person.programs == ("SDGT", "IFSR")
    assert person.wallets == (("XBT", "1FictionaLAddressForTestsOnLy1"),)
    assert (vessel.entity_type, vessel.programs, vessel.remarks) == ("vessel", (), None)


def test_a_junk_line_at_the_end_and_a_line_cut_short_are_counted_and_told(file: Path) -> None:
    loaded = read(file, SDN + '104,"CUT SHO\n105,"TOO FEW","individual"\n\x1a')
    assert [(line.line, line.content) for line in loaded.broken] == [
        (4, '104,"CUT SHO'),
        (5, "105,TOO FEW,individual"),
        (6, "\\x1a"),
    ]
    assert (len(loaded.entries), loaded.records) == (3, 6)


def test_an_open_quote_does_not_swallow_the_lines_after_it(file: Path) -> None:
    loaded = read(file, '104,"OPEN ,-0- \n' + SDN)
    assert [entry.entry_id for entry in loaded.entries] == ["101", "102", "103"]
    assert [line.line for line in loaded.broken] == [1]


def test_every_record_is_an_entry_or_repeated_or_broken(file: Path) -> None:
    loaded = read(file, SDN + SDN + "x" * 10 + "\n")
    assert len(loaded.entries) + loaded.repeated + len(loaded.broken) == loaded.records == 7


def test_two_records_of_one_entry_lose_nothing(file: Path) -> None:
    other = '102,"OTHERWISE, Quill","individual",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
    person = read(file, SDN + other).entries[1]
    assert person.names[0] == "INVENTUS, Quill Barnaby"
    assert person.names[-1] == "OTHERWISE, Quill"


def test_opensanctions_is_known_by_its_header_and_may_hold_line_ends(file: Path) -> None:
    loaded = read(file, "\ufeff" + OPENSANCTIONS, "un")
    person, wallet, entity = loaded.entries
    assert (loaded.list_name, loaded.list_format) == ("un", "opensanctions")
    assert loaded.listed_on == dt.date(2026, 3, 1)
    assert person.names == ("Quill Inventus", "Квилл Инвентус", "Q. Inventus")
    assert person.countries == ("TL", "ZZ")
    assert wallet.wallets == ((None, "0xabcdef0000000000000000000000000000000001"),)
    assert (wallet.names, entity.entity_type) == ((), None)
    assert (loaded.records, loaded.broken) == (3, ())


def test_byte_order_mark_and_zero_width_characters_vanish_from_addresses(file: Path) -> None:
    content = (
        "\ufeffblockchain,creator,address,tag_name,tag_type,start_date,end_date\r\n"
        "bitcoin,x,1Fict\u200bionaL\u200b,QUILL INVENTUS\u200b,test,1/1/2021,null\r\n"
        "bitcoin,x,\ufeff1Another,QUILL INVENTUS,test,1/1/2021,null\r\n"
        "bitcoin,x,1Third,Anonymous\u200b,test,1/1/2021,null\r\n"
    )
    person, nobody = read(file, content).entries
    assert person.names == ("QUILL INVENTUS",)
    assert [address for _, address in person.wallets] == ["1FictionaL", "1Another"]
    assert (nobody.names, nobody.wallets) == ((), (("bitcoin", "1Third"),))


def test_addresses_of_ofac_are_gathered_by_entry_and_copies_counted(file: Path) -> None:
    loaded = read(file, "ent_num,asset,address\n7,ETH,0xAB\n7,ETH,0xab\n7,XBT,1Q\nx,XBT,1Q\n")
    assert loaded.entries[0].wallets == (("ETH", "0xab"), ("XBT", "1Q"))
    assert (loaded.repeated, len(loaded.broken), loaded.records) == (1, 1, 4)


def test_a_list_in_windows_1252_is_read(file: Path) -> None:
    loaded = read(file, SDN.replace("Barnaby", "Barnabé").encode("cp1252"))
    assert loaded.entries[1].names[0] == "INVENTUS, Quill Barnabé"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "ent_num,asset,address\nx,y,\n"])
def test_what_is_no_list_is_refused_with_the_reason(file: Path, content: str) -> None:
    with pytest.raises(ListError, match=r"list\.csv"):
        read(file, content)


def test_the_version_is_that_of_the_bytes(file: Path) -> None:
    first = read(file, SDN).list_version
    assert read(file, SDN).list_version == first
    assert read(file, SDN + "\n").list_version != first


@pytest.mark.parametrize(
    ("name", "entries", "names", "wallets", "records", "broken"),
    [
        ("sdn.csv", 14965, 18632, 294, 14966, 1),
        ("digital_currency_addresses.csv", 55, 0, 294, 294, 0),
        ("israel_sanctioned_addresses.csv", 32, 7, 46, 46, 0),
    ],
)
def test_real_lists_are_read_whole(
    name: str, entries: int, names: int, wallets: int, records: int, broken: int
) -> None:
    loaded = read_list(require_data("sanctions") / name)
    assert len(loaded.entries) == entries
    assert sum(len(entry.names) for entry in loaded.entries) == names
    assert sum(len(entry.wallets) for entry in loaded.entries) == wallets
    assert (loaded.records, len(loaded.broken)) == (records, broken)
    for entry in loaded.entries:
        for value in (*entry.names, *(address for _, address in entry.wallets)):
            assert value.isprintable()
            assert "-0-" not in value
            assert "\u200b" not in value
