"""Scale mode: fills of any number, written by DuckDB without holding them in memory."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from trader_segments.simulate import SimulationResult, events
from trader_segments.simulate.market import (
    DAY_MS,
    HOUR_MS,
    OPTION,
    USD,
    USDC,
    YEAR_MS,
    Market,
    simulate_market,
)
from trader_segments.simulate.writer import replaced_venue, write_table

_STEP_MS: Final = 6 * HOUR_MS
_OPTIONS_TRADED: Final = 52
_OTHERS_TRADED: Final = 12
_TRADED: Final = _OTHERS_TRADED + _OPTIONS_TRADED
_FILLS_PER_FILE: Final = 5_000_000
_FEE: Final = 0.0005
_PARQUET: Final = (
    "format parquet, compression lz4_raw, parquet_version v2, dictionary_size_limit 5000"
)

_FILLS: Final = """
with

numbered as (
    select i as fill_id, hash(i + {first_hash}) as bits
    from range({first}, {last}) as numbers (i)
),

drawn as (
    select
        fill_id,
        cast(fill_id * {microseconds_per_fill} as bigint) as elapsed,
        (bits & 65535) / 65536.0 as who,
        ((bits >> 16) & 65535) / 65536.0 as what,
        ((bits >> 32) & 65535) / 65536.0 as how_much,
        bits >> 48 as coins
    from numbered
),

-- Few traders trade most. The others come on one day in five or thirty, so that a trader's day
-- has several fills.
ranked as (
    select *, cast(floor({traders} * who * who) as bigint) as rank from drawn
),

paced as (
    select
        *,
        case
            when rank < {traders} // 100 then 1
            when rank < {traders} // 10 then 5
            else 30
        end as every
    from ranked
),

