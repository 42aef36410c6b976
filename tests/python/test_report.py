"""The report against the marts it was drawn from: as a document, and in a browser."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import outlook_marts
import oversight_marts
from chromium import dump_dom
from trader_segments.report import formats, write_report
from trader_segments.report.charts import Panel, bar_chart, share_level, z_level
from trader_segments.report.data import read_marts
from trader_segments.report.figures import (
    ALARMS_SHOWN,
    MIGRATION_SHOWN,
    PROFILES_SHOWN,
    SEGMENTS_SHOWN,
)
from trader_segments.report.outlook import CURVES_SHOWN

HOSTILE = '<script>alert("x")</script> & co'
STYLES = (
    ("small", 0.34),
    ("opportunistic", 0.2),
    ("position_trader", 0.12),
    ("leveraged_directional", 0.1),
    ("dormant", 0.07),
    ("unclassified", 0.05),
    ("volatility_buyer", 0.04),
    ("volatility_seller", 0.03),
    ("hedger", 0.02),
    ("basis_arbitrageur", 0.015),
    ("market_maker", 0.01),
    ("high_frequency_taker", 0.005),
)
FEATURES = {
    "activity": "fill_count active_days active_weeks tenure_days recency_days clumpiness",
    "size": "notional_usd median_ticket_usd notional_per_active_day_usd equity_usd",
    "cost": "net_fee_bps rebate_usd",
    "execution": "maker_share aggressive_share time_of_day_regularity burstiness liquidation_share",
    "holding": "holding_days end_of_day_net_share net_buy_share equity_turnover",
    "instruments": "option_share future_share perpetual_share instrument_concentration"
    " underlying_count option_premium_sold_share put_premium_bought_share kind_offset_share",
    "performance": "realized_pnl_usd win_rate profit_factor max_drawdown_usd",
}
STAGES = ["new", "active", "returned", "at_risk", "dormant", "churned"]
REQUIRES = {
    "equity_usd": "balances",
    "equity_turnover": "balances",
    "aggressive_share": "orders",
    "maker_share": "fills.liquidity_role",
    "liquidation_share": "fills.is_liquidation",
}

SCHEMA = """
create schema marts;
use marts;
create table segment_summary (segment_id varchar, as_of_date date, segment_name varchar,
    style varchar, value_tier varchar, traders bigint, trader_share double,
    volume_usd decimal(38, 12), net_revenue_usd decimal(38, 12), expected_value_usd double,
    churn_probability double, gross_vega_usd double, net_vega_usd double, leverage double,
    maker_share double, retention double, style_description varchar);
create table segment_summary_history as from segment_summary;
create table micro_segments (micro_segment_id varchar, as_of_date date, style varchar,
    micro_segment_name varchar, description varchar, traders bigint, style_share double,
    jaccard double, fidelity double, description_precision double, model_version varchar);
create table feature_drift (feature_name varchar, as_of_date date, model_version varchar,
    reference_date date, reference_traders bigint, current_traders bigint, bins bigint, psi double,
    alarm_threshold double, is_alarm boolean, reading varchar, stayers bigint,
    common_shift double, psi_remaining double, psi_stayers double);
create table segment_drift (segment_id varchar, as_of_date date, model_version varchar,
    reference_date date, reference_traders bigint, current_traders bigint, reference_share double,
    current_share double, share_shift double, alarm_threshold double, is_alarm boolean);
create table trader_segments (trader_id varchar, as_of_date date, segment_id varchar,
    segment_name varchar, style varchar, style_probability double, value_tier varchar,
    risk_appetite varchar, lifecycle_stage varchar, micro_segment_id varchar, is_outlier boolean,
    top_reasons varchar, segment_since date, previous_segment_id varchar, model_version varchar);
create table feature_catalog (feature_name varchar, feature_group varchar, description varchar,
    unit varchar, transform varchar, used_in_segmentation boolean, requires varchar,
    coverage double);
create table segment_profiles (segment_id varchar, feature_name varchar, as_of_date date,
    traders bigint, lower_quartile double, median double, upper_quartile double, z_score double);
create table segment_migration (from_segment_id varchar, to_segment_id varchar,
    period_start_date date, period_end_date date, traders bigint, from_segment_share double,
    net_revenue_usd decimal(38, 12), is_model_change boolean);
create table segmentation_models (model_version varchar, fitted_at timestamp, as_of_date date,
    trained_rows bigint, status varchar, why varchar, parameters varchar);
create table segmentation_quality (model_version varchar, measure varchar, value double,
    threshold double, passed boolean);
create table rejected_rows (rejected_row_id varchar, source_table varchar, row_key varchar,
    reason varchar, raw_values varchar, ingested_at timestamp);
create table source_health (source_table varchar, is_present boolean, rows_read bigint,
    rows_staged bigint, rows_rejected bigint, rows_duplicate bigint, first_event_at timestamp,
    last_event_at timestamp, build_id varchar);
"""

REST = """
insert into segment_summary
select segment_id, as_of_date, any_value(segment_name), any_value(style), any_value(value_tier),
    count(*), count(*) / (select count(*) from population)::double,
    sum(volume::decimal(38, 12)), sum(revenue::decimal(38, 12)),
    null, null, null, null, null, avg(maker_share), null,
    'What a ' || any_value(style) || ' does.'
