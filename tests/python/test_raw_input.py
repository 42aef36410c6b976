"""The raw input: what is found, what is read, and one clear sentence for whatever is wrong."""

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader_segments.raw_input import (
    NO_RAW_DATA,
    ORDER_COLUMNS,
    RawInputError,
    SourceColumn,
    check,
    find_raw_file,
    load_expected,
    register,
)

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = """
version: 2
sources:
  - name: exchange
    schema: raw
    tables:
      - name: fills
        config: {meta: {is_required: true}}
        columns:
          - {name: fill_id, data_type: varchar, config: {meta: {is_required: true}}}
          - {name: executed_at, data_type: timestamp, config: {meta: {is_required: true}}}
          - {name: price, data_type: decimal, config: {meta: {is_required: true}}}
          - {name: is_liquidation, data_type: boolean}
          - {name: note, data_type: varchar}
      - name: positions
        columns:
          - {name: account_id, data_type: varchar, config: {meta: {is_required: true}}}
          - {name: snapshot_date, data_type: date, config: {meta: {is_required: true}}}
          - {name: quantity, data_type: double}
          - {name: legs, data_type: bigint}
"""
HEADER = "fill_id,executed_at,price,is_liquidation,note\n"
ROW = "f1,2026-06-30 10:00:00,1.5,false,hello\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write_sources(root)
    return root


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def write_sources(root: Path) -> None:
    folder = root / "models" / "staging" / "exchange"
    folder.mkdir(parents=True)
    (folder / "_exchange__sources.yml").write_text(SOURCES, encoding="utf-8")


def write_parquet(path: Path, query: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as writer:
        writer.execute(f"copy ({query}) to '{path}' (format parquet)")


def problems(project: Path, raw: Path | None) -> list[str]:
    found = check(project, "exchange", None if raw is None else str(raw))
    return [problem.problem for problem in found]


def fills(connection: duckdb.DuckDBPyConnection) -> list[tuple[str | None, ...]]:
    return connection.execute(
        "select columns(lambda name: name not in ('source_file', 'source_row')) from raw.fills"
    ).fetchall()


GOOD_FILL = "'f1' as fill_id, timestamp '2026-06-30 10:00:00' as executed_at, 1.5 as price"


# What is expected


def test_the_contract_is_read_from_the_sources_file(project: Path) -> None:
    tables = load_expected(project, "exchange")
    assert [(table.name, table.is_required) for table in tables] == [
        ("fills", True),
        ("positions", False),
    ]
    assert tables[0].columns[2:4] == (
        SourceColumn("price", "decimal", is_required=True),
        SourceColumn("is_liquidation", "boolean", is_required=False),
    )


def test_an_unknown_venue_is_named_with_the_known_ones(project: Path, raw: Path) -> None:
    with pytest.raises(RawInputError, match="the venues are exchange"):
        load_expected(project, "bourse")
    (found,) = check(project, "bourse", str(raw))
    assert found.problem.startswith('unknown venue "bourse": there is no models/staging/bourse/')


def test_an_unknown_data_type_is_named(project: Path, raw: Path) -> None:
    path = project / "models/staging/exchange/_exchange__sources.yml"
    path.write_text(SOURCES.replace("decimal", "money"), encoding="utf-8")
    assert problems(project, raw) == [
        '_exchange__sources.yml is no list of sources: column "price" has the data type "money"; '
        "known are varchar, timestamp, date, decimal, double, bigint, boolean"
    ]


def test_a_broken_sources_file_is_a_problem_not_an_error(project: Path, raw: Path) -> None:
    path = project / "models/staging/exchange/_exchange__sources.yml"
    for text in ("sources: [", "sources: 3", "", "sources: [{tables: [{}]}]"):
        path.write_text(text, encoding="utf-8")
        (problem,) = problems(project, raw)
        assert problem.startswith("_exchange__sources.yml is no list of sources: ")


@pytest.mark.parametrize("venue", ["exchange", "hyperliquid", "polymarket"])
def test_the_sources_of_this_project_can_be_read(venue: str) -> None:
    assert any(table.is_required for table in load_expected(REPOSITORY, venue))


# Where the tables are


@pytest.mark.parametrize("name", ["fills.csv", "fills.csv.gz", "fills.parquet", "fills/a/1.csv"])
def test_a_table_is_found_in_each_form(raw: Path, name: str) -> None:
    path = raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    found = find_raw_file(raw, "fills")
    assert found is not None
    assert found.files == (path,)
    assert found.location == raw / name.split("/")[0]


def test_a_view_says_where_a_row_stands(
    connection: duckdb.DuckDBPyConnection, project: Path, raw: Path
) -> None:
    write_parquet(raw / "fills" / "2.parquet", f"select {GOOD_FILL}".replace("f1", "f3"))
    write_parquet(raw / "fills" / "1.parquet", f"select {GOOD_FILL} union all select 'f2', null, 2")
    assert register(connection, project, "exchange", str(raw)) == []
    rows = connection.execute(
        "select fill_id, parse_filename(source_file), source_row from raw.fills "
        "order by source_file, source_row"
    ).fetchall()
    assert rows == [("f1", "1.parquet", 0), ("f2", "1.parquet", 1), ("f3", "2.parquet", 0)]


def test_what_spark_leaves_beside_its_files_is_ignored(raw: Path) -> None:
    for name in ("part-0.parquet", "_SUCCESS", "_temporary/x.parquet", ".part-0.parquet", "a.crc"):
        (raw / "fills" / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / "fills" / name).touch()
    found = find_raw_file(raw, "fills")
    assert found is not None
    assert [path.name for path in found.files] == ["part-0.parquet"]


def test_two_candidates_are_both_named(project: Path, raw: Path) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW, encoding="utf-8")
    write_parquet(raw / "fills" / "1.parquet", f"select {GOOD_FILL}")
    assert problems(project, raw) == [
        "fills/ and fills.csv could both be the table fills; keep one of them"
    ]


