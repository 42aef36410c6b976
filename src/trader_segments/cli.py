"""The command `trader-segments`."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import click
import yaml

from trader_segments.backfill import BackfillError, backfill
from trader_segments.build import Settings, run_build, summary
from trader_segments.campaigns.audiences import AudienceError
from trader_segments.campaigns.export import export_audiences
from trader_segments.campaigns.push import PushError, Terms, push_audiences, token_of_environment
from trader_segments.choices import (
    Instrument,
    InstrumentError,
    VenueError,
    class_in_words,
    hypothetical_shares,
    read_venue,
)
from trader_segments.choices.instruments import KINDS
from trader_segments.privacy.erase import EraseError, erase
from trader_segments.privacy.ids import HashKeyError
from trader_segments.publish import PublishError
from trader_segments.raw_input import RawInputError, check
from trader_segments.report import write_report
from trader_segments.screening import ListError, StoreError, read_list, store_list
from trader_segments.screening.store import DATABASE as SANCTIONS
from trader_segments.simulate import simulate as simulate_venue
from trader_segments.simulate.scale import simulate_scale
from trader_segments.verify import VerifyError, verify_incremental
from trader_segments.warehouse import DATABASES, compact

_BROKEN_SHOWN = 10


@click.group()
def main() -> None:
    """Customer value segments for derivatives venues.

    Settings come from the environment: VENUE, RAW_DATA, TRADER_SEGMENTS_HOME.
    """


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def build(dbt_arguments: tuple[str, ...]) -> None:
    """Build, test and publish the marts and the report; further arguments go to dbt build."""
    settings = _settings()
    try:
        is_published = run_build(settings, list(dbt_arguments), click.echo)
    except RawInputError as error:
        raise click.ClickException(str(error)) from error
    if not is_published:
        raise click.ClickException("nothing new was published; the reason is above")
    for line in summary(settings):
        click.echo(line)


@main.command("compact")
def compact_databases() -> None:
    """Give back the space that rewritten tables left in the working databases."""
    settings = _settings()
    for name in DATABASES:
        path = settings.build / name
        before = path.stat().st_size if path.exists() else 0
        if path.exists() and compact(path):
            click.echo(f"{name}: {before / 1e6:,.0f} MB, now {path.stat().st_size / 1e6:,.0f} MB")
        else:
            click.echo(f"{name}: nothing to gain")


@main.command("backfill")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option(
    "--every", type=click.IntRange(min=1), default=1, show_default=True, help="Days between dates."
)
@click.option("--again", is_flag=True, help="Also dates that the history has already.")
def fill_history(first: dt.datetime, last: dt.datetime, every: int, *, again: bool) -> None:
    """Fill the history for past dates, oldest first, then build the present."""
    settings = _settings()
    try:
        filled = backfill(settings, first.date(), last.date(), every, click.echo, again=again)
    except (BackfillError, RawInputError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{filled:,} dates filled.")


@main.command("verify-incremental")
def verify() -> None:
    """Compare the working database with a build from nothing of the same input, mart by mart."""
    settings = _settings()
    try:
        differences = verify_incremental(settings, click.echo)
    except VerifyError as error:
        raise click.ClickException(str(error)) from error
    for difference in differences:
        click.echo(
            f"{difference.mart}: {difference.rows:,} rows incremental, "
            f"{difference.rows_anew:,} anew; {difference.only:,} and {difference.only_anew:,} "
            f"are not in the other\n  {difference.example}"
        )
    if differences:
        raise click.ClickException(f"{len(differences)} marts differ from a build from nothing")
    click.echo("Every mart equals a build from nothing, value for value.")


@main.command("load-sanctions")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--list", "list_name", help="What it is stored as; by default its format.")
@click.option(
    "--aliases",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="OFAC's alt.csv, the further names of the entries in sdn.csv.",
)
def load_sanctions(file: Path, list_name: str | None, aliases: Path | None) -> None:
    """Store a sanctions list in place of its earlier version; the next build screens with it."""
    database = _settings().build / SANCTIONS
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    try:
        loaded = read_list(file, list_name, aliases)
        before = store_list(database, loaded, now)
    except (ListError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    names = sum(len(entry.names) for entry in loaded.entries)
    wallets = sum(len(entry.wallets) for entry in loaded.entries)
    click.echo(
        f"{loaded.list_name}: {len(loaded.entries):,} entries, {names:,} names and {wallets:,} "
        f"addresses of {loaded.records:,} records ({loaded.repeated:,} repeated, "
        f"{len(loaded.broken):,} broken)"
    )
    for line in loaded.broken[:_BROKEN_SHOWN]:
        click.echo(f"  line {line.line}: {line.reason}: {line.content}")
    if len(loaded.broken) > _BROKEN_SHOWN:
        click.echo(f"  and more in the table broken_lines of {database}")
    if before is None:
        click.echo(f"Version {loaded.list_version[:12]} is the first.")
    else:
        same = " (the same)" if before == loaded.list_version else ""
        click.echo(f"Version {loaded.list_version[:12]} replaces {before[:12]}{same}.")


@main.command("erase", context_settings={"ignore_unknown_options": True})
@click.option("--trader-id", required=True, metavar="ID", help="The venue's id of the person.")
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def erase_person(trader_id: str, dbt_arguments: tuple[str, ...]) -> None:
    """Erase a person from all that is kept, build and publish without, and prove it.

    The venue's own tables are not touched: the person has to be removed there too, and is left out
    of every build until then. Further arguments go to dbt build.
    """
    settings = _settings()
    try:
        is_gone = erase(settings, trader_id, click.echo, dbt_arguments)
    except (EraseError, HashKeyError, PublishError, RawInputError) as error:
        raise click.ClickException(str(error)) from error
    if not is_gone:
        raise click.ClickException("something of the person is left; see FOUND above")
    click.echo("Nothing of the person was found.")


@main.command("check")
def check_input() -> None:
    """Check the raw input without building anything."""
    settings = _settings()
    problems = check(settings.project_root, settings.venue, settings.raw_data, home=settings.home)
    if problems:
        raise click.ClickException("\n".join(problem.problem for problem in problems))
    click.echo("The raw input can be built.")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/sample"))
@click.option("--traders", type=click.IntRange(min=40), default=2000, show_default=True)
@click.option("--days", type=click.IntRange(min=30), default=180, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--perturb",
    type=click.FloatRange(min=0.0),
    default=0.0,
    metavar="SD",
    help="Move every number of the planted styles by so many standard deviations.",
)
@click.option("--fills", type=click.IntRange(min=40), help="Scale mode: this many fills, no truth.")
def simulate(
    out: Path, traders: int, days: int, seed: int, perturb: float, fills: int | None
) -> None:
    """Write a sample venue: the raw tables to OUT/raw, the planted truth to OUT/truth.

    With --fills it writes fills, instruments and index prices alone, of any number, to measure
    scale.
    """
    if fills is None:
        result = simulate_venue(out, traders=traders, days=days, seed=seed, perturbation=perturb)
    else:
        result = simulate_scale(out, fills=fills, traders=traders, days=days, seed=seed)
    for table, rows in result.rows.items():
        click.echo(f"{table:<24}{rows:>12,}")
    click.echo(f"{result.out} in {result.seconds:.1f} s")


@main.command("what-if")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--underlying", required=True)
@click.option("--type", "option_type", type=click.Choice(["call", "put"]), help="Of an option.")
@click.option("--days", type=float, help="To expiry.")
@click.option("--delta", type=float, help="Absolute delta of an option, 0 to 1; or else")
@click.option("--moneyness", type=float, help="its strike over the forward.")
@click.option(
    "--leverage", type=float, help="Largest leverage of anything but an option. [seed margin_rates]"
)
@click.option(
    "--spread",
    type=float,
    help="Ask less bid over their mean, 0.01 is 1 %. [as its like is quoted]",
)
def what_if(spread: float | None, **terms: str | float | None) -> None:
    """Expected share of an instrument that is not listed, by segment.

    Of what each segment chooses of the underlying, and with 95 % intervals; read from the working
    database, as of its last build.
    """
    settings = _settings()
    project = yaml.safe_load((settings.project_root / "dbt_project.yml").read_text("utf-8"))
    try:
        values = {**terms, "name": "what-if", "relative_spread": spread}
        instrument = Instrument.checked(values)
        venue = read_venue(settings.build / DATABASES[0], project["vars"])
    except (InstrumentError, VenueError) as error:
        raise click.ClickException(str(error)) from error
    shares = hypothetical_shares([instrument], venue).sort_values(
        ["choices", "segment_id"], ascending=[False, True]
    )
    reason = shares["unknown_because"].iloc[0]
    if reason is not None:
        raise click.ClickException(reason)
    alike = class_in_words(shares["instrument_class"].iloc[0], venue.settings)
    click.echo(f"As {alike}, of {instrument.underlying}, in percent")
    click.echo(f"{'segment':<36}{'share':>9}{'95 % interval':>21}{'traders':>9}")
    bounds = ["expected_share", "expected_share_low", "expected_share_high"]
    percent = 100 * shares[bounds].to_numpy(dtype=float)
    names, traders = shares["segment_id"].tolist(), shares["traders"].tolist()
    for name, count, (share, low, high) in zip(names, traders, percent, strict=True):
        reach = "unknown" if math.isnan(low) else f"{low:.3f} to {high:.3f}"
        click.echo(f"{name:<36}{share:>9.3f}{reach:>21}{count:>9,.0f}")
    popular = 100 * float(shares["popular_share"].iloc[0])
    click.echo(f"{'if all chose as the market does':<36}{popular:>9.3f}")


@main.command("publish")
@click.option("--to", type=click.Choice(["postgres"]), required=True)
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=300,
    show_default=True,
    help="Seconds to try while others read the present tables.",
)
def publish_again(to: str, patience: float) -> None:
    """Copy the published marts to a database that speaks SQL over the wire.

    Where it is comes from TRADER_SEGMENTS_POSTGRES, a connection string or URI, or from the
    variables of libpq (PGHOST, …); TRADER_SEGMENTS_POSTGRES_SCHEMA is the schema, by default marts;
    TRADER_SEGMENTS_READERS are roles that may read it.
    """
    from trader_segments.postgres import Target, hashing_is_on, publish_to_postgres

    settings = _settings()
    try:
        target = Target.from_environment()
        copied = publish_to_postgres(
            settings.published,
            target,
            hash_trader_ids=hashing_is_on(settings.project_root),
            patience_seconds=patience,
        )
    except PublishError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"Published {len(copied.rows)} marts as of {copied.as_of_date}, "
        f"{sum(copied.rows.values()):,} rows, to the schema {target.schema} of {to} database "
        f"{copied.database} (build {copied.build_id})"
    )


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("report.html"))
def report(out: Path) -> None:
    """Write the report of the published marts to OUT; published/report.html stays as it is."""
    settings = _settings()
    marts = settings.published / "marts.duckdb"
    if not marts.exists():
        raise click.ClickException(f"{marts} is not there: run make build first")
    click.echo(write_report(marts.resolve(), out))


@main.command("export-audiences")
@click.option(
    "--out", type=click.Path(path_type=Path), help="By default exports/ beside published/."
)
@click.option("--with-control", is_flag=True, help="Also who is to be left alone, with the arm.")
def export_campaigns(out: Path | None, *, with_control: bool) -> None:
    """Write the audiences of the served build as CSV, Parquet and JSON lines."""
    settings = _settings()
    try:
        version = export_audiences(
            settings.published, out or settings.exports, with_control=with_control
        )
    except AudienceError as error:
        raise click.ClickException(str(error)) from error
    click.echo(version)


@main.command("push-audiences")
@click.option("--to", "url", required=True, metavar="URL", help="Where batches are posted.")
@click.option("--batch-rows", type=click.IntRange(min=1), default=500, show_default=True)
@click.option("--attempts", type=click.IntRange(min=1), default=5, show_default=True)
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, metavar="SECONDS"
)
@click.option("--with-control", is_flag=True, help="Also who is to be left alone, with the arm.")
def push_campaigns(
    url: str, batch_rows: int, attempts: int, timeout: float, *, with_control: bool
) -> None:
    """Post to a CRM what has changed in the audiences since it last took something.

    TRADER_SEGMENTS_PUSH_TOKEN of the environment is sent as bearer token.
    """
    settings = _settings()
    terms = Terms(token_of_environment(), batch_rows, attempts, timeout)
    try:
        pushed = push_audiences(
            settings.published, settings.build / "pushes", url, terms, with_control=with_control
        )
    except (AudienceError, PushError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{pushed.upserts:,} added or changed, {pushed.removals:,} removed")
    if pushed.dead:
        raise click.ClickException(
            f"{pushed.dead:,} changes were not taken, see {pushed.dead_letters}"
        )


def _settings() -> Settings:
    settings = Settings.from_environment()
    if not (settings.project_root / "dbt_project.yml").is_file():
        raise click.ClickException("there is no dbt_project.yml here: run it in the project's root")
    return settings