from population group by all;

insert into segment_summary_history
from segment_summary
union all
select * replace (date '2026-11-01' as as_of_date, traders + 1 as traders) from segment_summary
where style != 'hedger';

insert into micro_segments values
    ('small__a', '2026-11-08', 'small', 'Small, high fees', 'High fees (net_fee_bps ≥ 4)', 60, 0.3,
     0.9, 0.95, 0.9, 'm-2026-11-08'),
    ('small__b', '2026-11-08', 'small', 'Small, gone', 'Nobody', 0, 0, 0.9, 1, 1, 'm-2026-11-08');

insert into feature_drift (feature_name, as_of_date, reference_date, psi, alarm_threshold, is_alarm,
    reading)
select feature_name, scored.day, date '2026-10-01', i / 50, 0.1, i > 5,
    if(i > 5, ['everyone moved alike', 'other traders'][1 + i % 2], 'none')
from (select feature_name, row_number() over (order by feature_name) as i from feature_catalog)
cross join (values (date '2026-11-08'), (date '2026-11-01')) as scored (day);

insert into segment_drift (segment_id, as_of_date, reference_date, reference_share, current_share,
    share_shift, is_alarm)
values ('small__low', '2026-11-08', '2026-10-01', 0.5, 0.3, -0.41, true),
    ('hedger__low', '2026-11-08', '2026-10-01', 0.02, 0.02, 0, false);

insert into trader_segments
select trader_id, as_of_date, segment_id, segment_name, style, 0.9, value_tier, risk_appetite,
    lifecycle_stage, null, is_outlier, 'secret reason', as_of_date, null, 'm-2026-11-08'
from population;

insert into segment_profiles
select segment_id, feature_name, date '2026-11-08', traders, 0.1, 0.5, 0.9,
    2.6 * pow(sin(hash(style || feature_name) % 1000), 3)
        + 0.4 * sin(hash(segment_id || feature_name) % 97)
from segment_summary, feature_catalog
where coverage > 0 and traders >= 5;

insert into segmentation_models values
    ('m-2026-11-08', '2026-11-09 02:14:00', '2026-11-08', 2031, 'champion', 'first fit', '{}'),
    ('m-2026-11-15', '2026-11-16 02:12:00', '2026-11-15', 2040, 'challenger',
     'more seeds, but relabels 3.1 % of unchanged traders', '{}'),
    ('m-2026-10-01', '2026-10-02 02:12:00', '2026-10-01', 1800, 'retired', 'superseded', '{}');

insert into segmentation_quality values
    ('m-2026-11-08', 'seed_coverage', 0.412, 0.1, true),
    ('m-2026-11-08', 'unclassified_share', 0.051, 0.2, true),
    ('m-2026-11-08', 'silhouette', 0.187, null, null),
    ('m-2026-11-08', 'bootstrap_jaccard[volatility_seller]', 0.71, 0.85, false),
    ('m-2026-11-08', 'bootstrap_jaccard[small]', 0.97, 0.85, true),
    ('m-2026-11-08', 'seed_agreement[small]', 0.93, 0.9, true),
    ('m-2026-11-15', 'seed_coverage', 0.5, 0.1, true),
    ('m-2026-10-01', 'seed_coverage', 0.3, 0.1, true);

insert into rejected_rows
select i::varchar, 'fills', 'secret key', case when i % 3 = 0 then 'price is not positive'
    else 'instrument is not listed' end, '{"trader_id": "secret value"}', null
from range(90) as numbers (i);

insert into source_health values
    ('fills', true, 1204331, 1204119, 90, 122, '2025-11-01 00:00:03', '2026-11-08 23:59:58', 'b-7'),
    ('instruments', true, 1421, 1421, 0, 0, null, null, 'b-7'),
    ('prices', true, 88210, 88210, 0, 0, '2025-11-01 00:00:00', '2026-11-08 23:00:00', 'b-7'),
    ('orders', false, null, null, null, null, null, null, 'b-7'),
    ('balances', false, null, null, null, null, null, null, 'b-7');
"""

MIGRATION = """
insert into segment_migration
with pairs as (
    select a.segment_id as from_segment_id, b.segment_id as to_segment_id, a.traders as size,
        case
            when a.segment_id = b.segment_id then ceil(a.traders * 0.8)
            when a.style = b.style then round(a.traders * 0.07)
            when hash(a.segment_id || b.segment_id) % 9 = 0 then round(a.traders * 0.02)
        end::bigint as traders
    from segment_summary as a, segment_summary as b
)
select from_segment_id, to_segment_id, '2026-11-01', '2026-11-08', traders, traders / size,
    traders * 31.5, true
from pairs where traders > 0
union all values
    ('arrived', 'small__low', '2026-11-01', '2026-11-08', 11, null, 5, true),
    ('small__low', 'left', '2026-11-01', '2026-11-08', 2, 0.01, 5, true),
    ('small__low', 'small__high', '2026-10-25', '2026-11-01', 77777, 0.5, 1, false);