def test_a_folder_must_hold_files_of_one_format(project: Path, raw: Path) -> None:
    (raw / "fills").mkdir()
    assert problems(project, raw) == ["fills/ holds no Parquet or CSV file"]
    (raw / "fills" / "1.csv").write_text(HEADER + ROW, encoding="utf-8")
    write_parquet(raw / "fills" / "2.parquet", f"select {GOOD_FILL}")
    assert problems(project, raw) == ["fills/ mixes Parquet and CSV files"]


def test_hive_folders_become_text_columns(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW, encoding="utf-8")
    for day in (1, 2):
        write_parquet(
            raw / f"positions/snapshot_date=2026-01-0{day}/account_id=007/x.parquet",
            f"select {day} as legs",
        )
    assert register(connection, project, "exchange", str(raw)) == []
    assert connection.execute(
        "select account_id, snapshot_date, legs from raw.positions order by all"
    ).fetchall() == [("007", "2026-01-01", 1), ("007", "2026-01-02", 2)]


def test_a_folder_with_brackets_in_its_name_is_no_pattern(project: Path, tmp_path: Path) -> None:
    raw = tmp_path / "day [1]*"
    raw.mkdir()
    write_parquet(raw / "fills.parquet", f"select {GOOD_FILL}")
    (raw / "positions.csv").write_text("account_id,snapshot_date\n", encoding="utf-8")
    assert problems(project, raw) == []


def test_a_relative_folder_is_sought_from_the_working_directory(
    project: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW, encoding="utf-8")
    monkeypatch.chdir(raw.parent)
    assert problems(project, Path("raw")) == []


# What is missing or wrong


def test_missing_folder(project: Path, raw: Path) -> None:
    gone = raw / "gone"
    assert problems(project, gone) == [
        f"{gone} is not a folder: set RAW_DATA to the folder of the raw tables"
    ]


