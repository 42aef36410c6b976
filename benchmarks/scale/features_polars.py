"""The same features as features_pandas.py in polars, scanned lazily; k-means as there.

python benchmarks/scale/features_polars.py <raw> <out.parquet> prints seconds as JSON. polars is no
dependency of the project: scale.py runs this with the interpreter that --polars-python names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
from processes import Stopwatch
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler
from trader_columns import COLUMNS, STYLES, WINDOW

TRADER_DAY = ["account_id", "day"]


def read(path: str) -> pl.LazyFrame:
    """A raw table, its decimals as doubles."""
    return pl.scan_parquet(path).with_columns(pl.selectors.decimal().cast(pl.Float64))


def valued_fills(raw: Path) -> pl.LazyFrame:
    """Fills with their day, kind, underlying and amounts in US dollars."""
    close = (
        read(f"{raw}/index_prices.parquet")
        .sort("priced_at")
        .group_by(
            pl.col("asset").alias("settlement_currency"), pl.col("priced_at").dt.date().alias("day")
        )
        .agg(pl.col("price_usd").last().alias("settlement_usd"))
    )
    instruments = read(f"{raw}/instruments.parquet").select(
        "instrument_id",
        "kind",
        "underlying",
        "settlement_currency",
        "is_inverse",
        "contract_multiplier",
    )
    contracts = pl.col("quantity") * pl.col("contract_multiplier")
    in_dollars = pl.col("settlement_currency").is_in(["USD", "USDC", "USDT", "DAI"])
    notional = (
        pl.when(pl.col("is_inverse") & (pl.col("kind") == "option"))
        .then(pl.col("quantity") * pl.col("index_price"))
        .when("is_inverse")
        .then(contracts)
        .otherwise(contracts * pl.col("price"))
    )
    sign = pl.when(pl.col("side") == "buy").then(1.0).otherwise(-1.0)
    return (
        read(f"{raw}/fills/*.parquet")
        .with_columns(pl.col("executed_at").dt.date().alias("day"))
        .join(instruments, on="instrument_id")
        .join(close, on=["settlement_currency", "day"], how="left")
        .with_columns(
            notional.alias("notional"),
            (pl.col("fee") * pl.when(in_dollars).then(1.0).otherwise("settlement_usd")).alias(
                "fee_usd"
            ),
        )
        .with_columns((pl.col("notional") * sign).alias("net_notional"))
    )


def trader_days(fills: pl.LazyFrame) -> pl.LazyFrame:
    """Sums by trader and day."""
    executed = pl.col("executed_at")
    seconds = (executed - pl.col("day").cast(pl.Datetime("us"))).dt.total_microseconds() / 1e6
    angle = 2 * np.pi * seconds / 86400
    gap = executed.sort_by("executed_at", "fill_id").diff().dt.total_microseconds() / 1e6
    notional, fee = pl.col("notional"), pl.col("fee_usd")
    return fills.group_by(TRADER_DAY).agg(
        pl.len().alias("fills"),
        notional.sum(),
        notional.median().alias("median_ticket"),
        notional.filter(pl.col("liquidity_role") == "maker").sum().alias("maker"),
        notional.filter(pl.col("liquidity_role").is_not_null()).sum().alias("known_role"),
        fee.clip(lower_bound=0).sum().alias("fee_paid"),
        (-fee).clip(lower_bound=0).sum().alias("rebate"),
        angle.cos().sum().alias("cosine"),
        angle.sin().sum().alias("sine"),
        gap.count().alias("gaps"),
        gap.sum().alias("gap"),
        (gap**2).sum().alias("gap_squared"),
    )


def whole_life(days: pl.LazyFrame) -> pl.LazyFrame:
    """What counts since the first fill."""
    day = pl.col("day")
    net = pl.col("fee_paid_usd") - pl.col("rebate_usd")
    return (
        days.group_by("account_id")
        .agg(
            pl.col("fills").sum().alias("fill_count"),
            pl.len().alias("active_days"),
            day.dt.truncate("1w").n_unique().alias("active_weeks"),
            day.min().alias("first"),
            day.max().alias("last"),
            pl.col("last_day").first(),
            pl.col("notional").sum().alias("notional_usd"),
            pl.col("fee_paid").sum().alias("fee_paid_usd"),
            pl.col("rebate").sum().alias("rebate_usd"),
            (pl.col("maker").sum() / pl.col("known_role").sum()).alias("maker_share"),
            day.top_k(WINDOW["least_active_days"]).min().alias("least_day"),
        )
        .with_columns(
            ((pl.col("last_day") - pl.col("first")).dt.total_days() + 1).alias("tenure_days"),
            (pl.col("last_day") - pl.col("last")).dt.total_days().alias("recency_days"),
            net.alias("net_fee_usd"),
            (1e4 * net / pl.col("notional_usd")).alias("net_fee_bps"),
            pl.min_horizontal(
                "least_day", pl.col("last_day") - pl.duration(days=WINDOW["days"] - 1)
            ).alias("from_day"),
        )
    )


def recent(days: pl.LazyFrame, life: pl.LazyFrame) -> pl.LazyFrame:
    """What counts in the trader's window."""
    spans = life.select("account_id", "first", "from_day")
    observed = pl.max_horizontal("from_day", "first")
    total = pl.col("fill_total")
    mean_gap = pl.col("gap") / pl.col("gaps")
    deviation = (pl.col("gap_squared") / pl.col("gaps") - mean_gap**2).clip(lower_bound=0).sqrt()
    return (
        days.join(spans, on="account_id")
        .filter(pl.col("day") >= pl.col("from_day"))
        .group_by("account_id")
        .agg(
            pl.col("fills").sum().alias("fill_total"),
            pl.len().alias("recent_active_days"),
            ((pl.col("last_day") - observed).first().dt.total_days() + 1).alias("window_days"),
            pl.col("notional", "maker", "known_role", "cosine", "sine").sum(),
            pl.col("gaps", "gap", "gap_squared").sum(),
            pl.col("median_ticket").median().alias("median_ticket_usd"),
        )
        .select(
            "account_id",
            "recent_active_days",
            "window_days",
            "median_ticket_usd",
            total.alias("recent_fill_count"),
            (pl.col("recent_active_days") / pl.col("window_days")).alias("active_day_share"),
            (total / pl.col("recent_active_days")).alias("fills_per_active_day"),
            (pl.col("notional") / pl.col("recent_active_days")).alias(
                "notional_per_active_day_usd"
            ),
            (pl.col("maker") / pl.col("known_role")).alias("recent_maker_share"),
            ((pl.col("cosine") ** 2 + pl.col("sine") ** 2).sqrt() / total)
            .clip(upper_bound=1)
            .alias("time_of_day_regularity"),
            pl.when(pl.col("gaps") >= 2)
            .then((deviation - mean_gap) / (deviation + mean_gap))
            .alias("burstiness"),
        )
    )


