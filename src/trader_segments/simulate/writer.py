"""Arrow columns of the raw contract and their Parquet files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trader_segments.simulate.market import BoolArray, IntArray

NULL_MS: Final = int(np.iinfo(np.int64).min)
_DIGITS: Final = 8
_TYPES: Final = {
    "text": pa.string(),
    "money": pa.decimal128(38, 12),
    "time": pa.timestamp("us"),
    "date": pa.date32(),
    "flag": pa.bool_(),
}
_CONTRACT: Final = {
    "fills": "fill_id account_id instrument_id executed_at:time side quantity:money price:money "
    "order_id fee:money fee_currency liquidity_role realized_pnl:money index_price:money "
    "mark_iv:money is_liquidation:flag combo_id block_trade_id ingested_at:time",
    "instruments": "instrument_id kind underlying quote_currency settlement_currency "
    "is_inverse:flag contract_multiplier:money strike:money option_type expires_at:time "
    "listed_at:time",
    "orders": "order_event_id order_id account_id instrument_id event_type event_at:time side "
    "price:money quantity:money order_type time_in_force channel best_bid:money best_ask:money "
    "ingested_at:time",
    "quotes": "instrument_id quoted_at:time bid:money ask:money mark_price:money mark_iv:money",
    "positions": "account_id instrument_id snapshot_date:date quantity:money mark_price:money "
    "average_entry_price:money unrealized_pnl:money",
    "open_interest": "instrument_id snapshot_date:date open_interest:money",
    "balances": "account_id asset snapshot_date:date equity:money equity_usd:money "
    "initial_margin_usd:money maintenance_margin_usd:money pool_id",
    "transfers": "transfer_id account_id asset amount:money amount_usd:money occurred_at:time kind "
    "counterparty_address counterparty_account_id ingested_at:time",
    "accounts": "account_id trader_id parent_account_id account_type margin_mode opened_at:time "
    "closed_at:time referrer_trader_id",
    "customers": "trader_id customer_type legal_name birth_date:date email country_of_residence "
    "nationality onboarding_channel source_of_wealth declared_net_worth_usd:money wallet_address",
    "verification_events": "event_id trader_id event_type occurred_at:time issuer method "
    "expires_at:time note ingested_at:time",
    "index_prices": "asset priced_at:time price_usd:money implied_volatility:money",
    "funding_payments": "account_id instrument_id paid_at:time amount_usd:money",
    "incentives": "incentive_id trader_id paid_at:time kind amount_usd:money campaign_id",
    "campaign_assignments": "campaign_id trader_id arm assigned_at:time",
}


def _schema(columns: str) -> pa.Schema:
    pairs = [(column.partition(":")[0], column.partition(":")[2]) for column in columns.split()]
    return pa.schema([(name, _TYPES[kind or "text"]) for name, kind in pairs])


SCHEMAS: Final = {table: _schema(columns) for table, columns in _CONTRACT.items()}


def identifiers(prefix: str, numbers: IntArray, width: int = 6) -> pa.Array:
    """`prefix` and the zero-padded number; null where the number is negative."""
    digits = pc.utf8_lpad(pa.array(np.maximum(numbers, 0)).cast(pa.string()), width, "0")
    text = pc.binary_join_element_wise(pa.scalar(prefix), digits, "")
    return _only_where(numbers >= 0, text)


def labels(codes: IntArray, names: Sequence[str]) -> pa.Array:
    """The name of each code; null where the code is negative."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())


def decimals(values: npt.NDArray[np.floating[Any]]) -> pa.Array:
    """Exact DECIMAL(38, 12) of values rounded to eight places; null where NaN."""
    known = np.isfinite(values)
    scaled = np.rint(np.where(known, values, 0.0) * 10.0**_DIGITS).astype(np.int64)
    words = np.stack([scaled, scaled >> 63], axis=1)
    array = pa.Array.from_buffers(
        pa.decimal128(38, _DIGITS), len(values), [None, pa.py_buffer(words)]
    )
    return _only_where(known, array.cast(_TYPES["money"]))


def timestamps(ms: IntArray) -> pa.Array:
    """Milliseconds since 1970 (UTC); null where `NULL_MS`."""
    known = ms != NULL_MS
    return pa.array(np.where(known, ms, 0) * 1000, mask=~known).cast(_TYPES["time"])


def dates(days: IntArray) -> pa.Array:
    """Days since 1970; null where negative."""
    return pa.array(days.astype(np.int32), mask=days < 0).cast(_TYPES["date"])


def flags(values: BoolArray) -> pa.Array:
    """Booleans."""
    return pa.array(values)


def nulls(table: str, column: str, length: int) -> pa.Array:
    """A column of the contract with nothing in it."""
    return pa.nulls(length, SCHEMAS[table].field(column).type)


def _only_where(known: BoolArray, array: pa.Array) -> pa.Array:
    return array if known.all() else pc.if_else(pa.array(known), array, pa.scalar(None, array.type))


def raw_table(name: str, columns: Mapping[str, pa.Array]) -> pa.Table:
    """A table of the contract; raises `pyarrow.ArrowInvalid` or `KeyError` where it departs."""
    return pa.Table.from_pydict(dict(columns), schema=SCHEMAS[name])


def plain_table(columns: Mapping[str, npt.NDArray[Any] | pa.Array]) -> pa.Table:
    """A table outside the contract, such as the planted truth."""
    return pa.table(dict(columns))


def write_table(table: pa.Table, path: Path) -> None:
    """Write one Parquet file, deterministically."""
    pq.write_table(table, path, compression="zstd", row_group_size=122_880)


@contextmanager
def replaced_venue(out: Path) -> Iterator[Path]:
    """A fresh folder with `raw/` and `truth/` that replaces an earlier venue in one rename.

    Raises
    ------
    FileExistsError
        Where `out` holds anything but an earlier venue.
    """
    out = Path(out)
    if out.exists() and {entry.name for entry in out.iterdir()} - {"raw", "truth"}:
        raise FileExistsError(f"{out} holds more than a simulated venue; choose another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
        fresh, stale = Path(scratch, "fresh"), Path(scratch, "stale")
        (fresh / "raw").mkdir(parents=True)
        (fresh / "truth").mkdir()
        yield fresh
        if out.exists():
            out.rename(stale)
        fresh.rename(out)
        shutil.rmtree(stale, ignore_errors=True)