def test_a_folder_without_any_table(project: Path, raw: Path) -> None:
    (raw / "trades.xlsx").touch()
    assert problems(project, raw) == [
        f"{raw} has none of the expected tables: looked for fills, positions, each as "
        "<table>.parquet, <table>.csv, <table>.csv.gz or a folder of these"
    ]


def test_a_missing_required_table(project: Path, raw: Path) -> None:
    write_parquet(raw / "positions.parquet", "select 'a' as account_id, today() as snapshot_date")
    (raw / "fill.csv").touch()
    assert problems(project, raw) == [
        f"{raw} has no fills.parquet, fills.csv, fills.csv.gz or folder fills/, "
        "and fills is required (perhaps it is fill.csv)"
    ]


def test_an_absent_optional_table_is_no_problem(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW, encoding="utf-8")
    assert register(connection, project, "exchange", str(raw)) == []
    assert connection.execute("from raw.input_tables").fetchall() == [
        ("fills", True, str(raw / "fills.csv"), None, None),
        ("positions", False, None, None, None),
    ]


@pytest.mark.parametrize("name", ["fills.csv", "fills.csv.gz", "fills.parquet", "fills/1.csv"])
def test_an_empty_file(project: Path, raw: Path, name: str) -> None:
    (raw / name).parent.mkdir(exist_ok=True)
    (raw / name).touch()
    assert problems(project, raw) == [f"{name} is empty (0 bytes)"]


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        ("fills.parquet", b"PAR1 nothing PAR1", "fills.parquet cannot be read as Parquet"),
        ("fills.csv.gz", b"no gzip", "fills.csv.gz cannot be read as CSV"),
        ("fills.csv", b"fill_id,n\xe4me\n", "fills.csv cannot be read as CSV: it is not UTF-8"),
        ("fills.csv", b"\n\n", "fills.csv: the first line is blank"),
        ("fills.csv", b"fill_id,price,fill_id\n", 'fills.csv has the column "fill_id" twice'),
    ],
)  # fmt: skip
def test_an_unreadable_file(
    project: Path, raw: Path, name: str, content: bytes, trouble: str
) -> None:
    (raw / name).write_bytes(content)
    (problem,) = problems(project, raw)
    assert problem.startswith(trouble)
    assert "\n" not in problem


def test_a_required_table_without_rows(project: Path, raw: Path) -> None:
    (raw / "fills.csv").write_text(HEADER, encoding="utf-8")
    (raw / "positions.csv").write_text("account_id,snapshot_date\n", encoding="utf-8")
    assert problems(project, raw) == ["fills.csv has no rows"]


def test_a_missing_column_is_named_with_a_guess(project: Path, raw: Path) -> None:
    (raw / "fills.csv").write_text("fill_id,execution_at,prix\nf1,2026-06-30,1\n", encoding="utf-8")
    assert problems(project, raw) == [
        'fills.csv has no column "executed_at" (perhaps it is "execution_at"), '
        'no column "price" (perhaps it is "prix"); its columns are fill_id, execution_at, prix'
    ]


def test_an_optional_table_must_have_its_required_columns(project: Path, raw: Path) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW, encoding="utf-8")
    (raw / "positions.csv").write_text("account_id,quantity\na,1\n", encoding="utf-8")
    assert problems(project, raw) == [
        'positions.csv has no column "snapshot_date"; its columns are account_id, quantity'
    ]