def traded(by_instrument: pl.LazyFrame, life: pl.LazyFrame) -> pl.LazyFrame:
    """What was traded in the window, and what of it was carried overnight."""
    rows = by_instrument.join(life.select("account_id", "from_day"), on="account_id").filter(
        pl.col("day") >= pl.col("from_day")
    )
    notional, total = pl.col("notional"), pl.col("notional").sum()
    is_linear = pl.col("kind") != "option"
    concentration = (
        rows.group_by("account_id", "instrument_id")
        .agg(total)
        .group_by("account_id")
        .agg(((notional / total) ** 2).sum().alias("instrument_concentration"))
    )
    return (
        rows.group_by("account_id")
        .agg(
            (pl.col("net_notional").abs().sum() / total).alias("end_of_day_net_share"),
            (pl.col("net_notional").filter(is_linear).sum() / notional.filter(is_linear).sum())
            .fill_nan(None)
            .alias("net_buy_share"),
            pl.col("underlying").n_unique().alias("underlying_count"),
            *(
                (notional.filter(pl.col("kind") == kind).sum() / total).alias(f"{kind}_share")
                for kind in ("option", "future", "perpetual", "spot")
            ),
        )
        .join(concentration, on="account_id")
    )


def clustered(features: pl.DataFrame) -> np.ndarray:
    """A cluster for each trader, of the logarithms of the features."""
    values = np.nan_to_num(features.select(COLUMNS).cast(pl.Float64).to_numpy())
    scaled = StandardScaler().fit_transform(np.sign(values) * np.log1p(np.abs(values)))
    found: np.ndarray = KMeans(STYLES, n_init=1, random_state=0).fit_predict(scaled)
    return found


def main() -> None:
    """Read, compute, cluster, write."""
    raw, out = (Path(given) for given in sys.argv[1:3])
    watch = Stopwatch()
    fills = valued_fills(raw)
    keys = ["account_id", "instrument_id", "kind", "underlying", "day"]
    sums = fills.group_by(keys).agg(pl.col("notional", "net_notional").sum())
    days, by_instrument = pl.collect_all([trader_days(fills), sums])
    dated = days.lazy().with_columns(pl.col("day").max().alias("last_day"))
    life = whole_life(dated).collect().lazy()
    features = (
        life.join(recent(dated, life), on="account_id", how="left")
        .join(traded(by_instrument.lazy(), life), on="account_id", how="left")
        .select(pl.col("account_id").cast(pl.String).alias("trader_id"), *COLUMNS)
        .sort("trader_id")
        .collect()
    )
    features.with_columns(pl.Series("cluster", clustered(features))).write_parquet(out)
    print(json.dumps(watch.read()))


if __name__ == "__main__":
    main()
