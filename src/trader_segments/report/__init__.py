"""The self-contained report: one HTML page over the published marts.

The page holds text, tables, inline SVG and one short script, which shows one part of it at a time;
without the script all parts are there. Its content security policy allows that script alone, by its
digest, and forbids every request, so the page can be mailed, archived and opened offline.
"""

import base64
import hashlib
import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trader_segments.report import figures, formats, outlook, oversight, panels
from trader_segments.report.data import ReportData, read_marts

__all__ = ["render_report", "write_report"]


def write_report(marts: Path, out: Path) -> Path:
    """Render the report of a published DuckDB file and put it in place in one step.

    Parameters
    ----------
    marts : Path
        Published DuckDB file, or the symbolic link to it; read-only, schema ``marts``.
    out : Path
        HTML file to write; readers see the previous report or the new one, never a part.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    OSError
        Where ``marts`` does not exist or ``out`` cannot be written.
    duckdb.Error
        Where a mart or column of the contract is missing.
    """
    page = render_report(read_marts(marts))
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return out


def render_report(data: ReportData) -> str:
    """Render the report as HTML; the same data always gives the same page."""
    environment = Environment(
        loader=PackageLoader("trader_segments.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "exact": formats.exact,
        "money": formats.money,
        "percent": formats.percent,
        "decimal": formats.decimal,
        "moment": formats.moment,
        "day": formats.day,
        "plural": formats.plural,
        "words": formats.words,
    }
    script = environment.get_template("report.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        data=data,
        figures=figures,
        outlook=outlook,
        oversight=oversight,
        panels=panels,
        script=Markup(script),
        script_source=f"sha256-{digest}",
    )