TYPES = {
    "varchar": "'x'", "timestamp": "now()::timestamp", "timestamp with time zone": "now()",
    "date": "today()", "decimal": "1.5::decimal(9, 2)", "double": "1.5::double",
    "bigint": "1::bigint", "utinyint": "1::utinyint", "boolean": "true", "blob": "'x'::blob",
    "list": "[1]", "struct": "{'a': 1}", "time": "time '10:00'", "null": "null",
}  # fmt: skip
ACCEPTED = {
    "fill_id": set(TYPES) - {"list", "struct"},
    "executed_at": {"varchar", "timestamp", "timestamp with time zone", "date", "null"},
    "price": {"varchar", "decimal", "double", "bigint", "utinyint", "null"},
    "is_liquidation": {"varchar", "boolean", "bigint", "utinyint", "null"},
}


@pytest.mark.parametrize("column", ACCEPTED)
def test_column_types(project: Path, raw: Path, column: str) -> None:
    for name, value in TYPES.items():
        columns = {
            "fill_id": "'f1'",
            "executed_at": "now()::timestamp",
            "price": "1.5",
            "is_liquidation": "true",
            column: value,
        }
        selected = ", ".join(f"{value} as {key}" for key, value in columns.items())
        path = raw / "fills.parquet"
        path.unlink(missing_ok=True)
        write_parquet(path, f"select {selected}")
        found = problems(project, raw)
        assert bool(found) == (name not in ACCEPTED[column]), (name, found)


def test_a_wrong_type_is_told_with_what_is_expected(project: Path, raw: Path) -> None:
    write_parquet(
        raw / "fills.parquet", "select 'f' as fill_id, 1::bigint as executed_at, 2 as price"
    )
    assert problems(project, raw) == [
        'fills.parquet: column "executed_at" is BIGINT; a TIMESTAMP is expected'
    ]


