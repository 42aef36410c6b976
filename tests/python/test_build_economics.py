"""Economics of the sample venue: hypothetical instruments, fee changes, what adds up."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from scipy.stats import t

from trader_segments.choices import Instrument, Settings
from trader_segments.choices.shares import ATTRIBUTES
from trader_segments.cli import main
from warehouse_builds import ROOT, Home

pytestmark = pytest.mark.slow

VARS = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


def frame(home: Home, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(sql).df()


def test_attributes_of_a_hypothetical_option_are_those_of_a_listed_one(sample_home: Home) -> None:
    """Options offered at a moment, described anew from strike, expiry, volatility and spread."""
    rows = frame(
        sample_home,
        """
        select
            offered.*, listed.option_type, listed.mark_iv, listed.relative_spread,
            listed.strike / hours.price_usd::double as moneyness,
            date_diff('second', offered.period_start, listed.expires_at) / 86400 as days,
            coalesce(days.volatility_of_volatility, 0.8) as volatility_of_volatility
        from int_offered_instruments as offered
        inner join int_listed_instruments as listed using (instrument_id, period_start)
        inner join int_market_hours as hours
            on hours.asset = offered.underlying and hours.hour_start = offered.period_start
        left join int_market_days as days
            on days.asset = offered.underlying
            and days.event_date = offered.period_start::date - 1
        where offered.kind = 'option' and offered.period_start = (
            select max(period_start) from int_offered_instruments where hour(period_start) = 0
        )
        order by offered.instrument_id
        """,
    )
    margins = frame(sample_home, "select * from margin_rates")
    settings = Settings.of(VARS["derived_utility"], VARS["largest_leverage"], margins)
    assert len(rows) > 50
    for row in rows.to_dict("records"):
        instrument = Instrument.checked(
            {
                "name": row["instrument_id"],
                "kind": "option",
                "underlying": row["underlying"],
                **{k: row[k] for k in ("option_type", "days", "moneyness", "relative_spread")},
            }
        )
        name, attributes = instrument.described(
            row["mark_iv"], row["volatility_of_volatility"], settings
        )
        assert name == row["instrument_class"]
        expected = [row[attribute] for attribute in ATTRIBUTES]
        np.testing.assert_allclose(attributes, expected, rtol=1e-6, atol=1e-9)


def test_shares_of_new_expiries_are_predicted_better_than_by_popularity(sample_home: Home) -> None:
    """The bar; five venues of full size reach more (docs/pricing.md)."""
    (row,) = frame(sample_home, "select * from choice_quality where segment_id = 'all'").to_dict(
        "records"
    )
    assert row["expiries"] >= 8
    assert row["predicted_rank_correlation"] >= 0.7, row
    assert row["predicted_rank_correlation"] >= row["popular_rank_correlation"] + 0.2, row
    assert row["predicted_error"] <= 0.75 * row["popular_error"], row
    assert row["covered_share"] >= 0.9, row


def test_command_says_what_the_mart_says(
    sample_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    home = {"TRADER_SEGMENTS_HOME": str(sample_home.path)}
    terms = ["--kind", "option", "--underlying", "btc", "--days", "30", "--delta", "0.25"]
    result = CliRunner().invoke(main, ["what-if", *terms], env=home)
    assert result.exit_code == 0, result.output
    heading, _, *lines, popular = result.output.splitlines()
    rows = sample_home.query(
        "select segment_id, 100 * expected_share, 100 * expected_share_low, traders, "
        "100 * popular_share from hypothetical_instrument_shares "
        "where instrument_name = 'BTC call of 30 days with delta 0.25'"
    )
    assert heading == ("As call options, 9 to 35 days, delta 0.1 to 0.35, of BTC, in percent")
    assert len(lines) == len(rows) > 5
    printed = {line.split()[0]: line for line in lines}
    for segment, share, low, traders, market in rows:
        reach = "unknown" if low is None or math.isnan(low) else f"{low:.3f} to"
        assert f"{share:.3f}" in printed[segment]
        assert reach in printed[segment]
        assert printed[segment].endswith(f" {traders:,}")
        assert popular.endswith(f" {market:.3f}")


def test_command_says_what_is_missing(
    sample_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    run = CliRunner().invoke
    terms = ["what-if", "--kind", "perpetual", "--underlying", "DOGE"]
    unknown = run(main, terms, env={"TRADER_SEGMENTS_HOME": str(sample_home.path)})
    assert (unknown.exit_code, "nobody has chosen" in unknown.output) == (1, True)
    odd = run(main, [*terms, "--days", "3"], env={"TRADER_SEGMENTS_HOME": str(sample_home.path)})
    assert (odd.exit_code, "no expiry" in odd.output) == (1, True)
    nowhere = run(main, terms, env={"TRADER_SEGMENTS_HOME": str(tmp_path)})
    assert (nowhere.exit_code, "run make build first" in nowhere.output) == (1, True)
    (tmp_path / "build").mkdir()
    duckdb.connect(str(tmp_path / "build" / "warehouse.duckdb")).close()
    empty = run(main, terms, env={"TRADER_SEGMENTS_HOME": str(tmp_path)})
    assert (empty.exit_code, "earlier release" in empty.output) == (1, True)


def test_fee_rates_stand_still_where_only_prices_move(sample_home: Home) -> None:
    """The simulator never changes a trader's fees, but for a few whose style moves."""
    (counts,) = frame(
        sample_home,
        "select count(*) as steps, count(case when is_changed and abs(change_bps) > 0.1 then 1 end)"
        " as changes from int_fee_steps",
    ).to_dict("records")
    assert counts["steps"] > 500
    assert counts["changes"] <= 0.01 * counts["steps"]
    known = sample_home.query("select count(log_volume_per_bp) from fee_sensitivity")
    assert known == [(0,)]


