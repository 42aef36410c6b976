"""A straightforward pandas and scikit-learn script: main features of each trader, then k-means.

python benchmarks/scale/features_pandas.py <raw> <out.parquet> prints seconds as JSON. The features
are those of trader_columns.FEATURES. The input is taken on trust: no row is judged, no copy is
dropped, and amounts are doubles, which Arrow casts (pandas itself would make each DECIMAL a Python
object). For a venue whose currencies are dollars or assets with a price on each day.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
from processes import Stopwatch
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler
from trader_columns import COLUMNS, STYLES, WINDOW

FILLS = (
    "fill_id",
    "account_id",
    "instrument_id",
    "executed_at",
    "side",
    "quantity",
    "price",
    "fee",
    "liquidity_role",
    "index_price",
)


def read(path: Path, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """A raw table, its decimals as doubles and its text as categories."""
    table = pyarrow.dataset.dataset(path).to_table(columns=list(columns) if columns else None)
    fields = [
        pa.field(f.name, pa.float64() if pa.types.is_decimal(f.type) else f.type)
        for f in table.schema
    ]
    table = table.cast(pa.schema(fields))
    text = [field.name for field in table.schema if pa.types.is_string(field.type)]
    return table.to_pandas(categories=text, self_destruct=True, split_blocks=True)


def valued_fills(raw: Path) -> pd.DataFrame:
    """Fills with their day, kind, underlying and amounts in US dollars."""
    fills = read(raw / "fills", FILLS)
    instruments = read(raw / "instruments.parquet").set_index("instrument_id")
    prices = read(raw / "index_prices.parquet").sort_values("priced_at")
    closes = prices.assign(day=prices["priced_at"].dt.floor("D"), asset=prices["asset"].astype(str))
    close = closes.groupby(["asset", "day"])["price_usd"].last().rename("settlement_usd")

    names = ["kind", "underlying", "settlement_currency", "is_inverse", "contract_multiplier"]
    described = instruments[names].astype({"settlement_currency": str})
    described.index = described.index.astype(str)
    fills["instrument_id"] = fills["instrument_id"].astype(str)
    fills = fills.merge(described, left_on="instrument_id", right_index=True)
    fills["day"] = fills["executed_at"].dt.floor("D")
    fills = fills.merge(close, how="left", left_on=["settlement_currency", "day"], right_index=True)
    is_inverse, is_option = fills["is_inverse"], fills["kind"] == "option"
    contracts = fills["quantity"] * fills["contract_multiplier"]
    fills["notional"] = np.where(
        is_inverse,
        np.where(is_option, fills["quantity"] * fills["index_price"], contracts),
        contracts * fills["price"],
    )
    in_dollars = fills["settlement_currency"].isin(["USD", "USDC", "USDT", "DAI"])
    fills["fee_usd"] = fills["fee"] * np.where(in_dollars, 1.0, fills["settlement_usd"])
    fills["net_notional"] = np.where(fills["side"] == "buy", fills["notional"], -fills["notional"])
    return fills


def trader_days(fills: pd.DataFrame) -> pd.DataFrame:
    """Sums by trader and day."""
    fills = fills.sort_values(["account_id", "executed_at", "fill_id"])
    since = fills["executed_at"] - fills["day"]
    angle = 2 * np.pi * since.dt.total_seconds() / 86400
    by_day = [fills["account_id"], fills["day"]]
    gap = fills["executed_at"].groupby(by_day).diff().dt.total_seconds()
    fills = fills.assign(
        maker=fills["notional"].where(fills["liquidity_role"] == "maker", 0.0),
        known_role=fills["notional"].where(fills["liquidity_role"].notna(), 0.0),
        fee_paid=fills["fee_usd"].clip(lower=0),
        rebate=(-fills["fee_usd"]).clip(lower=0),
        cosine=np.cos(angle),
        sine=np.sin(angle),
        gap=gap,
        gap_squared=gap**2,
    )
    return fills.groupby(["account_id", "day"], as_index=False).agg(
        fills=("notional", "size"),
        notional=("notional", "sum"),
        median_ticket=("notional", "median"),
        maker=("maker", "sum"),
        known_role=("known_role", "sum"),
        fee_paid=("fee_paid", "sum"),
        rebate=("rebate", "sum"),
        cosine=("cosine", "sum"),
        sine=("sine", "sum"),
        gaps=("gap", "count"),
        gap=("gap", "sum"),
        gap_squared=("gap_squared", "sum"),
    )


def whole_life(days: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """What counts since the first fill."""
    weeks = days.assign(week=days["day"].dt.to_period("W"))
    totals = days.groupby("account_id").agg(
        fill_count=("fills", "sum"),
        active_days=("day", "size"),
        first=("day", "min"),
        last=("day", "max"),
        notional_usd=("notional", "sum"),
        fee_paid_usd=("fee_paid", "sum"),
        rebate_usd=("rebate", "sum"),
        maker=("maker", "sum"),
        known_role=("known_role", "sum"),
    )
    return totals.assign(
        active_weeks=weeks.drop_duplicates(["account_id", "week"]).groupby("account_id").size(),
        tenure_days=(last_day - totals["first"]).dt.days + 1,
        recency_days=(last_day - totals["last"]).dt.days,
        net_fee_usd=totals["fee_paid_usd"] - totals["rebate_usd"],
        net_fee_bps=1e4 * (totals["fee_paid_usd"] - totals["rebate_usd"]) / totals["notional_usd"],
        maker_share=totals["maker"] / totals["known_role"],
    )


def recent(days: pd.DataFrame, life: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """What counts in the trader's window; also `from_day`, where it begins."""
    latest = days.groupby("account_id")["day"].nlargest(WINDOW["least_active_days"])
    from_day = latest.groupby("account_id").min()
    from_day = from_day.clip(upper=last_day - pd.Timedelta(days=WINDOW["days"] - 1))
    days = days[days["day"] >= days["account_id"].map(from_day)]
    sums = days.groupby("account_id").agg(
        recent_fill_count=("fills", "sum"),
        recent_active_days=("day", "size"),
        notional=("notional", "sum"),
        median_ticket_usd=("median_ticket", "median"),
        maker=("maker", "sum"),
        known_role=("known_role", "sum"),
        cosine=("cosine", "sum"),
        sine=("sine", "sum"),
        gaps=("gaps", "sum"),
        gap=("gap", "sum"),
        gap_squared=("gap_squared", "sum"),
    )
    observed = from_day.clip(lower=life["first"])
    window_days = (last_day - observed).dt.days + 1
    mean_gap = sums["gap"] / sums["gaps"]
    deviation = np.sqrt((sums["gap_squared"] / sums["gaps"] - mean_gap**2).clip(lower=0))
    burstiness = (deviation - mean_gap) / (deviation + mean_gap)
    length = np.hypot(sums["cosine"], sums["sine"]) / sums["recent_fill_count"]
    return sums.assign(
        from_day=from_day,
        window_days=window_days,
        active_day_share=sums["recent_active_days"] / window_days,
        fills_per_active_day=sums["recent_fill_count"] / sums["recent_active_days"],
        notional_per_active_day_usd=sums["notional"] / sums["recent_active_days"],
        recent_maker_share=sums["maker"] / sums["known_role"],
        time_of_day_regularity=length.clip(upper=1),
        burstiness=burstiness.where(sums["gaps"] >= 2),
    )