# How CSV files are read


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_of_the_same_csv(
    project: Path,
    raw: Path,
    connection: duckdb.DuckDBPyConnection,
    suffix: str,
    bom: bytes,
    quote: str,
    newline: str,
) -> None:
    header = [f"{quote}{name}{quote}" for name in (" fill_id", "executed_at ", "price")]
    lines = [",".join(header), 'f1,2026-06-30,"1.5"', '"f,""2""",,2', ""]
    content = bom + newline.join(lines).encode()
    path = raw / f"fills{suffix}"
    path.write_bytes(gzip.compress(content) if suffix == ".csv.gz" else content)
    assert register(connection, project, "exchange", str(raw), scan_csv=True) == []
    assert fills(connection) == [("f1", "2026-06-30", "1.5"), ('f,"2"', None, "2")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_gives_the_contracts_columns(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection, delimiter: str
) -> None:
    lines = HEADER + 'f1,2026-06-30,1.5,,"a\tb;c|d"\n'
    (raw / "fills.csv").write_text(lines.replace(",", delimiter), encoding="utf-8")
    assert register(connection, project, "exchange", str(raw), scan_csv=True) == []
    assert fills(connection)[0][:3] == ("f1", "2026-06-30", "1.5")


def test_names_match_exactly_first_then_in_any_case(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.csv").write_text(
        "Price,FILL_ID,Executed_At,price,,extra\n1,f1,2026-06-30,2,3,4\n", encoding="utf-8"
    )
    assert register(connection, project, "exchange", str(raw)) == []
    described = connection.execute("describe raw.fills").fetchall()
    assert [row[0] for row in described] == [
        "Price_2", "fill_id", "executed_at", "price", "column_5", "extra", *ORDER_COLUMNS,
    ]  # fmt: skip
    assert fills(connection) == [("1", "f1", "2026-06-30", "2", "3", "4")]
    assert connection.execute(
        "select extra_columns, missing_optional_columns from raw.input_tables"
    ).fetchall()[0] == ("Price_2, column_5, extra", "is_liquidation, note")


def test_parquet_names_are_spelt_as_in_the_contract(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    write_parquet(
        raw / "fills.parquet", "select 'f' as FILL_ID, now() as \"Executed_At\", 2 as price, 3 as X"
    )
    assert register(connection, project, "exchange", str(raw)) == []
    described = connection.execute("describe raw.fills").fetchall()
    assert [row[0] for row in described] == [
        "fill_id",
        "executed_at",
        "price",
        "X",
        *ORDER_COLUMNS,
    ]


def test_files_of_one_folder_may_differ_in_their_columns(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills").mkdir()
    (raw / "fills" / "1.csv").write_text(
        "fill_id,executed_at,price\nf1,2026-06-30,1\n", encoding="utf-8"
    )
    (raw / "fills" / "2.csv").write_text(
        "price;fill_id;executed_at;note\n2;f2;2026-07-01;n\n", encoding="utf-8"
    )
    assert register(connection, project, "exchange", str(raw), scan_csv=True) == []
    assert sorted(fills(connection), key=str) == [
        ("f1", "2026-06-30", "1", None),
        ("f2", "2026-07-01", "2", "n"),
    ]


def test_a_short_row_is_kept_for_staging_to_reject(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW + "f2,2026-06-30\n\n" + ROW, encoding="utf-8")
    assert register(connection, project, "exchange", str(raw), scan_csv=True) == []
    assert fills(connection)[1] == ("f2", "2026-06-30", None, None, None)
    assert len(fills(connection)) == 3


@pytest.mark.parametrize(
    ("rows", "trouble"),
    [
        ("f2,2026-06-30,1,true,a,b,c,d,e\n", ": line 3 has 9 values, the header has 5"),
        ('f2,2026-06-30,1,,"a\nb",c\n', ": line 3 has 6 values, the header has 5"),
        ('f2,"2026-06-30,1\n' + ROW, " cannot be read from line 3 on: a quote is not closed"),
        ('"f"2,2026-06-30,1\n', " cannot be read from line 3 on: a quote is not closed or not"),
    ],
)
def test_a_line_that_cannot_be_kept_whole_is_a_problem(
    project: Path, raw: Path, rows: str, trouble: str
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW + rows, encoding="utf-8")
    (problem,) = problems(project, raw)
    assert problem.startswith(f"fills.csv{trouble}")


def test_text_that_is_not_utf_8_is_a_problem(project: Path, raw: Path) -> None:
    (raw / "fills.csv").write_bytes((HEADER + ROW * 20_000).encode() + "f,ä\n".encode("latin-1"))
    (problem,) = problems(project, raw)
    assert problem.startswith("fills.csv cannot be read from line ")
    assert problem.endswith(" on: it is not UTF-8 text")


def test_trailing_delimiters_are_no_values(project: Path, raw: Path) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW.replace("\n", ",,\n"), encoding="utf-8")
    assert problems(project, raw) == []


def test_registering_does_not_scan(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW * 5_000 + "a,b,c,d,e,f\n", encoding="utf-8")
    assert register(connection, project, "exchange", str(raw)) == []


VALUES = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), VALUES, VALUES, VALUES, VALUES), min_size=1, max_size=6
    ),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_every_value_of_a_proper_csv_arrives_unchanged(
    rows: list[tuple[str, ...]], delimiter: str, quoting: int, newline: str
) -> None:
    if any("\r" in value for row in rows for value in row):
        quoting = csv.QUOTE_ALL  # Python 3.11 does not quote a lone \r, which then ends the line
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=newline)
    writer.writerow(HEADER.strip().split(","))
    writer.writerows(rows)
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        write_sources(Path(folder))
        (Path(folder) / "fills.csv").write_bytes(text.getvalue().encode())
        assert register(connection, Path(folder), "exchange", folder, scan_csv=True) == []
        read = fills(connection)
    assert read == [tuple(value or None for value in row) for row in rows]


# Views and tables of the warehouse