CHAIN = ["int_fee_weeks", "int_fee_steps", "int_fee_responses", "int_fee_slopes", "fee_sensitivity"]


def fee_venue(
    home: Home, folder: Path, slope: float, changed: int = 150, seed: int = 3
) -> tuple[float | None, ...]:
    """The row `all` of fee_sensitivity, of traders whose fee fell when they traded much.

    40 weeks of 400 traders; volume swings for some weeks around each trader's own level, and the
    fee of the first `changed` falls from 5 to 4 basis points once four weeks were high; `slope` is
    the response of the log of volume.
    """
    rng = np.random.default_rng(seed)
    traders, weeks = 400, 40
    swing = 0.5 * rng.standard_normal((traders, weeks)) + 0.2 * rng.standard_normal(weeks)
    for week in range(1, weeks):
        swing[:, week] += 0.5 * swing[:, week - 1]
    high = (
        np.stack([swing[:, week - 4 : week].mean(axis=1) for week in range(12, 32)], axis=1) > 0.4
    )
    crosses = np.flatnonzero(high.any(axis=1))[:changed]
    at = np.full(traders, weeks)
    at[crosses] = 12 + high[crosses].argmax(axis=1)
    after = np.arange(weeks) >= at[:, None]
    fee = np.where(after, 4.0, 5.0)
    volume = 1e5 * np.exp(rng.normal(0, 1, (traders, 1)) + swing + slope * (fee - 5.0))
    day = pd.Timestamp("2026-06-30") - pd.to_timedelta(7 * np.arange(weeks)[::-1], unit="D")
    rows = pd.DataFrame(
        {
            "trader_id": np.repeat([f"T{number}" for number in range(traders)], weeks),
            "event_date": np.tile(day, traders),
            "fee_group": "derivative",
            "fee_role": "taker",
            "notional_usd": volume.ravel().round(2),
            "fee_bps": fee.ravel(),
        }
    )
    rows = rows.assign(charged_usd=rows["notional_usd"])
    rows["fee_usd"] = rows["notional_usd"] * rows["fee_bps"] / 10_000
    compiled = sample_models(home)
    folder.mkdir(exist_ok=True)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.register("rows", rows)
        connection.execute(
            """
            create table int_trader_fee_days as select
                * replace (
                    event_date::date as event_date,
                    notional_usd::decimal(38, 12) as notional_usd,
                    charged_usd::decimal(38, 12) as charged_usd,
                    fee_usd::decimal(38, 12) as fee_usd
                )
            from rows;
            create table int_as_of_date as select date '2026-06-30' as as_of_date;
            create table trader_segments as
            select distinct trader_id, 'everybody' as segment_id from rows;
            create table segment_summary as select 'everybody' as segment_id, 'E' as segment_name;
            """
        )
        for model in CHAIN:
            connection.execute(f"create table {model} as {compiled[model]}")
        (row,) = connection.execute(
            "select log_volume_per_bp, log_volume_per_bp_low, log_volume_per_bp_high, traders, "
            "detectable_per_bp from fee_sensitivity where segment_id = 'all'"
        ).fetchall()
    return tuple(row)


def sample_models(home: Home) -> dict[str, str]:
    """The compiled SQL of the models between fees and the mart."""
    folder = home.path / "target" / "compiled" / "trader_segments" / "models"
    return {m: next(folder.rglob(f"{m}.sql")).read_text(encoding="utf-8") for m in CHAIN}