"""


def build_marts(path: Path, traders: int = 600, fees: bool = True, migrate: bool = True) -> Path:
    """Write marts of a made-up venue with realistic sizes; deterministic."""
    rng = np.random.default_rng(7)
    names, shares = zip(*STYLES, strict=True)
    style = rng.choice(names, traders, p=np.array(shares) / sum(shares))
    rank = np.array([names.index(name) for name in style])
    volume = rng.lognormal(9 + 0.55 * rank, 1.4, traders).round(2)
    tiers = pd.cut(
        pd.Series(volume).rank(pct=True),
        [0, 0.5, 0.8, 0.95, 1],
        labels=["low", "medium", "high", "top"],
    ).astype(str)
    bps = np.where(style == "market_maker", -0.4, 2.5) + rng.normal(0, 0.4, traders)
    population = pd.DataFrame(
        {
            "trader_id": [f"trader-{i:06d}" for i in range(traders)],
            "as_of_date": pd.Timestamp("2026-11-08").date(),
            "segment_id": [f"{s}__{t}" for s, t in zip(style, tiers, strict=True)],
            "segment_name": [
                f"{formats.words(s)}, {t} value" for s, t in zip(style, tiers, strict=True)
            ],
            "style": style,
            "value_tier": tiers,
            "volume": volume,
            "revenue": (volume * bps / 1e4).round(6) if fees else None,
            "maker_share": np.clip(rng.normal(0.4, 0.2, traders), 0, 1),
            "risk_appetite": rng.choice(["high", "medium", "low", "unknown"], traders),
            "lifecycle_stage": np.where(
                style == "dormant",
                np.where(np.arange(traders) % 3 == 0, "churned", "dormant"),
                rng.choice(STAGES[:4], traders, p=[0.15, 0.55, 0.1, 0.2]),
            ),
            "is_outlier": rng.random(traders) < 0.02,
        }
    )
    catalog = pd.DataFrame(
        [
            (name, group, f"Tells {name}; in detail.", "", "identity", True, REQUIRES.get(name, ""))
            for group, features in FEATURES.items()
            for name in features.split()
        ]
    )
    catalog[3] = np.where(catalog[0].str.endswith("_share"), "share", "days")
    catalog.loc[catalog[0].str.endswith("_usd"), 3] = "USD"
    catalog[7] = np.where(catalog[6].isin(["balances", "orders"]), 0.0, 1.0)
    catalog.loc[catalog[0].str.startswith(("option_p", "put_p")), 7] = 0.384
    catalog.loc[catalog[0] == "burstiness", 7] = 0.871
    features = pd.DataFrame({name: rng.random(traders) + rank for name in catalog[0]})
    features.insert(0, "trader_id", population["trader_id"])
    with duckdb.connect(str(path)) as connection:
        connection.execute(SCHEMA)
        connection.register("population_frame", population)
        connection.register("catalog_frame", catalog)
        connection.register("features_frame", features)
        connection.execute("create temp table population as from population_frame")
        connection.execute("insert into feature_catalog from catalog_frame")
        connection.execute("create table trader_features as from features_frame")
        connection.execute(REST)
        connection.execute(oversight_marts.SQL)
        connection.execute(outlook_marts.SQL)
        if migrate:
            connection.execute(MIGRATION)
    return path


@dataclass
class Page(HTMLParser):
    """A page taken apart: tables by figure, marks by chart, links, tags and text."""

    html: str
    tags: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    text: str = ""
    chart: str | None = None
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.tags.append(tag)
        values = {name: value or "" for name, value in attrs}
        self.addresses += [values[name] for name in ("href", "src", "xlink:href") if name in values]
        if "chart" in values.get("class", "").split():
            assert values["role"] == "img"
            self.chart = values["id"]
            self.marks[self.chart] = 0
            self.texts[self.chart] = []
        if self.chart and "mark" in values.get("class", "").split():
            self.marks[self.chart] += 1
        if tag == "table":
            self.rows: list[list[str]] = []
            if self.chart:
                self.tables.setdefault(self.chart, self.rows)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""
        if tag in ("figure", "section"):
            self.chart = None

    def handle_data(self, data: str) -> None:
        if self.inside != "style":
            self.text += data
        if self.chart and self.inside == "text":
            self.texts[self.chart].append(data)
        if self.inside in ("th", "td"):
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_marts(tmp_path_factory.mktemp("marts") / "marts.duckdb")


@pytest.fixture(scope="module")
def report(marts: Path) -> Path:
    return write_report(marts, marts.with_name("report.html"))


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return Page(report.read_text(encoding="utf-8"))


def query(marts: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(marts), read_only=True) as connection:
        return connection.execute(f"use marts; {sql}").fetchall()


def variant(path: Path, *statements: str, traders: int = 40) -> Page:
    """The report of marts changed by some statements."""
    build_marts(path, traders)
    with duckdb.connect(str(path)) as connection:
        for statement in ("use marts", *statements):
            connection.execute(statement)
    return Page(write_report(path, path.with_suffix(".html")).read_text(encoding="utf-8"))


def expected_marks(marts: Path) -> dict[str, int]:
    """Count the marks that each chart should have, from the marts alone."""
    (segments,) = query(marts, "select count(*) from segment_summary")[0]
    assert segments > SEGMENTS_SHOWN
    pairs = "select count(distinct (style, {0})) + count(distinct {0}) from trader_segments"
    biggest = f"""select segment_id from segment_summary
        where segment_id in (select segment_id from segment_profiles)
        order by traders desc, segment_id limit {PROFILES_SHOWN}"""
    changes = f"""with latest as (from segment_migration where period_end_date = '2026-11-08'),
        ends as (select unnest([from_segment_id, to_segment_id]) as segment_id,
            if(from_segment_id = to_segment_id, 0, traders) as changes from latest),
        shown as (select segment_id from ends where segment_id not in ('arrived', 'left')
            group by all order by sum(changes) desc, segment_id limit {MIGRATION_SHOWN}),
        named as (from shown union all values ('arrived'), ('left'))
        select count(distinct (
            if(from_segment_id in (from named), from_segment_id, 'others'),
            if(to_segment_id in (from named), to_segment_id, 'others'))) from latest"""
    counts = {
        "style-matrix": "select count(*) from segment_summary",
        "segment-profiles": "select count(*) from segment_profiles"
        f" where segment_id in ({biggest})",
        "lifecycle": pairs.format("lifecycle_stage"),
        "risk-appetite": pairs.format("risk_appetite"),
        "risk-tiers": pairs.format("risk_tier").replace(
            "trader_segments", "trader_segments inner join trader_risk_profile using (trader_id)"
        ),
        "due-diligence-reviews": "with reviews as (select level, case when is_overdue then 1"
        " when next_review_due_on is null then 2"
        " when next_review_due_on <= as_of_date + 30 then 3 else 4 end as review"
        " from trader_due_diligence)"
        " select count(distinct (level, review)) + count(distinct review) from reviews",
        "movement-by-period": "select count(distinct period_end_date) from segment_migration"
        " where from_segment_id not in (to_segment_id, 'arrived') and to_segment_id != 'left'"
        " union all select count(distinct period_end_date) from segment_migration"
        " where from_segment_id = 'arrived'",
        "style-sizes": "select count(distinct (style, as_of_date)) from segment_summary_history",
        "migration": changes,
        "churn": "with shown as (select segment_id, any_value(style) as style from trader_churn"
        " inner join trader_segments using (trader_id) where churn_probability is not null"
        " group by 1 having count(*) >= 10"
        f" order by count(*) desc, segment_id limit {SEGMENTS_SHOWN})"
        " select count(*) + count(*) filter (style = 'opportunistic') from shown",
        "retention": "select sum(least(26, 29 - w)) from range(3, 29) as cohorts (w)"
        " union all select 26",
        "returns": "select 2 * (1 + count(*)) from (select style from segment_summary"
        " group by style having sum(traders) >= 10)",
        "feature-coverage": "select count(*) from feature_catalog"
        " where coverage > 0 and coverage < 1",
    }
    bars = {"segment-sizes": 2 * SEGMENTS_SHOWN + 2, "segment-value": 2 * SEGMENTS_SHOWN + 2}
    bars["expected-value"] = 2 * SEGMENTS_SHOWN
    # curves and flows have lines, dots and bands, not marks
    bars |= dict.fromkeys(
        ["style-flows", "churn-calibration", *(f"survival-{i}" for i in range(CURVES_SHOWN))], 0
    )
    return bars | {chart: sum(n for (n,) in query(marts, sql)) for chart, sql in counts.items()}


def test_each_chart_has_one_mark_for_each_number(page: Page, marts: Path) -> None:
    assert page.marks == expected_marks(marts)


def card(page: Page, name: str) -> str:
    """The card of one style."""
    cards = re.findall(r'<article class="card".*?</article>', page.html, re.DOTALL)
    return next(card for card in cards if f"<h4>{name}</h4>" in card)


def test_each_style_has_a_card_with_what_tells_it_from_all(page: Page, marts: Path) -> None:
    sizes = query(
        marts, "select style, count(*) from trader_segments group by 1 order by 2 desc, 1"
    )
    assert re.findall(
        r'<article class="card".*?<h4>(.*?)</h4>.*?<dd>(.*?)</dd>', page.html, re.DOTALL
    ) == [(formats.words(style), str(traders)) for style, traders in sizes]
    telling = """with scores as (
            select style, feature_group, feature_name, feature_catalog.unit,
                sum(z_score * segment_profiles.traders) / sum(segment_profiles.traders) as z,
                sum(segment_profiles.traders) as known
            from segment_profiles inner join segment_summary using (segment_id)
            inner join feature_catalog using (feature_name)
            where isfinite(z_score) group by all
        )
        select style, feature_name, unit from scores
        inner join (select style, count(*) as traders from trader_segments group by all)
            using (style)
        where abs(z) >= 0.25 and 2 * known >= traders
        qualify row_number() over (partition by style, feature_group order by abs(z) desc) = 1
        order by abs(z) desc"""
    expected: dict[str, list[tuple[str, str]]] = {style: [] for style, _ in sizes}
    for style, feature, unit in query(marts, telling):
        ((median,),) = query(
            marts,
            f"select median({feature}) from trader_features inner join trader_segments"
            f" using (trader_id) where style = '{style}'",
        )
        expected[style].append((formats.words(feature), formats.quantity(median, unit)))
    for style, traits in expected.items():
        found = re.findall(
            r'class="trait".*?</i>(.*?)<span>(.*?)</span></th><td>(.*?)</td>',
            card(page, formats.words(style)),
        )
        assert [(name, median) for name, _, median in found] == traits[:4]
        assert all(text.startswith("Tells ") and ";" not in text for _, text, _ in found)
    assert sum(map(len, expected.values())) > 20


def test_a_card_says_what_a_style_does_brings_and_how_sure_it_is(page: Page, marts: Path) -> None:
    ((volume, revenue),) = query(
        marts,
        "select sum(volume_usd) filter (style = 'small') / sum(volume_usd),"
        " sum(net_revenue_usd) filter (style = 'small')::double from segment_summary",
    )
    small = card(page, "Small")
    for text in (
        "What a small does.",
        formats.percent(float(volume)),
        formats.money(revenue),
        "<b>Small, high fees</b>, 60 traders (30.0\u202f%): High fees (net_fee_bps ≥ 4)",
        "Mean probability 90.0\u202f%; 90\u202f% or more for 100\u202f% of its traders.".replace(
            "90\u202f% or", "90 % or"
        ),
        "The same traders when fitted on resampled cases: 97.0\u202f% (bar 85.0\u202f%)",
        "Clear cases recognised when held out: 93.0\u202f% (bar 90.0\u202f%)",
    ):
        assert text in small
    assert "Small, gone" not in page.html
    assert "✕ fail" in card(page, "Volatility seller")


def test_one_scoring_date_in_the_summary_history_is_no_development(tmp_path: Path) -> None:
    page = variant(
        tmp_path / "one.duckdb",
        "delete from segment_summary_history where as_of_date < '2026-11-08'",
    )
    assert "style-sizes" not in page.marks
    assert page.marks["migration"] > 0


def test_movement_tells_moves_from_arrivals_and_a_new_model(page: Page, marts: Path) -> None:
    ((moved, stayed, styles),) = query(
        marts,
        """select sum(traders) filter (from_segment_id != to_segment_id),
            sum(traders) filter (from_segment_id = to_segment_id),
            sum(traders) filter (split_part(from_segment_id, '__', 1)
                != split_part(to_segment_id, '__', 1))
        from segment_migration where period_end_date = '2026-11-08'
            and from_segment_id != 'arrived' and to_segment_id != 'left'""",
    )
    text = " ".join(page.text.split())
    assert f"{moved} of {moved + stayed} traders changed segment between 1 November 2026" in text
    assert f"{styles} of them their style" in text
    assert "11 arrived, 2 left." in text
    assert "Another model scored the later date" in text
    assert page.tables["movement-by-period"][1:] == [
        ["2026-11-01 to 2026-11-08", formats.percent(moved / (moved + stayed)), "11"],
        ["2026-10-25 to 2026-11-01", "100\u202f%", "0"],
    ]
    assert page.tables["migration"][-1][0] == "Arrived"
    assert page.tables["migration"][0][-1] == "Left"


def test_drift_lists_what_is_in_alarm_with_its_reading(page: Page, marts: Path) -> None:
    alarms = query(
        marts,
        "select feature_name, reading from feature_drift where is_alarm"
        " and as_of_date = '2026-11-08' order by psi desc",
    )
    found = re.findall(r'class="alarm"><th scope="row">(.*?)</th>.*?class="text">(.*?)<', page.html)
    assert found == [(formats.words(name), reading) for name, reading in alarms[:ALARMS_SHOWN]]
    text = " ".join(page.text.split())
    (features,) = query(marts, "select count(*) from feature_catalog")[0]
    assert f"{len(alarms)} of {features} features differ from 1 October 2026" in text
    assert f"{len(alarms) - ALARMS_SHOWN} smaller alarms left out" in text
    assert "Of 2 segments, 1 hold a clearly different share of the active traders" in text
    for reading in {reading for _, reading in alarms}:
        number = sum(other == reading for _, other in alarms)
        assert f"{number} {reading}: " in text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("reference_date = as_of_date", "later dates are compared with it"),
        ("is_alarm = null", "it takes 500 on both dates"),
        ("is_alarm = false", "0 of 33 features differ"),
    ],
)
def test_drift_says_where_nothing_can_be_or_is_found(
    tmp_path: Path, change: str, text: str
) -> None:
    page = variant(tmp_path / "drift.duckdb", f"update feature_drift set {change}")
    assert text in " ".join(page.text.split())
    assert 'class="alarm"' not in page.html


def test_lifecycle_goes_from_new_to_churned_each_in_its_own_colour(page: Page, marts: Path) -> None:
    chart = page.html[page.html.index('id="lifecycle"') :]
    chart = chart[: chart.index("</svg>")]
    drawn = re.findall(r"lifecycle-stage-([\w-]+)", chart)
    stages = [stage.replace("_", "-") for stage in STAGES]
    assert list(dict.fromkeys(drawn)) == stages
    for stage in stages:
        assert re.search(rf"\.lifecycle-stage-{stage}(?: {{|,)", page.html)
    sizes = dict(query(marts, "select lifecycle_stage, count(*) from trader_segments group by all"))
    away = ", ".join(f"{formats.count(sizes[s])} {s.replace('_', ' ')}" for s in STAGES[3:])
    assert away in page.html


def test_tables_carry_the_numbers_of_the_marts(page: Page, marts: Path) -> None:
    sizes = query(
        marts,
        "select segment_name, traders, volume_usd from segment_summary"
        " order by traders desc, segment_id",
    )
    shown, rest = sizes[:SEGMENTS_SHOWN], sizes[SEGMENTS_SHOWN:]
    rows = [(name, f"{traders:,}", f"${volume:,.2f}") for name, traders, volume in shown]
    rest_traders, rest_volume = sum(row[1] for row in rest), sum(row[2] for row in rest)
    rows.append((f"{len(rest)} other segments", f"{rest_traders:,}", f"${rest_volume:,.2f}"))
    assert page.tables["segment-sizes"] == [["Segment", "Traders", "Volume"], *map(list, rows)]

    matrix = {row[0]: row[1:] for row in page.tables["style-matrix"]}
    (sellers,) = query(
        marts,
        "select count(*) from trader_segments"
        " where style = 'volatility_seller' and value_tier = 'top'",
    )[0]
    assert matrix["Style"] == ["Top", "High", "Medium", "Low", "All"]
    assert matrix["Volatility seller"][0] == f"{sellers:,}"

    profiles = page.tables["segment-profiles"]
    (z_score,) = query(
        marts,
        "select z_score from segment_profiles"
        " where segment_id = 'small__low' and feature_name = 'win_rate'",
    )[0]
    win_rate = next(row for row in profiles if row[0] == "Win rate")
    assert win_rate[profiles[0].index("Small, low value")] == formats.signed(z_score)

    migration = page.tables["migration"][1:]
    flows = query(
        marts, "select sum(traders) from segment_migration where period_end_date = '2026-11-08'"
    )
    assert sum(int(cell.replace(",", "")) for row in migration for cell in row[1:]) == flows[0][0]


def test_value_shows_the_largest_gains_and_losses(page: Page, marts: Path) -> None:
    largest = query(
        marts,
        f"""with shown as (select segment_name, net_revenue_usd from segment_summary
            order by abs(net_revenue_usd) desc limit {SEGMENTS_SHOWN})
        from shown order by net_revenue_usd desc""",
    )
    assert largest[-1][1] < 0
    shown = page.tables["segment-value"][1:-1]
    assert [row[:2] for row in shown] == [[n, formats.exact_money(float(r))] for n, r in largest]


def test_migration_diagonal_is_marked_as_staying(page: Page) -> None:
    rows = page.tables["migration"][1:]
    assert page.html.count('class="mark stay"') == sum(
        row[1 + position] != "0" for position, row in enumerate(rows)
    )


def test_of_many_features_the_heatmap_shows_those_that_tell_segments_apart(
    marts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trader_segments.report.figures.PROFILE_FEATURES_SHOWN", 2)
    page = Page(write_report(marts, tmp_path / "few.html").read_text(encoding="utf-8"))
    biggest = query(
        marts,
        f"""with shown as (select segment_id from segment_summary
            where segment_id in (select segment_id from segment_profiles)
            order by traders desc, segment_id limit {PROFILES_SHOWN})
        select feature_name from segment_profiles
        where segment_id in (from shown) and isfinite(z_score)
        group by 1 order by max(abs(z_score)) desc""",
    )
    rows = [row[0] for row in page.tables["segment-profiles"][1:]]
    assert {formats.words(name) for (name,) in biggest[:2]} <= set(rows)
    assert not {formats.words(name) for (name,) in biggest[2:]} & set(rows)
    assert f"{len(biggest) - 2} more are in the numbers below" in page.text


def test_every_chart_shows_what_its_table_says(page: Page) -> None:
    for chart in ("style-matrix", "segment-profiles", "migration"):
        table = page.tables[chart]
        numbers = [text for text in page.texts[chart] if re.fullmatch(r"[-+−\d.,]+", text)]
        cells = [cell for row in table[1:] for cell in row[1:]]
        assert numbers == [cell for cell in cells if cell not in ("0", formats.MISSING)]


def test_header_and_key_figures(page: Page, marts: Path) -> None:
    for text in ("8 November 2026", "b-7", "m-2026-11-08", "600"):
        assert text in page.text
    (revenue,) = query(marts, "select sum(net_revenue_usd)::double from segment_summary")[0]
    assert formats.money(revenue) in page.text


def test_data_health_and_model_quality(page: Page) -> None:
    for text in (
        "price is not positive",
        "1,204,331",
        "○ missing",
        "balances missing",
        "Equity turnover, Equity USD",
        "orders missing",
        "✕ fail",
        "✓ pass",
        "more seeds, but relabels 3.1 % of unchanged traders",
    ):
        assert text in page.text
    assert "77,777" not in page.text, "an older migration period must not show"


def test_page_asks_for_nothing_and_runs_its_own_script_alone(page: Page) -> None:
    assert not re.search(r"(https?:)?//[\w.]", page.html.replace("http://www.w3.org/2000/svg", ""))
    assert not {"link", "img", "iframe", "object", "image", "use"} & set(page.tags)
    assert page.addresses
    assert all(address.startswith("#") for address in page.addresses)
    assert not re.search(r"url\(|@import", page.html)
    (script,) = re.findall(r"<script>(.*?)</script>", page.html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert (
        "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
        f"{digest}'\"" in page.html.replace("&#39;", "'")
    )
    assert not re.search(r"fetch|XMLHttp|import|eval|innerHTML|localStorage|cookie", script)
    assert not re.search(r"<[^>]*\son\w+=", page.html)


def test_size_is_bounded(report: Path) -> None:
    assert report.stat().st_size <= 2_000_000


def test_no_trader_and_no_raw_value_shows(page: Page) -> None:
    assert "trader-0" not in page.html
    assert "secret" not in page.html


def test_same_marts_give_the_same_page(marts: Path, report: Path, tmp_path: Path) -> None:
    again = write_report(marts, tmp_path / "new folder" / "report.html")
    assert again.read_bytes() == report.read_bytes()
    assert [file.name for file in again.parent.iterdir()] == ["report.html"]


def test_failed_report_leaves_the_previous_one(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("previous")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(duckdb.Error):
        write_report(empty, out)
    with pytest.raises(FileNotFoundError):
        write_report(tmp_path / "absent.duckdb", out)
    assert out.read_text() == "previous"
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_report(build_marts(tmp_path / "marts.duckdb", 3), tmp_path / "taken")
    assert not list(tmp_path.glob(".*.partial"))


def test_link_swapped_to_a_new_publish_is_followed(tmp_path: Path) -> None:
    link = tmp_path / "marts.duckdb"
    for traders in (3, 4):
        versioned = build_marts(tmp_path / f"marts-{traders}.duckdb", traders)
        link.unlink(missing_ok=True)
        link.symlink_to(versioned.name)
        assert read_marts(link).traders == traders


def test_hostile_names_are_text(tmp_path: Path) -> None:
    hostile = HOSTILE.replace("'", "''")
    page = variant(
        tmp_path / "hostile.duckdb",
        *(
            f"update {table} set {column} = '{hostile}'"
            for table, column in (
                ("segment_summary", "segment_name"),
                ("trader_segments", "lifecycle_stage"),
                ("rejected_rows", "reason"),
                ("segmentation_models", "why"),
                ("source_health", "build_id"),
                ("feature_catalog", "requires"),
                ("segmentation_quality", "measure"),
            )
        ),
    )
    assert page.tags.count("script") == page.html.count("<script") == 1
    assert page.tables["segment-sizes"][1][0] == HOSTILE


def test_venue_without_fees_shows_volume(tmp_path: Path) -> None:
    page = variant(tmp_path / "fees.duckdb", "update segment_summary set net_revenue_usd = null")
    assert "No fees on this venue: volume shown instead." in page.text
    assert page.tables["segment-value"][0] == ["Segment", "Volume", "Volume per trader"]
    assert page.marks["segment-value"] == page.marks["segment-sizes"]


def test_first_build_has_no_migration(tmp_path: Path) -> None:
    page = variant(tmp_path / "first.duckdb", "delete from segment_migration")
    assert "First scoring date, nothing to compare yet." in page.text
    assert "migration" not in page.marks


@pytest.mark.parametrize("traders", [1, 4])
def test_tiny_venue(tmp_path: Path, traders: int) -> None:
    page = variant(tmp_path / "tiny.duckdb", "delete from segment_profiles", traders=traders)
    assert sum(int(row[1]) for row in page.tables["segment-sizes"][1:]) == traders
    assert "No segment has a profile yet" in page.text
    assert ("is the only segment" in page.text) == (traders == 1)


def test_nothing_known_and_nothing_filled(tmp_path: Path) -> None:
    numbers = query(
        build_marts(tmp_path / "plain.duckdb", 5),
        "select table_name, column_name from information_schema.columns"
        " where (data_type in ('DOUBLE', 'BIGINT', 'BOOLEAN') or data_type like 'DECIMAL%')"
        " and column_name not in ('traders', 'is_present')",
    )
    unknown = variant(
        tmp_path / "unknown.duckdb",
        *(f"update {table} set {column} = null" for table, column in numbers),
    )
    assert unknown.marks["style-matrix"] > 0
    assert not re.search(r"\b(None|nan|inf)\b", unknown.text)

    tables = query(tmp_path / "plain.duckdb", "select table_name from information_schema.tables")
    empty = variant(tmp_path / "empty.duckdb", *(f"delete from {table}" for (table,) in tables))
    assert empty.marks == {}
    assert "No trader has been scored yet." in empty.text
    assert not re.search(r"\b(None|nan|inf)\b", empty.text)


def test_million_traders_are_counted_not_listed(tmp_path: Path) -> None:
    page = variant(
        tmp_path / "large.duckdb",
        "insert into trader_segments select trader_segments.* replace (i::varchar as trader_id)"
        " from trader_segments, range(25_000) as copies (i)",
        "update segment_summary set traders = traders * 25_001",
    )
    assert "1.00\u202fM" in page.text
    assert len(page.html) <= 2_000_000


def test_bars_share_a_zero_and_tell_gain_from_loss() -> None:
    values = [30.0, None, -10.0, 0.0]
    panel = Panel("Net revenue", values, formats.money, formats.exact_money)
    chart = bar_chart("c", "t", "d", "Segment", list("abcd"), [panel])
    assert 'class="mark gain" style="--x:0.25000;--w:0.75000"' in chart.svg
    assert 'class="mark loss" style="--x:0.00000;--w:0.25000"' in chart.svg
    assert chart.svg.count("mark") == 2
    assert [row[1] for row in chart.table.rows] == ["$30.00", "–", "−$10.00", "$0.00"]


def test_levels_cut_where_the_legend_says() -> None:
    shares = [None, 0.0, 0.00999, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0]
    assert [share_level(share) for share in shares] == [
        "none", "s0", "s0", "s1", "s2", "s3", "s4", "s5", "s5",
    ]  # fmt: skip
    z_scores = [None, -9.0, -2.5, -1.5, -0.75, -0.25, 0.0, 0.2, 0.25, 0.75, 1.5, 2.5]
    assert [z_level(z_score) for z_score in z_scores] == [
        "none", "d0", "d0", "d1", "d2", "d3", "d4", "d4", "d5", "d6", "d7", "d8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (0, "$0"),
        (0.0123, "$0.0123"),
        (12.345, "$12.3"),
        (999.6, "$1.00\u202fk"),
        (3_400, "$3.40\u202fk"),
        (999_999, "$1.00\u202fM"),
        (1_234_567, "$1.23\u202fM"),
        (-4.5e9, "−$4.50\u202fbn"),
        (2e15, "$2000\u202ftn"),
    ],
)
def test_money_is_short(value: float | None, text: str) -> None:
    assert formats.money(value) == text


@given(st.floats(1e-3, 1e15))
def test_short_numbers_stay_within_half_a_percent(value: float) -> None:
    scales = {"k": 1e3, "M": 1e6, "bn": 1e9, "tn": 1e12, "": 1.0}
    number, _, letter = formats.compact(value).partition("\u202f")
    assert float(number) * scales[letter] == pytest.approx(value, rel=0.005001)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0"), (0.0001, "<\u202f0.1"), (0.123, "12.3"), (0.99999, ">\u202f99.9"), (1, "100")],
)
def test_percentages_never_round_to_nothing_or_all(share: float, text: str) -> None:
    assert formats.percent(share) == f"{text}\u202f%"


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("theme", [1, 2], ids=["light", "dark"])
def test_colours_have_contrast(page: Page, theme: int) -> None:
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", page.html)
    colours = {colour[0]: colour[theme] for colour in found}

    def contrast(front: str, back: str) -> float:
        low, high = sorted((luminance(colours[front]), luminance(colours[back])))
        return (high + 0.05) / (low + 0.05)

    cells = re.findall(r"\.on-(\w+) \{ fill: var\(--(\w+)\); \}", page.html)
    text = [(front, "paper" if cell == "none" else cell) for cell, front in cells]
    text += [(front, "paper") for front in ("ink", "muted", "accent", "good", "bad")]
    assert len(text) == 22
    assert {pair: contrast(*pair) for pair in text if contrast(*pair) < 4.5} == {}
    stages = [stage.replace("_", "-") for stage in STAGES]
    marks = ("gain", "loss", "d0", *stages)
    assert {mark: contrast(mark, "paper") for mark in marks if contrast(mark, "paper") < 3} == {}


WIDTHS = (400, 900, 1400)
MEASURE = """
<script>
addEventListener('load', () => {
  const measured = {};
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, root = page.documentElement, charts = {};
    for (const chart of page.querySelectorAll('.chart')) {
      const edge = chart.getBoundingClientRect();
      const boxes = [...chart.querySelectorAll('.mark')].map(mark => mark.getBoundingClientRect());
      charts[chart.id] = {
        marks: boxes.length,
        empty: boxes.filter(box => !(box.width > 0 && box.height > 0)).length,
        outside: boxes.filter(box => box.left < edge.left - 1 || box.right > edge.right + 1
          || box.top < edge.top - 1 || box.bottom > edge.bottom + 1).length,
      };
    }
    measured[frame.width] = {charts, overflow: root.scrollWidth - root.clientWidth};
  }
  const result = document.createElement('pre');
  result.id = 'measured';
  result.textContent = JSON.stringify(measured);
  document.body.append(result);
});
</script>
"""


def test_browser_draws_every_mark_at_every_width_without_the_script(
    report: Path, marts: Path, tmp_path: Path
) -> None:
    html = escape(report.read_text(encoding="utf-8"))
    frames = [
        f'<iframe width="{w}" height="900" sandbox="allow-same-origin" srcdoc="{html}"></iframe>'
        for w in WIDTHS
    ]
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(f'<meta charset="utf-8">{"".join(frames)}{MEASURE}', encoding="utf-8")
    document, messages = dump_dom(wrapper, tmp_path / "profile")
    found = re.search(r'<pre id="measured">(.*?)</pre>', document)
    assert found, "the pages were not measured"
    measured = json.loads(found[1])
    assert sorted(map(int, measured)) == sorted(WIDTHS)
    for page in measured.values():
        charts = page["charts"]
        assert {chart: c["marks"] for chart, c in charts.items()} == expected_marks(marts)
        assert {chart: c for chart, c in charts.items() if c["empty"] or c["outside"]} == {}
        assert page["overflow"] == 0
    blocked = [message for message in messages if "Blocked script execution" in message]
    assert len(blocked) == len(WIDTHS)
    assert messages == blocked, "errors, or requests that the page's policy refused"