def test_views_follow_the_folder(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW, encoding="utf-8")
    (raw / "positions.csv").write_text("account_id,snapshot_date\na,2026-06-30\n", encoding="utf-8")
    assert register(connection, project, "exchange", str(raw)) == []
    (raw / "positions.csv").unlink()
    (raw / "fills.csv").unlink()
    write_parquet(raw / "fills.parquet", f"select {GOOD_FILL}")
    for _ in range(2):
        assert register(connection, project, "exchange", str(raw)) == []
        views = connection.execute(
            "select view_name from duckdb_views() where schema_name = 'raw'"
        ).fetchall()
        assert views == [("fills",)]


def test_bad_input_is_recorded_and_never_raised(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.parquet").write_bytes(b"x")
    (raw / "positions.csv").write_text("account_id,snapshot_date\na,2026-06-30\n", encoding="utf-8")
    (found,) = register(connection, project, "exchange", str(raw))
    assert connection.execute("from raw.input_problems").fetchall() == [
        ("fills", str(raw / "fills.parquet"), found.problem)
    ]
    assert connection.execute("select account_id from raw.positions").fetchall() == [("a",)]


def test_tables_of_the_schema_raw_are_used_where_no_folder_is_set(
    project: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("create schema raw")
    connection.execute(f"create table raw.fills as select {GOOD_FILL}, 1 as extra")
    connection.execute("create view raw.positions as select 'a' as account_id, today() as Snapshot")
    found = register(connection, project, "exchange", None)
    assert [problem.problem for problem in found] == [
        'raw.positions has no column "snapshot_date" (perhaps it is "Snapshot"); '
        "its columns are account_id, Snapshot"
    ]
    assert connection.execute("from raw.input_tables").fetchall() == [
        ("fills", True, "raw.fills", "extra", "is_liquidation, note"),
        ("positions", True, "raw.positions", "Snapshot", "quantity, legs"),
    ]
    assert fills(connection)[0][0] == "f1"


def test_an_empty_or_absent_required_table_of_the_schema_raw(
    project: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("create schema raw")
    connection.execute(f"create table raw.fills as select {GOOD_FILL} limit 0")
    (found,) = register(connection, project, "exchange", "")
    assert found.problem == "raw.fills has no rows"
    connection.execute("drop table raw.fills")
    connection.execute(
        "create table raw.positions as select 'a' as account_id, today() as snapshot_date"
    )
    (found,) = register(connection, project, "exchange", "")
    assert found.problem == "the schema raw has no table fills, and it is required"


def test_a_folder_does_not_shadow_tables_of_the_schema_raw(
    project: Path, raw: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    (raw / "fills.csv").write_text(HEADER + ROW, encoding="utf-8")
    connection.execute("create schema raw")
    connection.execute(f"create table raw.fills as select {GOOD_FILL}")
    (found,) = register(connection, project, "exchange", str(raw))
    assert found.problem == (
        "RAW_DATA is set, but the schema raw of the warehouse has a table fills of its own; "
        "drop it or leave RAW_DATA empty"
    )


def test_the_sample_venue_is_the_default(
    project: Path, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    home = tmp_path / "home"
    (found,) = register(connection, project, "exchange", None, home=home)
    assert found.problem == NO_RAW_DATA
    sample = home / "build" / "sample" / "raw"
    write_parquet(sample / "fills.parquet", f"select {GOOD_FILL}")
    for _ in range(2):
        assert register(connection, project, "exchange", "", home=home) == []
    assert fills(connection)[0][0] == "f1"


@pytest.mark.parametrize(
    ("venue", "folder", "rows"),
    [("hyperliquid", "hyperliquid", 15_629), ("polymarket", "polymarket_2022_midterms", None)],
)
def test_the_real_exports_fit(
    venue: str, folder: str, rows: int | None, connection: duckdb.DuckDBPyConnection
) -> None:
    data = REPOSITORY.parent / "shared" / "data" / folder
    if not data.is_dir():
        pytest.skip(f"{data.name} of ../shared/data is not there")
    assert register(connection, REPOSITORY, venue, str(data), scan_csv=True) == []
    if rows is not None:
        assert len(fills(connection)) == rows