placed as (
    select
        *,
        least(rank - rank % every + (elapsed // 86400000000) % every, {traders} - 1) as trader
    from paced
),

styled as (
    select *, hash(trader + {first_hash}) as habit from placed
),

chosen as (
    select
        *,
        cast(elapsed // {step_microseconds} as integer) * {traded} + cast(floor(
            case
                when (habit & 255) < 100 then {others} + {options} * what * what
                else {others} * what * what
            end
        ) as integer) as place,
        ceil(exp(((habit >> 8) & 255) / 40.0 + 3 * how_much)) as lots
    from styled
)

select
    fill_id,
    trader as account_id,
    instrument_id,
    make_timestamp({start} + elapsed) as executed_at,
    case when (coins & 255) < ((habit >> 16) & 127) + 64 then 'buy' else 'sell' end as side,
    cast(lots * lot as decimal(18, 6)) as quantity,
    cast(mark_price * (0.9995 + 0.001 * how_much) as decimal(18, 8)) as price,
    fill_id // 2 as order_id,
    cast(lots * fee_per_lot as decimal(18, 8)) as fee,
    case when ((coins >> 8) & 255) < ((habit >> 24) & 255) then 'maker' else 'taker' end
        as liquidity_role,
    cast(0.1 * (what - 0.5) * lots * fee_per_lot as decimal(18, 8)) as realized_pnl,
    index_price,
    mark_iv,
    make_timestamp({start} + (elapsed // 3600000000 + 1) * 3600000000) as ingested_at
from chosen
inner join marks using (place)
"""


def simulate_scale(
    out: Path, *, fills: int, traders: int, days: int = 365, seed: int = 7
) -> SimulationResult:
    """Write fills, instruments and index prices of a venue of any size, in constant memory.

    What a trader does follows from the fill's number through a hash, so that DuckDB draws it in
    parallel. Fills are spread evenly over the window; one trader in a hundred makes a tenth of
    them. There are no styles to be found and there is no truth: it serves to measure scale, and
    `simulate` to judge models. Ids are numbers, as many venues export them. The same arguments
    give the same rows with the same version of DuckDB.

    Raises
    ------
    FileExistsError
        Where `out` holds anything but an earlier venue.
    ValueError
        Where there are fewer than 40 traders, 30 days or one fill a trader.
    """
    started = time.perf_counter()
    if traders < 40 or days < 30 or fills < traders:
        raise ValueError(
            "a venue needs 40 traders, 30 days and a fill a trader, "
            f"got {traders}, {days} and {fills}"
        )
    market = simulate_market(np.random.default_rng([seed, 0]), days)
    instruments, prices = events.instruments_table(market), events.index_prices_table(market)
    with replaced_venue(out) as fresh:
        write_table(instruments, fresh / "raw" / "instruments.parquet")
        write_table(prices, fresh / "raw" / "index_prices.parquet")
        _write_fills(fresh / "raw" / "fills", market, fills, traders, seed)
    rows = {
        "fills": fills,
        "instruments": instruments.num_rows,
        "index_prices": prices.num_rows,
    }
    return SimulationResult(Path(out), rows, {}, time.perf_counter() - started)


def _write_fills(folder: Path, market: Market, fills: int, traders: int, seed: int) -> None:
    """Write files of `_FILLS_PER_FILE` fills in order of execution, a core a file."""
    folder.mkdir()

    def write(file: int) -> None:
        query = _FILLS.format(
            first=file * _FILLS_PER_FILE,
            last=min((file + 1) * _FILLS_PER_FILE, fills),
            first_hash=seed << 40,
            microseconds_per_fill=market.days * DAY_MS * 1000 / fills,
            traders=traders,
            step_microseconds=_STEP_MS * 1000,
            traded=_TRADED,
            others=_OTHERS_TRADED,
            options=_OPTIONS_TRADED,
            start=market.start_ms * 1000,
        )
        path = str(folder / f"part-{file:05d}.parquet").replace("'", "''")
        with connection.cursor() as cursor:
            cursor.execute(f"copy ({query}) to '{path}' ({_PARQUET})")

    with duckdb.connect() as connection, ThreadPoolExecutor(os.cpu_count()) as pool:
        connection.register("marks_given", _marks(market))
        connection.execute("create table marks as from marks_given order by place")
        for _ in pool.map(write, range(-(-fills // _FILLS_PER_FILE))):
            pass


def _marks(market: Market) -> pa.Table:
    """What is traded in each step and its mark: the first places go to the most popular."""
    book = market.instruments
    is_option = book.kind == OPTION
    starts = market.start_ms + np.arange(market.days * DAY_MS // _STEP_MS) * _STEP_MS
    traded = []
    for start in starts:
        is_live = (book.listed_ms <= start) & (book.expires_ms > start + _STEP_MS)
        options = np.flatnonzero(is_live & is_option)
        years = (book.expires_ms[options] - start) / YEAR_MS
        spot = market.spot(book.asset[options], np.full(len(options), start))
        distance = np.abs(np.log(book.strike[options] / spot)) / np.sqrt(years)
        nearest = options[np.argsort(distance + years, kind="stable")]
        others = np.flatnonzero(is_live & ~is_option)
        traded += [np.resize(others, _OTHERS_TRADED), np.resize(nearest, _OPTIONS_TRADED)]
    instrument = np.concatenate(traded)
    time_ms = np.repeat(starts, _TRADED)
    mark, volatility = market.mark(instrument, time_ms)
    spot = market.spot(book.asset[instrument], time_ms)
    lot_usd = book.lot_usd(instrument, spot)
    in_dollars = np.isin(book.settlement[instrument], (USDC, USD))
    return pa.table(
        {
            "place": pa.array(np.arange(len(instrument)), pa.int32()),
            "instrument_id": pa.array(np.array(book.names)[instrument]),
            "mark_price": mark,
            "mark_iv": pa.array(volatility.round(4), mask=np.isnan(volatility)).cast(
                pa.decimal128(9, 4), safe=False
            ),
            "index_price": pa.array(spot.round(4)).cast(pa.decimal128(18, 4), safe=False),
            "lot": book.lot[instrument],
            "fee_per_lot": _FEE * np.where(in_dollars, lot_usd, lot_usd / spot),
        }
    )
