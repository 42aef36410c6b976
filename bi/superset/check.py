"""Superset as a reader of the published marts, from nothing to a rendered dashboard.

.venv-superset/bin/python bi/superset/check.py [--write] [--screenshot FILE]

It starts a Superset of its own on this machine, imports the dashboard that is shipped beside this
script onto the published marts, asks every chart for its data, compares what can be compared with
the marts, and opens the dashboard in headless Chromium. `--write` first makes the dashboard anew
through Superset's API and ships it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import requests

HERE = Path(__file__).parent
ARCHIVE = HERE / "segments.zip"
DATABASE = "Trader Segments"
TITLE = "Trader segments"
PLACEHOLDER = "duckdb:////path/to/published/current/published.duckdb"
"""What stands in the archive; whoever imports it puts the own address there."""

CONFIG = """
import os

AUTH_ROLE_PUBLIC = os.environ["ROLE_OF_ALL"]
FEATURE_FLAGS = {{"ALERT_REPORTS": False}}
PREVENT_UNSAFE_DB_CONNECTIONS = False
RATELIMIT_ENABLED = False
SECRET_KEY = "{secret}"
SQLALCHEMY_DATABASE_URI = "sqlite:///{home}/superset.db"
TALISMAN_ENABLED = False
WTF_CSRF_ENABLED = False
"""


def metric(sql: str, label: str) -> dict[str, Any]:
    """A metric of one chart."""
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label, "optionName": label}


TRADERS = metric("count(*)", "Traders")
NET_REVENUE = metric("sum(net_revenue_usd)", "Net revenue (USD)")
FORMATS = {
    column: {"d3NumberFormat": form}
    for form, columns in (
        (".1%", ["trader_share", "maker_share", "retention"]),
        (",d", ["volume_usd", "net_revenue_usd", "net_vega_usd"]),
        (".2f", ["leverage"]),
    )
    for column in columns
}
# Title, table, kind, width (of 12), height, what is shown.
CHARTS: list[tuple[str, str, str, int, int, dict[str, Any]]] = [
    ("Traders", "segment_summary", "big_number_total", 4, 22,
     {"metric": metric("sum(traders)", "Traders"), "y_axis_format": ",d"}),
    ("Net revenue (USD)", "segment_summary", "big_number_total", 4, 22,
     {"metric": NET_REVENUE, "y_axis_format": ",d"}),
    ("Retention", "segment_summary", "big_number_total", 4, 22,
     {"metric": metric("1.0 * sum(retained_traders) / nullif(sum(earlier_active_traders), 0)",
                       "Retention"), "y_axis_format": ".1%"}),
    ("Net revenue by segment (USD)", "segment_summary", "echarts_timeseries_bar", 6, 55,
     {"x_axis": "segment_name", "metrics": [NET_REVENUE], "groupby": [], "row_limit": 15,
      "timeseries_limit_metric": NET_REVENUE, "orientation": "horizontal",
      "x_axis_sort": "Net revenue (USD)", "x_axis_sort_asc": True, "show_legend": False,
      "y_axis_format": "SMART_NUMBER", "truncate_metric": True}),
    ("Traders by style", "trader_segments", "pie", 6, 55,
     {"metric": TRADERS, "groupby": ["style"], "sort_by_metric": True, "row_limit": 20,
      "label_type": "key_value", "show_legend": False, "number_format": ",d"}),
    ("Value tier by lifecycle stage", "trader_segments", "echarts_timeseries_bar", 6, 50,
     {"x_axis": "value_tier", "metrics": [TRADERS], "groupby": ["lifecycle_stage"],
      "stack": "Stack", "show_legend": True, "row_limit": 100, "y_axis_format": ",d"}),
    ("Market risk tiers", "trader_risk_profile", "pie", 6, 50,
     {"metric": TRADERS, "groupby": ["risk_tier"], "sort_by_metric": True, "row_limit": 10,
      "label_type": "key_value", "show_legend": False, "donut": True, "number_format": ",d"}),
    ("Segments", "segment_summary", "table", 12, 90,
     {"query_mode": "raw", "row_limit": 100, "show_cell_bars": False,
      "all_columns": ["segment_name", "traders", "trader_share", "volume_usd", "net_revenue_usd",
                      "net_vega_usd", "leverage", "maker_share", "retention"],
      "order_by_cols": ['["net_revenue_usd", false]'],
      "column_config": FORMATS}),
    ("Where the data came from", "source_health", "table", 12, 70,
     {"query_mode": "raw", "row_limit": 50, "show_cell_bars": False,
      "all_columns": ["source_table", "is_present", "rows_read", "rows_staged", "rows_rejected",
                      "rows_duplicate", "last_event_at", "build_id"],
      "order_by_cols": ['["source_table", true]']}),
]  # fmt: skip


def main() -> None:
    """Check the shipped dashboard, or write it first."""
    parser = argparse.ArgumentParser(description=__doc__)
    home = Path(os.environ.get("TRADER_SEGMENTS_HOME") or HERE.parents[1])
    parser.add_argument("--published", type=Path, default=home / "published")
    parser.add_argument("--write", action="store_true", help="make the shipped dashboard anew")
    parser.add_argument("--screenshot", type=Path, default=Path("target/superset.png"))
    given = parser.parse_args()
    marts = (given.published / "current").resolve() / "published.duckdb"
    if not marts.is_file():
        sys.exit(f"{marts} is not there: run make build first")
    given.screenshot.parent.mkdir(parents=True, exist_ok=True)
    address = f"duckdb:///{marts}"
    if given.write:
        with superset() as serve, serve("Public") as base:
            write(Session(base), address)
    with superset() as serve:
        with serve("Public") as base:
            session = Session(base)
            dashboard = import_archive(session, address)
            compare(session, dashboard, marts)
        with serve("Admin") as base:
            look(base, dashboard, given.screenshot, marts)


Serve = Callable[[str], AbstractContextManager[str]]
"""Serves with a role for those who have not logged in; gives the address."""


class Session:
    """Superset's API for one administrator."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = requests.Session()
        answer = self.ask(
            "post",
            "security/login",
            json={"username": "admin", "password": "admin", "provider": "db", "refresh": True},
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def ask(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Call the API; what goes wrong ends the check."""
        answer = self.http.request(method, f"{self.base}/api/v1/{path}", timeout=180, **arguments)
        if not answer.ok:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        return answer


@contextmanager
def superset() -> Iterator[Serve]:
    """A Superset of its own, removed at the end, to be served.

    Whoever asks its API must be a user, and Chromium none: a role that all have hides the user.
    """
    program = str(Path(sys.executable).with_name("superset"))
    with tempfile.TemporaryDirectory() as scratch, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        home = Path(scratch)
        config = home / "superset_config.py"
        config.write_text(CONFIG.format(secret=secrets.token_hex(32), home=home))
        environment = {
            **os.environ,
            "FLASK_APP": "superset.app:create_app()",
            "SUPERSET_CONFIG_PATH": str(config),
            "SUPERSET_HOME": str(home),
            "ROLE_OF_ALL": "Public",
        }
        environment.pop("PYTHONPATH", None)
        log = (home / "log").open("ab")

        def run(*arguments: str) -> None:
            say(f"superset {arguments[0]} {arguments[1] if len(arguments) > 1 else ''}")
            done = subprocess.run(
                [program, *arguments], env=environment, stdout=log, stderr=log, cwd=home
            )
            if done.returncode:
                sys.exit((home / "log").read_text()[-3000:])

        run("db", "upgrade")
        run(
            "fab", "create-admin", "--username", "admin", "--password", "admin",
            "--firstname", "a", "--lastname", "b", "--email", "admin@example.org",
        )  # fmt: skip
        run("init")

        @contextmanager
        def serve(role_of_all: str) -> Iterator[str]:
            server = subprocess.Popen(
                [program, "run", "-h", "127.0.0.1", "-p", port, "--with-threads"],
                env=environment | {"ROLE_OF_ALL": role_of_all},
                stdout=log,
                stderr=log,
                cwd=home,
            )
            base = f"http://127.0.0.1:{port}"
            try:
                for _ in range(180):
                    if is_up(base):
                        break
                    time.sleep(1)
                yield base
            except SystemExit:
                print((home / "log").read_text()[-3000:], file=sys.stderr)
                raise
            finally:
                server.terminate()
                server.wait(30)

        yield serve


def is_up(base: str) -> bool:
    try:
        return requests.get(f"{base}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def say(line: str) -> None:
    print(f"==> {line}", flush=True)


def write(session: Session, address: str) -> None:
    """Make database, datasets, charts and dashboard, and ship them as Superset exports them."""
    extra = {"engine_params": {"connect_args": {"read_only": True}}}
    database = session.ask(
        "post",
        "database/",
        json={"database_name": DATABASE, "sqlalchemy_uri": address, "extra": json.dumps(extra)},
    ).json()["id"]
    tables = sorted({table for _, table, *_ in CHARTS})
    datasets = {
        table: session.ask(
            "post",
            "dataset/",
            json={"database": database, "schema": "marts", "table_name": table},
        ).json()["id"]
        for table in tables
    }
    dashboard = session.ask(
        "post",
        "dashboard/",
        json={"dashboard_title": TITLE, "slug": "trader-segments", "published": True},
    ).json()["id"]
    charts = []
    for title, table, kind, width, height, shown in CHARTS:
        form = {
            "datasource": f"{datasets[table]}__table",
            "viz_type": kind,
            "adhoc_filters": [],
            **shown,
        }
        chart = session.ask(
            "post",
            "chart/",
            json={
                "slice_name": title,
                "viz_type": kind,
                "datasource_id": datasets[table],
                "datasource_type": "table",
                "params": json.dumps(form),
                "query_context": json.dumps(query_context(datasets[table], form)),
                "dashboards": [dashboard],
            },
        ).json()["id"]
        uuid = session.ask("get", f"chart/{chart}").json()["result"]["uuid"]
        charts.append((chart, uuid, title, width, height))
    session.ask(
        "put", f"dashboard/{dashboard}", json={"position_json": json.dumps(positions(charts))}
    )
    exported = session.ask("get", "dashboard/export/", params={"q": f"!({dashboard})"}).content
    ARCHIVE.write_bytes(with_address(exported, address, PLACEHOLDER))
    say(f"Wrote {ARCHIVE} ({ARCHIVE.stat().st_size:,} bytes)")


def query_context(dataset: int, form: dict[str, Any]) -> dict[str, Any]:
    """What a chart asks the database, as Superset's pages would make it of the form."""
    if form.get("query_mode") == "raw":
        query: dict[str, Any] = {
            "columns": form["all_columns"],
            "orderby": [json.loads(text) for text in form["order_by_cols"]],
        }
    else:
        axis = [form["x_axis"]] if "x_axis" in form else []
        metrics = form.get("metrics") or [form["metric"]]
        query = {
            "columns": [*axis, *form.get("groupby", [])],
            "metrics": metrics,
            "orderby": [[metrics[0], False]],
        }
    query |= {"row_limit": form.get("row_limit", 100), "filters": [], "extras": {}}
    return {
        "datasource": {"id": dataset, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": form,
        "result_format": "json",
        "result_type": "full",
    }


def positions(charts: list[tuple[int, str, str, int, int]]) -> dict[str, Any]:
    """Rows of charts that are twelve wide together."""
    grid: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": TITLE}},
    }
    used = 12
    row = ""
    for number, (chart, uuid, title, width, height) in enumerate(charts):
        if used + width > 12:
            row, used = f"ROW-{number}", 0
            grid["GRID_ID"]["children"].append(row)
            grid[row] = {
                "type": "ROW",
                "id": row,
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID"],
                "meta": {"background": "BACKGROUND_TRANSPARENT"},
            }
        used += width
        name = f"CHART-{number}"
        grid[row]["children"].append(name)
        grid[name] = {
            "type": "CHART",
            "id": name,
            "children": [],
            "parents": ["ROOT_ID", "GRID_ID", row],
            "meta": {
                "chartId": chart,
                "uuid": uuid,
                "sliceName": title,
                "width": width,
                "height": height,
            },
        }
    return grid


def with_address(archive: bytes, before: str, after: str) -> bytes:
    """An archive in which the database has another address; the same content, the same bytes."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(source.namelist()):
            text = source.read(name).decode().replace(before, after)
            rest = name.partition("/")[2]
            entry = zipfile.ZipInfo(f"trader_segments/{rest}", (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, text)
    return out.getvalue()


def import_archive(session: Session, address: str) -> int:
    """Import the shipped dashboard onto the marts of this machine; its id."""
    archive = with_address(ARCHIVE.read_bytes(), PLACEHOLDER, address)
    session.ask(
        "post",
        "dashboard/import/",
        files={"formData": ("segments.zip", archive, "application/zip")},
        data={"overwrite": "true"},
    )
    found = session.ask("get", "dashboard/").json()["result"]
    (dashboard,) = [entry["id"] for entry in found if entry["dashboard_title"] == TITLE]
    say(f"Imported {ARCHIVE.name}")
    return int(dashboard)


def compare(session: Session, dashboard: int, marts: Path) -> None:
    """Ask every chart for its data, and compare with the marts what can be compared."""
    charts = session.ask("get", f"dashboard/{dashboard}/charts").json()["result"]
    if len(charts) != len(CHARTS):
        sys.exit(f"the dashboard has {len(charts)} charts, not {len(CHARTS)}")
    titles = {chart["id"]: chart["slice_name"] for chart in charts}
    found = session.ask("get", f"dashboard/{dashboard}").json()["result"]["position_json"]
    placed = [
        node["meta"]
        for node in json.loads(found).values()
        if isinstance(node, dict) and node["type"] == "CHART"
    ]
    if [(titles[node["chartId"]], node["width"]) for node in placed] != [
        (title, width) for title, _, _, width, *_ in CHARTS
    ]:
        sys.exit("charts stand in other places than they were shipped in")
    data = {}
    for chart in charts:
        answer = session.ask("get", f"chart/{chart['id']}/data/").json()["result"][0]
        data[chart["slice_name"]] = answer["data"]
        say(f"{chart['slice_name']}: {len(answer['data'])} rows")
    with duckdb.connect(str(marts), read_only=True) as connection:
        traders, revenue, segments = connection.execute(
            "select sum(traders), sum(net_revenue_usd)::double, count(*) from marts.segment_summary"
        ).fetchall()[0]
        styles = dict(
            connection.execute(
                "select style, count(*) from marts.trader_segments group by 1"
            ).fetchall()
        )
    said = data["Net revenue (USD)"][0]["Net revenue (USD)"]
    checks = {
        "traders": data["Traders"][0]["Traders"] == traders,
        "net revenue": revenue is None or abs(float(said) - revenue) < 0.01,
        "styles": {row["style"]: row["Traders"] for row in data["Traders by style"]} == styles,
        "segments": len(data["Segments"]) == segments,
        "sources": len(data["Where the data came from"]) > 0,
    }
    wrong = [name for name, is_right in checks.items() if not is_right]
    if wrong:
        sys.exit(f"Superset says something else than the marts: {', '.join(wrong)}")
    say(f"Equal to the marts: {', '.join(checks)}")


def look(base: str, dashboard: int, screenshot: Path, marts: Path) -> None:
    """Open the dashboard in headless Chromium: every title and number is there, and no error."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("there is no Chromium to look with")
    page = f"{base}/superset/dashboard/{dashboard}/?standalone=1"
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", "--hide-scrollbars", "--window-size=1500,2450",
            f"--user-data-dir={profile}", "--virtual-time-budget=90000", "--timeout=120000",
        ]  # fmt: skip
        subprocess.run(
            [*command, f"--screenshot={screenshot.resolve()}", page],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        document = subprocess.run(
            [*command, "--dump-dom", page], check=True, capture_output=True, text=True, timeout=300
        ).stdout
    with duckdb.connect(str(marts), read_only=True) as connection:
        (traders,) = connection.execute(
            "select sum(traders) from marts.segment_summary"
        ).fetchall()[0]
    expected = [title for title, *_ in CHARTS] + [f"{traders:,}"]
    missing = [text for text in expected if text not in document]
    if missing or "Unexpected error" in document or "Data error" in document:
        sys.exit(f"not on the page: {', '.join(missing) or 'nothing, but there is an error'}")
    drawn = document.count("<canvas")
    if drawn < sum(kind in ("pie", "echarts_timeseries_bar") for _, _, kind, *_ in CHARTS):
        sys.exit(f"only {drawn} charts are drawn")
    say(f"Rendered: {len(CHARTS)} charts, {drawn} of them drawn; {screenshot}")


if __name__ == "__main__":
    main()
