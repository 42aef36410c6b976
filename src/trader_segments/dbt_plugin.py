"""What dbt-duckdb loads: shows the raw input to a build, and publishes its marts at the end."""

import atexit
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.events.base_types import EventLevel
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from trader_segments import raw_input
from trader_segments.privacy.ids import HashKeyError, hash_key_problem, read_key
from trader_segments.privacy.published_ids import IdHashing
from trader_segments.privacy.suppression import IS_SUPPRESSED, Suppression, read_suppression
from trader_segments.publish import (
    Description,
    PublishError,
    hold_back_reason,
    publish,
    read_manifest,
)
from trader_segments.warehouse import claim, find_origin

_OF_FACTS = ("models/staging/", "models/intermediate/", "macros/", "seeds/")
_NEVER_OF_FACTS = {"as_of_date", "campaigns", "hash_trader_ids", "trader_features"}
"""What facts do with the date is in `int_changes`; macros read the registries for features and
audiences only, and ids are hashed where they are published."""
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VAR = re.compile(rb"""\bvar\(\s*['"](\w+)""")


class Plugin(BasePlugin):
    """The plugin of ``profiles.yml``; its config holds ``venue``, ``raw_data`` and ``home``.

    It gives SQL functions, among them ``trader_segments_check_raw_input()``, which looks at the raw
    input again, thoroughly, and returns its problems, a line each; the macro ``check_raw_input``
    calls it. ``trader_segments_publish(plan)`` publishes or holds back; see :func:`run_plan`.
    ``trader_segments_served_build()`` is the id of the build that readers have.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        flags = get_flags()  # type: ignore[no-untyped-call]
        self.project_root = Path(getattr(flags, "PROJECT_DIR", None) or ".").resolve()
        self.venue = str(plugin_config["venue"])
        self.raw_data = str(plugin_config.get("raw_data") or "")
        self.home = Path(plugin_config.get("home") or self.project_root).resolve()

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the folder of the working database, which DuckDB does not, for its owner alone: the
        restricted database has a log and DuckDB spills rows beside it."""
        Path(creds.path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the raw input as it is, without a word, and the functions.

        Connections are also opened to compile, document or lint a project with no raw data at
        hand, so that nothing may raise here.
        """
        self.suppression = self.open_restricted(conn)
        conn.create_function(
            IS_SUPPRESSED,
            self.suppression.__contains__,
            ["VARCHAR"],
            "BOOLEAN",
            side_effects=True,
        )
        self.look_at_raw_input(conn, scan_csv=False)

        def check_raw_input() -> str:
            with conn.cursor() as cursor:
                problems = self.look_at_raw_input(cursor, scan_csv=True)
                sentences = [problem.problem for problem in problems]
                if not sentences:
                    origin = find_origin(cursor, self.home, self.venue, self.raw_data)
                    refusal = claim(cursor, self.home, origin)
                    sentences = [refusal] if refusal else []
            return "\n".join(sentences)

        def publish_marts(plan: str) -> str:
            message = run_plan(conn, self.home / "published", json.loads(plan))
            fire_event(Note(msg=message), EventLevel.INFO)
            return message

        def served_build() -> str:
            served = read_manifest(self.home / "published")
            return served["build_id"] if served else ""

        @cache
        def code_digest(given_vars: str) -> str:
            return digest_code(self.project_root, given_vars)

        # The functions hold the connection and it holds them; a linter never closes it.
        atexit.register(conn.close)
        conn.create_function(
            "trader_segments_check_raw_input", check_raw_input, [], "VARCHAR", side_effects=True
        )
        conn.create_function(
            "trader_segments_code_digest", code_digest, ["VARCHAR"], "VARCHAR", side_effects=True
        )
        conn.create_function(
            "trader_segments_hash_key_problem",
            hash_key_problem,
            [],
            "VARCHAR",
            side_effects=True,
        )
        conn.create_function(
            "trader_segments_served_build", served_build, [], "VARCHAR", side_effects=True
        )
        conn.create_function(
            "trader_segments_publish", publish_marts, ["VARCHAR"], "VARCHAR", side_effects=True
        )

    def open_restricted(self, connection: duckdb.DuckDBPyConnection) -> Suppression:
        """Attach the restricted database, for its owner alone, and read who was erased."""
        for attachment in self.creds.attach or [] if self.creds else []:
            if attachment.alias == "restricted":
                connection.execute(attachment.to_sql())
                Path(attachment.path).chmod(0o600)
                return read_suppression(connection, "restricted")
        return Suppression()

    def look_at_raw_input(
        self, connection: duckdb.DuckDBPyConnection, *, scan_csv: bool
    ) -> list[raw_input.InputProblem]:
        """Register the raw input; whatever goes wrong becomes a problem, never an error."""
        try:
            return raw_input.register(
                connection,
                self.project_root,
                self.venue,
                self.raw_data,
                home=self.home,
                scan_csv=scan_csv,
                suppression=self.suppression,
            )
        except Exception as error:
            problem = f"the raw input cannot be registered: {error}"
            return [raw_input.InputProblem(None, None, problem)]


def digest_code(project_root: Path, given_vars: str) -> str:
    """Digest of everything that facts are made by.

    That is SQL and seeds below features and marts, macros, and the settings of ``dbt_project.yml``.
    Vars that only features, scores or marts read are left out: these are made anew in every run.

    Parameters
    ----------
    given_vars
        Vars of the command line, as YAML; they win over those of the project.
    """
    digest = hashlib.sha256()
    read: set[str] = set()
    read_later: set[str] = set()
    folders = ("models", "python_models", "macros", "seeds")
    paths = [path for folder in folders for path in (project_root / folder).rglob("*")]
    for path in sorted(path for path in paths if path.suffix in (".sql", ".csv", ".yml")):
        name, content = path.relative_to(project_root).as_posix(), path.read_bytes()
        names = (found.decode() for found in _VAR.findall(content))
        if not name.startswith(_OF_FACTS):
            read_later.update(names)
        elif path.suffix != ".yml" or name.endswith("__sources.yml"):
            read.update(names)
            digest.update(name.encode())
            digest.update(content)
    settings = yaml.load((project_root / "dbt_project.yml").read_bytes(), _YAML_LOADER)
    variables = settings.pop("vars", {}) | yaml.load(given_vars, _YAML_LOADER)
    left_out = read_later - read | _NEVER_OF_FACTS
    counted = {name: value for name, value in variables.items() if name not in left_out}
    digest.update(json.dumps([settings, counted], sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


def run_plan(connection: duckdb.DuckDBPyConnection, destination: Path, plan: dict[str, Any]) -> str:
    """Publish, or hold back, what the macro ``publish_marts`` asks for and say which.

    Parameters
    ----------
    plan
        The ``results_summary`` of :func:`~trader_segments.publish.hold_back_reason`, ``build_id``,
        ``marts`` (``name`` and ``schema`` of each; ``description``, ``columns`` and ``key``, what
        YAML says of it; ``when_hashed``, what its columns are marked with) and ``hash_trader_ids``.

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
        raise PublishError(f"the marts are in {len(schemas)} schemas, not in one")
    schema = schemas.pop()
    hashing = id_hashing(plan)
    before = read_manifest(destination)
    with connection.cursor() as cursor:
        rows = cursor.execute(f'select max(as_of_date) from "{schema}".trader_features').fetchall()
    published = publish(
        connection,
        destination,
        sorted(mart["name"] for mart in plan["marts"]),
        build_id=plan["build_id"],
        as_of_date=str(rows[0][0]),
        schema=schema,
        hashing=hashing,
        descriptions={mart["name"]: _description(mart) for mart in plan["marts"]},
    )
    message = (
        f"Published {len(published.marts)} marts as of {published.as_of_date} "
        f"to {destination} (build {published.build_id})"
    )
    key_before = before.get("hash_key") if before else None
    if hashing and key_before not in (None, hashing.key.fingerprint):
        message += (
            "; ids are hashed with another key than before and do not join those of earlier builds"
        )
    return message


def _description(mart: dict[str, Any]) -> Description:
    return Description(
        mart.get("description", "").strip(), mart.get("columns", {}), tuple(mart.get("key", ()))
    )


def id_hashing(plan: dict[str, Any]) -> IdHashing | None:
    """How the plan has ids hashed, None where it does not.

    Raises
    ------
    PublishError
        If they are to be hashed and there is no good key.
    """
    if not plan.get("hash_trader_ids"):
        return None
    try:
        key = read_key()
    except HashKeyError as error:
        raise PublishError(f"hash_trader_ids is on, and {error}") from error
    return IdHashing(key, {mart["name"]: mart.get("when_hashed", {}) for mart in plan["marts"]})