def traded(fills: pd.DataFrame, from_day: pd.Series) -> pd.DataFrame:
    """What was traded in the window, and what of it was carried overnight."""
    keys = ["account_id", "instrument_id", "kind", "underlying", "day"]
    by_instrument = fills.groupby(keys, as_index=False, observed=True).agg(
        notional=("notional", "sum"), net_notional=("net_notional", "sum")
    )
    starts = by_instrument["account_id"].map(from_day)
    rows = by_instrument[by_instrument["day"] >= starts]
    total = rows.groupby("account_id")["notional"].sum()
    held = rows.groupby(["account_id", "instrument_id"])["notional"].sum()
    share = held / total.reindex(held.index.get_level_values("account_id")).to_numpy()
    kinds = rows.pivot_table(
        index="account_id", columns="kind", values="notional", aggfunc="sum", observed=True
    ).fillna(0.0)
    linear = rows[rows["kind"] != "option"].groupby("account_id")
    carried = rows["net_notional"].abs().groupby(rows["account_id"]).sum()
    result = pd.DataFrame(
        {
            "end_of_day_net_share": carried / total,
            "net_buy_share": linear["net_notional"].sum() / linear["notional"].sum(),
            "instrument_concentration": (share**2).groupby("account_id").sum(),
            "underlying_count": rows.groupby("account_id")["underlying"].nunique(),
        }
    )
    for kind in ("option", "future", "perpetual", "spot"):
        result[f"{kind}_share"] = kinds.get(kind, 0.0) / total
    return result


def clustered(features: pd.DataFrame) -> np.ndarray:
    """A cluster for each trader, of the logarithms of the features."""
    values = features[list(COLUMNS)].fillna(0.0).to_numpy(dtype=float)
    scaled = StandardScaler().fit_transform(np.sign(values) * np.log1p(np.abs(values)))
    found: np.ndarray = KMeans(STYLES, n_init=1, random_state=0).fit_predict(scaled)
    return found


def main() -> None:
    """Read, compute, cluster, write."""
    raw, out = (Path(given) for given in sys.argv[1:3])
    watch = Stopwatch()
    fills = valued_fills(raw)
    days = trader_days(fills)
    last_day = days["day"].max()
    life = whole_life(days, last_day)
    window = recent(days, life, last_day)
    features = pd.concat(
        [
            life.drop(columns=["maker", "known_role"]),
            window.drop(columns=["maker", "known_role", "notional"]),
            traded(fills, window["from_day"]),
        ],
        axis=1,
    )[list(COLUMNS)]
    features = features.assign(cluster=clustered(features))
    features.index = features.index.astype(str).rename("trader_id")
    features.reset_index().to_parquet(out)
    print(json.dumps(watch.read()))


if __name__ == "__main__":
    main()
