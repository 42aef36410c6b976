"""What dbt-duckdb loads: registers the raw input when a connection opens, publishes at the end."""

import json
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.events.base_types import EventLevel
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from trader_segments import raw_input
from trader_segments.publish import PublishError, hold_back_reason, publish, read_manifest

_BUILDING_COMMANDS = {"build", "run"}


class Plugin(BasePlugin):
    """The plugin of ``profiles.yml``; its config holds ``venue``, ``raw_data`` and ``home``."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        flags = get_flags()  # type: ignore[no-untyped-call]
        self.project_root = Path(getattr(flags, "PROJECT_DIR", None) or ".").resolve()
        self.scan_csv = getattr(flags, "WHICH", None) in _BUILDING_COMMANDS
        self.venue = str(plugin_config["venue"])
        self.raw_data = str(plugin_config.get("raw_data") or "")
        self.home = Path(plugin_config.get("home") or self.project_root).resolve()

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the raw input and the publishing function; a bad input never raises here.

        Connections are also opened to compile, document or lint a project, with no raw data at
        hand. The macro ``check_raw_input`` stops a build on what is recorded.
        """
        try:
            raw_input.register(
                conn,
                self.project_root,
                self.venue,
                self.raw_data,
                home=self.home,
                scan_csv=self.scan_csv,
            )
        except Exception as error:
            problem = f"the raw input could not be registered: {error}"
            raw_input.record(conn, [], [raw_input.InputProblem(None, None, problem)])

        def publish_plan(plan: str) -> str:
            message = run_plan(conn, self.home / "published", json.loads(plan))
            fire_event(Note(msg=message), EventLevel.INFO)
            return message

        conn.create_function(
            "trader_segments_publish", publish_plan, ["VARCHAR"], "VARCHAR", side_effects=True
        )


def run_plan(connection: duckdb.DuckDBPyConnection, destination: Path, plan: dict[str, Any]) -> str:
    """Publish, or hold back, what the macro ``publish_marts`` asks for and say which.

    Parameters
    ----------
    plan
        The ``results_summary`` of :func:`~trader_segments.publish.hold_back_reason`, ``build_id``
        and ``marts`` (``name`` and ``schema`` of each).

    Raises
    ------
    PublishError
        If the build is whole and good but cannot be published.
    """
    reason = hold_back_reason(plan)
    if reason is not None:
        served = read_manifest(destination)
        if served is None:
            return f"Held back: {reason}; nothing is published yet"
        return (
            f"Held back: {reason}; "
            f"readers keep build {served['build_id']} as of {served['as_of_date']}"
        )
    schemas = {mart["schema"] for mart in plan["marts"]}
    if len(schemas) != 1:
        raise PublishError(f"marts are in {len(schemas)} schemas, not in one")
    schema = schemas.pop()
    with connection.cursor() as cursor:
        rows = cursor.execute(f'select max(as_of_date) from "{schema}".trader_features').fetchall()
    published = publish(
        connection,
        destination,
        sorted(mart["name"] for mart in plan["marts"]),
        build_id=plan["build_id"],
        as_of_date=str(rows[0][0]),
        schema=schema,
    )
    return (
        f"Published {len(published.marts)} marts as of {published.as_of_date} "
        f"to {destination} (build {published.build_id})"
    )