@pytest.mark.parametrize("slope", [-0.5, 0.0])
def test_planted_response_to_fees_is_found_though_volume_made_the_fee(
    sample_home: Home, tmp_path: Path, slope: float
) -> None:
    """Tiers are crossed after a high: neither the fall back nor what stays of it is a response."""
    found = []
    for seed in range(6):
        estimate, low, high, traders, detectable = fee_venue(
            sample_home, tmp_path / str(seed), slope, seed=seed
        )
        assert estimate is not None
        assert low is not None
        assert high is not None
        assert traders == 150
        assert 0.05 < high - low < 0.5
        assert detectable is not None
        reach, power = t.ppf([0.975, 0.8], df=149)
        assert -detectable / (high - estimate) == pytest.approx(1 + power / reach, rel=1e-6)
        found.append((estimate, low <= slope <= high))
    assert np.mean([estimate for estimate, _ in found]) == pytest.approx(slope, abs=0.06), found
    assert sum(covered for _, covered in found) >= 4, found


def test_response_is_unknown_where_few_fees_changed(sample_home: Home, tmp_path: Path) -> None:
    assert fee_venue(sample_home, tmp_path, -0.5, changed=9)[:4] == (None, None, None, 9)


def test_scenarios_add_up(sample_home: Home) -> None:
    """The present schedule changes nothing, and every schedule sees the same trades."""
    rows = sample_home.query(
        """
        select schedule, sum(traders), sum(charged_usd), sum(charged_fee_usd), sum(fee_usd),
            sum(venue_change_usd), sum(loss_usd) - sum(gain_usd), sum(unscheduled_usd)
        from fee_schedule_scenarios group by 1 order by 1
        """
    )
    schedules = {name: numbers for name, *numbers in rows}
    assert set(schedules) == {"present", "flat", "half_volumes", "maker_free"}
    assert len({tuple(numbers[:3]) for numbers in schedules.values()}) == 1
    assert schedules["present"][4] == 0
    assert schedules["half_volumes"][4] < 0
    for numbers in schedules.values():
        assert numbers[4] == numbers[5] == numbers[3] - schedules["present"][3]
        assert numbers[6] == 0
    (fees,) = sample_home.query_warehouse(
        "select sum(fee_usd) from int_fills_valued cross join int_as_of_date "
        "where date_diff('day', event_date, as_of_date) between 0 and 29"
    )
    assert schedules["present"][2] == fees[0]


def test_incentives_are_counted_once(sample_home: Home) -> None:
    raw = sample_home.raw_data / "incentives.parquet"
    (paid,) = sample_home.query_warehouse(
        f"select sum(amount_usd::decimal(38, 12)) from '{raw}' cross join int_as_of_date "
        "where date_diff('day', paid_at::date, as_of_date) between 0 and 29"
    )
    (found,) = sample_home.query(
        "select sum(coalesce(rebate_usd, 0) + coalesce(reward_usd, 0) + coalesce(referral_usd, 0) "
        "+ coalesce(bonus_usd, 0)), sum(paid_usd) - sum(coalesce(fill_rebate_usd, 0)) "
        "from rebate_efficiency"
    )
    assert paid[0] > 0
    assert found == (paid[0], paid[0])


def test_planted_wash_traders_and_shared_addresses_are_suspects(sample_home: Home) -> None:
    truth = sample_home.raw_data.parent / "truth"
    pairs = frame(sample_home, f"select * from '{truth / 'wash_pairs.parquet'}'")
    shared = frame(sample_home, f"select * from '{truth / 'shared_addresses.parquet'}'")
    rows = sample_home.query(
        "select trader_id, wash_volume_usd, group_trader_id, tier, tier_without_wash "
        "from fee_tier_gaming"
    )
    washed = {trader for trader, volume, *_ in rows if volume > 0}
    grouped = {trader for trader, _, group, *_ in rows if group is not None}
    planted = set(pairs.filter(like="trader").to_numpy().ravel())
    assert washed
    assert washed <= planted
    assert grouped == set(shared.loc[~shared["is_service"], "trader_id"])
    assert all(without <= tier for *_, tier, without in rows)
    assert all(volume >= Decimal(0) for _, volume, *_ in rows)


def test_nudges_are_for_who_can_rise(sample_home: Home) -> None:
    rows = sample_home.query(
        """
        select nudges.trader_id, nudges.next_tier, tiers.next_tier, nudges.trader_saving_usd,
            nudges.probability_anyway, nudges.is_worthwhile, nudges.is_in_reach,
            nudges.venue_net_usd
        from tier_nudges as nudges
        full outer join (
            select * from trader_fee_tiers
            where next_tier is not null and trailing_volume_usd > 0
        ) as tiers using (trader_id)
        """
    )
    assert len(rows) > 100
    for trader, next_tier, expected, saving, probability, is_worthwhile, in_reach, net in rows:
        assert trader is not None
        assert next_tier == expected
        assert saving is None or saving >= 0
        assert probability is None or 0 <= probability <= 1
        assert is_worthwhile == (in_reach and net > 0) or in_reach is None
