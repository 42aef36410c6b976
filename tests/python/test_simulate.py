"""The sample venue obeys the raw contract, repeats by seed and shows the styles it plants."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trader_segments.simulate import SimulationResult, simulate, simulate_tables
from trader_segments.simulate.archetypes import ARCHETYPES, NAMES
from trader_segments.simulate.ledger import average_cost
from trader_segments.simulate.market import (
    CALM,
    HOUR_MS,
    KINDS,
    OPTION,
    REGIMES,
    STEP_MS,
    STRESSED,
    WARM_UP_DAYS,
    black_76,
    simulate_market,
)
from trader_segments.simulate.structures import STRATEGIES
from trader_segments.simulate.tastes import (
    ATTRIBUTE_MEAN,
    ATTRIBUTE_SCALE,
    ATTRIBUTES,
    Board,
    attributes,
    choose,
    make_board,
)
from trader_segments.simulate.writer import decimals, identifiers

TEXT, MONEY, TIME, DATE, FLAG = "VARCHAR", "DECIMAL(38,12)", "TIMESTAMP", "DATE", "BOOLEAN"
CONTRACT = {
    "fills": {
        "fill_id": TEXT,
        "account_id": TEXT,
        "instrument_id": TEXT,
        "executed_at": TIME,
        "side": TEXT,
        "quantity": MONEY,
        "price": MONEY,
        "order_id": TEXT,
        "fee": MONEY,
        "fee_currency": TEXT,
        "liquidity_role": TEXT,
        "realized_pnl": MONEY,
        "index_price": MONEY,
        "mark_iv": MONEY,
        "is_liquidation": FLAG,
        "combo_id": TEXT,
        "block_trade_id": TEXT,
        "ingested_at": TIME,
    },
    "instruments": {
        "instrument_id": TEXT,
        "kind": TEXT,
        "underlying": TEXT,
        "quote_currency": TEXT,
        "settlement_currency": TEXT,
        "is_inverse": FLAG,
        "contract_multiplier": MONEY,
        "strike": MONEY,
        "option_type": TEXT,
        "expires_at": TIME,
        "listed_at": TIME,
    },
    "orders": {
        "order_event_id": TEXT,
        "order_id": TEXT,
        "account_id": TEXT,
        "instrument_id": TEXT,
        "event_type": TEXT,
        "event_at": TIME,
        "side": TEXT,
        "price": MONEY,
        "quantity": MONEY,
        "order_type": TEXT,
        "time_in_force": TEXT,
        "channel": TEXT,
        "best_bid": MONEY,
        "best_ask": MONEY,
        "ingested_at": TIME,
    },
    "quotes": {
        "instrument_id": TEXT,
        "quoted_at": TIME,
        "bid": MONEY,
        "ask": MONEY,
        "mark_price": MONEY,
        "mark_iv": MONEY,
    },
    "positions": {
        "account_id": TEXT,
        "instrument_id": TEXT,
        "snapshot_date": DATE,
        "quantity": MONEY,
        "mark_price": MONEY,
        "average_entry_price": MONEY,
        "unrealized_pnl": MONEY,
    },
    "open_interest": {"instrument_id": TEXT, "snapshot_date": DATE, "open_interest": MONEY},
    "balances": {
        "account_id": TEXT,
        "asset": TEXT,
        "snapshot_date": DATE,
        "equity": MONEY,
        "equity_usd": MONEY,
        "initial_margin_usd": MONEY,
        "maintenance_margin_usd": MONEY,
        "pool_id": TEXT,
    },
    "transfers": {
        "transfer_id": TEXT,
        "account_id": TEXT,
        "asset": TEXT,
        "amount": MONEY,
        "amount_usd": MONEY,
        "occurred_at": TIME,
        "kind": TEXT,
        "counterparty_address": TEXT,
        "counterparty_account_id": TEXT,
        "ingested_at": TIME,
    },
    "accounts": {
        "account_id": TEXT,
        "trader_id": TEXT,
        "parent_account_id": TEXT,
        "account_type": TEXT,
        "margin_mode": TEXT,
        "opened_at": TIME,
        "closed_at": TIME,
        "referrer_trader_id": TEXT,
    },
    "customers": {
        "trader_id": TEXT,
        "customer_type": TEXT,
        "legal_name": TEXT,
        "birth_date": DATE,
        "email": TEXT,
        "country_of_residence": TEXT,
        "nationality": TEXT,
        "onboarding_channel": TEXT,
        "source_of_wealth": TEXT,
        "declared_net_worth_usd": MONEY,
        "wallet_address": TEXT,
    },
    "verification_events": {
        "event_id": TEXT,
        "trader_id": TEXT,
        "event_type": TEXT,
        "occurred_at": TIME,
        "issuer": TEXT,
        "method": TEXT,
        "expires_at": TIME,
        "note": TEXT,
        "ingested_at": TIME,
    },
    "index_prices": {
        "asset": TEXT,
        "priced_at": TIME,
        "price_usd": MONEY,
        "implied_volatility": MONEY,
    },
    "funding_payments": {
        "account_id": TEXT,
        "instrument_id": TEXT,
        "paid_at": TIME,
        "amount_usd": MONEY,
    },
    "incentives": {
        "incentive_id": TEXT,
        "trader_id": TEXT,
        "paid_at": TIME,
        "kind": TEXT,
        "amount_usd": MONEY,
        "campaign_id": TEXT,
    },
    "campaign_assignments": {
        "campaign_id": TEXT,
        "trader_id": TEXT,
        "arm": TEXT,
        "assigned_at": TIME,
    },
}
KEYS = {
    "fills": "fill_id",
    "instruments": "instrument_id",
    "orders": "order_event_id",
    "quotes": "instrument_id, quoted_at",
    "positions": "account_id, instrument_id, snapshot_date",
    "open_interest": "instrument_id, snapshot_date",
    "balances": "account_id, asset, snapshot_date",
    "transfers": "transfer_id",
    "accounts": "account_id",
    "customers": "trader_id",
    "verification_events": "event_id",
    "index_prices": "asset, priced_at",
    "funding_payments": "account_id, instrument_id, paid_at",
    "incentives": "incentive_id",
    "campaign_assignments": "campaign_id, trader_id",
}
NULLABLE = {
    "fills": {"mark_iv", "combo_id", "block_trade_id"},
    "instruments": {"strike", "option_type", "expires_at"},
    "orders": {"price"},
    "quotes": {"mark_iv"},
    "transfers": {"counterparty_address", "counterparty_account_id"},
    "accounts": {"parent_account_id", "closed_at", "referrer_trader_id"},
    "customers": {"birth_date", "nationality", "source_of_wealth", "declared_net_worth_usd"},
    "verification_events": {"method", "expires_at", "note"},
    "incentives": {"campaign_id"},
}
VALUES = {
    ("fills", "side"): {"buy", "sell"},
    ("fills", "liquidity_role"): {"maker", "taker"},
    ("instruments", "kind"): {"option", "future", "perpetual", "spot"},
    ("orders", "event_type"): {"insert", "amend", "cancel", "fill", "reject", "expire"},
    ("orders", "order_type"): {"limit", "market", "stop"},
    ("orders", "time_in_force"): {"gtc", "ioc", "fok", "post_only"},
    ("orders", "channel"): {"api", "web", "mobile"},
    ("transfers", "kind"): {"deposit", "withdrawal", "internal"},
    ("accounts", "account_type"): {"main", "sub", "vault"},
    ("accounts", "margin_mode"): {"cross", "isolated", "portfolio"},
    ("customers", "customer_type"): {"individual", "entity"},
    ("incentives", "kind"): {"rebate", "reward", "referral", "bonus"},
    ("campaign_assignments", "arm"): {"treatment", "control"},
}


def connect(result: SimulationResult) -> duckdb.DuckDBPyConnection:
    """Views over a simulated venue; `good_fills` leaves the planted dirt out."""
    connection = duckdb.connect()
    for table, columns in CONTRACT.items():
        path = result.out / "raw" / f"{table}.parquet"
        shown = ", ".join(
            f"{name}::double as {name}" if kind == MONEY else name for name, kind in columns.items()
        )
        connection.execute(f"create view {table} as select {shown} from '{path}'")
    for path in (result.out / "truth").iterdir():
        name = "truth" if path.stem == "traders" else path.stem
        connection.execute(f"create view {name} as select * from '{path}'")
    connection.execute(
        """
        create table good_fills as
        with sound as (
            select distinct fills.*
            from fills
            where quantity > 0
        ),
        first_of_id as (
            select * from sound
            qualify row_number() over (partition by fill_id order by price) = 1
        )
        select
            first_of_id.*,
            instruments.kind,
            instruments.expires_at,
            accounts.trader_id,
            truth.archetype,
            truth.secondary_archetype is null and truth.mover_day is null as is_pure,
            if(side = 'buy', 1, -1) as sign,
            instruments.underlying,
            quantity * contract_multiplier * case
                when kind = 'option' then index_price
                when is_inverse then 1
                else price
            end as notional_usd,
            quantity * contract_multiplier * price * if(is_inverse, index_price, 1) as premium_usd,
        from first_of_id
        inner join instruments using (instrument_id)
        inner join accounts using (account_id)
        inner join truth using (trader_id)
        """
    )
    return connection


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> SimulationResult:
    return simulate(tmp_path_factory.mktemp("venue") / "sample", traders=400, days=90, seed=11)


@pytest.fixture(scope="module")
def db(venue: SimulationResult) -> duckdb.DuckDBPyConnection:
    return connect(venue)


def one(db: duckdb.DuckDBPyConnection, query: str) -> float:
    row = db.execute(query).fetchone()
    assert row is not None
    return float(row[0])


def by_archetype(db: duckdb.DuckDBPyConnection, query: str) -> dict[str, float]:
    return dict(db.execute(query).fetchall())


@pytest.mark.parametrize("table", CONTRACT)
def test_columns_and_types_are_the_contracts(
    venue: SimulationResult, db: duckdb.DuckDBPyConnection, table: str
) -> None:
    path = venue.out / "raw" / f"{table}.parquet"
    described = db.execute(f"describe select * from '{path}'").fetchall()
    assert [(name, str(kind)) for name, kind, *_ in described] == list(CONTRACT[table].items())
    assert venue.rows[table] == pq.read_metadata(path).num_rows > 0


@pytest.mark.parametrize("table", CONTRACT)
def test_only_optional_columns_are_ever_null(db: duckdb.DuckDBPyConnection, table: str) -> None:
    for column in set(CONTRACT[table]) - NULLABLE.get(table, set()):
        assert one(db, f"select count(*) from {table} where {column} is null") == 0, column


@pytest.mark.parametrize("table", [table for table in KEYS if table != "fills"])
def test_keys_are_unique(db: duckdb.DuckDBPyConnection, table: str) -> None:
    key = KEYS[table]
    assert one(db, f"select count(*) - count(distinct ({key})) from {table}") == 0


@pytest.mark.parametrize(("table", "column"), VALUES)
def test_only_known_labels_occur(db: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    seen = {value for (value,) in db.execute(f"select distinct {column} from {table}").fetchall()}
    assert seen <= VALUES[table, column]


def test_the_only_dirt_is_the_planted_dirt(
    venue: SimulationResult, db: duckdb.DuckDBPyConnection
) -> None:
    assert venue.planted == {
        "exact_duplicate": 20,
        "zero_quantity": 10,
        "unknown_instrument": 5,
        "other_price": 5,
    }
    total = one(db, "select count(*) from fills")
    distinct = one(db, "select count(*) from (select distinct * from fills)")
    assert total - distinct == venue.planted["exact_duplicate"]
    repeated = one(db, "select count(*) - count(distinct fill_id) from fills")
    assert repeated == venue.planted["exact_duplicate"] + venue.planted["other_price"]
    assert (
        one(db, "select count(*) from fills where not quantity > 0")
        == venue.planted["zero_quantity"]
    )
    assert one(db, "select count(*) from fills where not price > 0") == 0
    assert (
        one(db, "select count(*) from fills anti join instruments using (instrument_id)")
        == venue.planted["unknown_instrument"]
    )
    same_load = """
        select count(*) from (
            select fill_id from fills group by fill_id
            having count(distinct price) > 1 and count(distinct ingested_at) = 1
        )
    """
    assert one(db, same_load) == venue.planted["other_price"]


@pytest.mark.parametrize(
    ("child", "column", "parent", "key"),
    [
        ("fills", "account_id", "accounts", "account_id"),
        ("fills", "order_id", "orders", "order_id"),
        ("orders", "account_id", "accounts", "account_id"),
        ("orders", "instrument_id", "instruments", "instrument_id"),
        ("quotes", "instrument_id", "instruments", "instrument_id"),
        ("positions", "account_id", "accounts", "account_id"),
        ("positions", "instrument_id", "instruments", "instrument_id"),
        ("open_interest", "instrument_id", "instruments", "instrument_id"),
        ("balances", "account_id", "accounts", "account_id"),
        ("transfers", "account_id", "accounts", "account_id"),
        ("transfers", "counterparty_account_id", "accounts", "account_id"),
        ("accounts", "parent_account_id", "accounts", "account_id"),
        ("accounts", "trader_id", "customers", "trader_id"),
        ("accounts", "referrer_trader_id", "customers", "trader_id"),
        ("verification_events", "trader_id", "customers", "trader_id"),
        ("funding_payments", "account_id", "accounts", "account_id"),
        ("funding_payments", "instrument_id", "instruments", "instrument_id"),
        ("incentives", "trader_id", "customers", "trader_id"),
        ("campaign_assignments", "trader_id", "customers", "trader_id"),
        ("customers", "trader_id", "truth", "trader_id"),
    ],
)
def test_references_resolve(
    db: duckdb.DuckDBPyConnection, child: str, column: str, parent: str, key: str
) -> None:
    orphans = f"""
        select count(*) from {child}
        where {column} is not null and {column} not in (select {key} from {parent})
    """
    assert one(db, orphans) == 0


@pytest.mark.parametrize(
    ("table", "event"),
    [
        ("fills", "executed_at"),
        ("orders", "event_at"),
        ("transfers", "occurred_at"),
        ("verification_events", "occurred_at"),
    ],
)
def test_rows_are_loaded_soon_after_the_event(
    db: duckdb.DuckDBPyConnection, table: str, event: str
) -> None:
    delay = f"epoch(ingested_at - {event})"
    low, middle, high = db.execute(
        f"select min({delay}), median({delay}), max({delay}) from {table}"
    ).fetchall()[0]
    assert low > 0
    assert middle < 3600
    assert high < 4 * 86400


def test_times_lie_in_the_window_and_in_each_lifetime(db: duckdb.DuckDBPyConnection) -> None:
    first, last = db.execute(
        "select min(executed_at)::date::varchar, max(executed_at)::date::varchar from fills"
    ).fetchall()[0]
    assert first >= "2026-04-02"
    assert last == "2026-06-30"
    for late in (
        "select count(*) from good_fills where executed_at >= expires_at",
        "select count(*) from fills inner join accounts using (account_id) "
        "where executed_at < opened_at or executed_at > closed_at",
        "select count(*) from fills inner join instruments using (instrument_id) "
        "where executed_at < listed_at",
        "select count(*) from positions inner join instruments using (instrument_id) "
        "where snapshot_date >= expires_at::date",
    ):
        assert one(db, late) == 0


def test_each_orders_life_is_in_sequence_and_adds_up(db: duckdb.DuckDBPyConnection) -> None:
    mismatched = """
        with life as (
            select
                order_id,
                count(*) filter (event_type = 'insert') as inserts,
                min(event_at) filter (event_type = 'insert') as inserted_at,
                min(event_at) as first_at,
                max(quantity) filter (event_type = 'insert') as wanted,
                sum(quantity) filter (event_type = 'fill') as done,
                count(*) filter (event_type in ('cancel', 'reject', 'expire')) as ends
            from orders group by order_id
        )
        select count(*) from life
        where inserts <> 1 or inserted_at > first_at
            or (done is null) = (ends = 0) or abs(done - wanted) > 1e-9
    """
    assert one(db, mismatched) == 0
    events, fills = one(db, "select count(*) from orders"), one(db, "select count(*) from fills")
    assert 1.5 < events / fills < 3.5


def test_positions_are_the_running_sum_of_fills(db: duckdb.DuckDBPyConnection) -> None:
    mismatched = """
        with days as (select unnest(generate_series(date '2026-04-02', date '2026-06-30',
            interval 1 day))::date as snapshot_date),
        moves as (
            select account_id, instrument_id, executed_at::date as day,
                any_value(expires_at) as ends, sum(sign * quantity) as moved
            from good_fills where kind <> 'spot' group by all
        ),
        expected as (
            select account_id, instrument_id, snapshot_date, sum(moved) as quantity
            from moves inner join days
                on day <= snapshot_date and (ends is null or snapshot_date < ends::date)
            group by all having abs(sum(moved)) > 1e-9
        )
        select count(*) from expected full join positions
            using (account_id, instrument_id, snapshot_date)
        where abs(expected.quantity - positions.quantity) > 1e-8
            or expected.quantity is null or positions.quantity is null
    """
    assert one(db, mismatched) == 0


def test_equity_is_deposits_plus_profit(db: duckdb.DuckDBPyConnection) -> None:
    """Books rebuilt from the raw tables, where nothing expired, match the last balance."""
    books = db.execute(
        """
        with last_positions as (
            select * from positions where snapshot_date = date '2026-06-30'
        ),
        flows as (
            select account_id, asset, amount from transfers
            union all
            select account_id, settlement_currency, amount_usd / coalesce(price_usd, 1)
            from funding_payments
            inner join instruments using (instrument_id)
            left join index_prices on asset = settlement_currency and priced_at = paid_at
            union all
            select account_id, settlement_currency, unrealized_pnl
            from last_positions inner join instruments using (instrument_id)
            union all
            select account_id, fee_currency,
                if(kind = 'spot', -sign * quantity * price, realized_pnl) - fee
            from good_fills
            union all
            select account_id, instrument_id[:3], sign * quantity
            from good_fills where kind = 'spot'
        ),
        books as (
            select account_id, asset, sum(amount) as equity from flows group by all
        ),
        settled as (
            select distinct account_id, fee_currency as asset
            from good_fills where expires_at < timestamp '2026-07-01'
        )
        select asset, count(*), max(abs(books.equity - balances.equity))
        from balances inner join books using (account_id, asset)
        anti join settled using (account_id, asset)
        where snapshot_date = date '2026-06-30'
        group by asset
        """
    ).fetchall()
    assert {asset for asset, _, _ in books} == {"BTC", "ETH", "SOL", "USDC"}
    for _, accounts, error in books:
        assert accounts > 2
        assert error < 1e-3


def test_bought_coin_is_in_the_balances(db: duckdb.DuckDBPyConnection) -> None:
    missing = """
        with bought as (
            select account_id, instrument_id[:3] as asset, sum(sign * quantity) as coins
            from good_fills where kind = 'spot' group by all having coins > 1e-6
        ),
        taken as (
            select account_id, asset, -sum(amount) as coins from transfers
            where kind = 'withdrawal' group by all
        )
        select count(*) from bought
        anti join balances using (account_id, asset)
        anti join taken using (account_id, asset)
    """
    assert one(db, missing) == 0


def test_activity_rises_with_volatility(db: duckdb.DuckDBPyConnection) -> None:
    correlation = by_archetype(
        db,
        """
        with moves as (
            select priced_at::date as day,
                ln(price_usd / lag(price_usd) over (order by priced_at)) as move
            from index_prices where asset = 'BTC'
        ),
        volatility as (select day, sqrt(sum(move * move)) as realised from moves group by day),
        activity as (
            select archetype, executed_at::date as day, count(*) as fills
            from good_fills group by all
        )
        select archetype, corr(ln(fills), ln(realised))
        from activity inner join volatility using (day) group by archetype
        """,
    )
    assert correlation["opportunistic"] > 0.4
    assert correlation["leveraged_directional"] > 0.3


def test_money_is_sound(db: duckdb.DuckDBPyConnection) -> None:
    for broken in (
        "select count(*) from balances where not equity > 0 or not equity_usd > 0",
        "select count(*) from balances where initial_margin_usd > equity_usd + 0.01",
        "select count(*) from balances where maintenance_margin_usd > initial_margin_usd",
        "select count(*) from quotes where not (0 < bid and bid < ask)",
        "select count(*) from open_interest where open_interest < 0",
        "select count(*) from transfers where (kind = 'deposit') and amount <= 0",
        "select count(*) from transfers where (kind = 'withdrawal') and amount >= 0",
        "select count(*) from instruments where contract_multiplier <= 0 or strike <= 0",
        "select count(*) from good_fills where (kind = 'option') <> (mark_iv is not null)",
        "select count(*) from good_fills where kind <> 'option' "
        "and abs(ln(price / index_price)) > 0.08",
    ):
        assert one(db, broken) == 0, broken
    internal = one(db, "select abs(sum(amount)) from transfers where kind = 'internal'")
    assert internal < 1e-6


def test_open_interest_is_the_larger_side(db: duckdb.DuckDBPyConnection) -> None:
    mismatched = """
        with sides as (
            select instrument_id, snapshot_date, greatest(
                sum(greatest(quantity, 0)), sum(greatest(-quantity, 0))) as expected
            from positions group by all
        )
        select count(*) from open_interest left join sides using (instrument_id, snapshot_date)
        where abs(open_interest - coalesce(expected, 0)) > 1e-6
    """
    assert one(db, mismatched) == 0


def test_verification_follows_the_process(db: duckdb.DuckDBPyConnection) -> None:
    out_of_order = """
        with steps as (
            select trader_id,
                min(occurred_at) filter (event_type = 'identity_submitted') as submitted,
                min(occurred_at) filter (event_type = 'identity_verified') as verified,
                min(occurred_at) as first_at
            from verification_events group by trader_id
        )
        select count(*) from steps where first_at <> submitted or verified <= submitted
    """
    assert one(db, out_of_order) == 0
    assert one(db, "select count(*) from customers where email not like '%@example.com'") == 0


def test_truth_stays_out_of_the_raw_tables(
    venue: SimulationResult, db: duckdb.DuckDBPyConnection
) -> None:
    assert {path.name for path in venue.out.iterdir()} == {"raw", "truth"}
    assert {path.stem for path in (venue.out / "raw").iterdir()} == set(CONTRACT)
    planted = {*NAMES, *STRATEGIES, *REGIMES}
    for path in (venue.out / "raw").iterdir():
        table = pq.read_table(path)
        for name in table.column_names:
            if CONTRACT[path.stem][name] == TEXT:
                assert not {*table[name].unique().to_pylist()} & planted, (path.stem, name)
    correlation = one(
        db,
        "select abs(corr(row, code)) from (select row_number() over (order by trader_id) as row, "
        "dense_rank() over (order by archetype) as code from truth)",
    )
    assert correlation < 0.15


def test_every_archetype_is_planted(db: duckdb.DuckDBPyConnection) -> None:
    counts = by_archetype(db, "select archetype, count(*) from truth group by archetype")
    assert set(counts) == set(NAMES)
    assert sum(archetype.share for archetype in ARCHETYPES) == pytest.approx(1.0)
    assert 0.05 < one(db, "select avg((secondary_archetype is not null)::int) from truth") < 0.15
    many = "select avg((n > 1)::int) from (select count(*) n from accounts group by trader_id)"
    assert 0.1 < one(db, many) < 0.2


def test_market_makers_rest_and_end_days_flat(db: duckdb.DuckDBPyConnection) -> None:
    maker = by_archetype(
        db,
        """
        with traders as (
            select archetype, trader_id, avg((liquidity_role = 'maker')::int) as maker_share
            from good_fills where is_pure group by all
        )
        select archetype, median(maker_share) from traders group by archetype
        """,
    )
    assert maker["market_maker"] > 0.8
    assert maker["high_frequency_taker"] < 0.3
    flat = by_archetype(
        db,
        """
        with nets as (
            select archetype, instrument_id, executed_at::date as day, trader_id,
                abs(sum(sign * quantity)) as net, sum(quantity) as gross
            from good_fills where is_pure group by all
        )
        select archetype, max(net / gross) from nets group by archetype
        """,
    )
    assert flat["market_maker"] < 1e-9
    assert flat["high_frequency_taker"] < 1e-9
    rebates = by_archetype(db, "select archetype, min(fee) from good_fills group by archetype")
    assert rebates["market_maker"] < 0 <= rebates["small"]


def test_volatility_sellers_sell_premium_and_buyers_buy_it(db: duckdb.DuckDBPyConnection) -> None:
    sold = by_archetype(
        db,
        """
        with traders as (
            select archetype, trader_id,
                coalesce(sum(premium_usd) filter (side = 'sell'), 0) / sum(premium_usd) as share
            from good_fills where kind = 'option' and is_pure group by all
        )
        select archetype, median(share) from traders group by archetype
        """,
    )
    assert sold["volatility_seller"] > 0.6 > 0.45 > sold["volatility_buyer"]
    share = by_archetype(
        db,
        "select archetype, sum(notional_usd) filter (kind = 'option') / sum(notional_usd) "
        "from good_fills where is_pure group by archetype",
    )
    assert min(share["volatility_seller"], share["volatility_buyer"]) > 0.5
    assert max(share["leveraged_directional"], share["high_frequency_taker"]) < 0.2


def test_hedgers_are_short_delta_one(db: duckdb.DuckDBPyConnection) -> None:
    short = by_archetype(
        db,
        """
        select archetype, avg((quantity < 0)::int)
        from positions
        inner join instruments using (instrument_id)
        inner join accounts using (account_id)
        inner join truth using (trader_id)
        where kind <> 'option' and secondary_archetype is null and mover_day is null
        group by archetype
        """,
    )
    assert short["hedger"] > 0.9
    assert short["basis_arbitrageur"] == 1.0
    assert 0.3 < short["position_trader"] < 0.7


def test_basis_arbitrageurs_offset_spot_within_the_day(db: duckdb.DuckDBPyConnection) -> None:
    offset = one(
        db,
        """
        with days as (
            select trader_id, instrument_id[:3] as underlying, executed_at::date as day,
                sum(sign * notional_usd) as net, sum(notional_usd) as gross
            from good_fills where archetype = 'basis_arbitrageur' and is_pure group by all
        )
        select sum(abs(net)) / sum(gross) from days
        """,
    )
    assert offset < 0.1


def test_small_tickets_are_small_and_dormant_traders_stopped(
    db: duckdb.DuckDBPyConnection,
) -> None:
    tickets = by_archetype(
        db, "select archetype, median(notional_usd) from good_fills group by archetype"
    )
    assert 15 < tickets["small"] < 100 < tickets["opportunistic"] < tickets["position_trader"]
    last = by_archetype(
        db, "select archetype, max(executed_at)::date::varchar from good_fills group by archetype"
    )
    assert str(last["dormant"]) < "2026-05-01"
    assert str(last["small"]) == "2026-06-30"


def test_only_leveraged_traders_are_liquidated_often(db: duckdb.DuckDBPyConnection) -> None:
    share = by_archetype(
        db, "select archetype, avg(is_liquidation::int) from good_fills group by archetype"
    )
    assert 0.003 < share["leveraged_directional"] < 0.2
    assert max(v for k, v in share.items() if k != "leveraged_directional") < 0.01


def test_leveraged_traders_turn_their_equity_over(db: duckdb.DuckDBPyConnection) -> None:
    turnover = by_archetype(
        db,
        """
        with days as (
            select archetype, trader_id, executed_at::date as day, sum(notional_usd) as notional
            from good_fills where is_pure group by all
        ),
        equity as (
            select trader_id, snapshot_date as day, sum(equity_usd) as equity
            from balances inner join accounts using (account_id) group by all
        )
        select archetype, median(notional / equity)
        from days inner join equity using (trader_id, day) group by archetype
        """,
    )
    assert turnover["leveraged_directional"] > 4
    assert max(turnover[name] for name in ("hedger", "position_trader", "opportunistic")) < 2


def test_fast_takers_trade_ahead_of_the_market(db: duckdb.DuckDBPyConnection) -> None:
    """Index returns in the trade's direction over the next minutes, in basis points."""
    markout = by_archetype(
        db,
        """
        with later as (
            select underlying, executed_at, median(index_price) as index_price
            from good_fills group by all
        )
        select archetype, 1e4 * avg(sign * ln(later.index_price / now.index_price))
        from (
            select *, executed_at + interval 2 minute as until
            from good_fills where kind = 'perpetual' and liquidity_role = 'taker'
        ) as now
        asof join later on now.underlying = later.underlying and now.until >= later.executed_at
        where later.executed_at > now.executed_at
        group by archetype
        """,
    )
    assert markout["high_frequency_taker"] > 0.5
    assert abs(markout["leveraged_directional"]) < markout["high_frequency_taker"]


def test_choices_move_with_the_planted_tastes(db: duckdb.DuckDBPyConnection) -> None:
    """Rank correlations between planted part-worths and what traders chose, within a style."""
    correlations = db.execute(
        """
        with traders as (
            select archetype, trader_id, count(*) as fills,
                avg((kind = 'option')::int) as option_share,
                avg((kind = 'spot')::int) as spot_share
            from good_fills where is_pure group by all having count(*) >= 15
        ),
        ranked as (
            select archetype,
                rank() over (partition by archetype order by option_share) as options,
                rank() over (partition by archetype order by spot_share) as spot,
                rank() over (partition by archetype order by taste_volatility) as volatility,
                rank() over (partition by archetype order by taste_leverage) as leverage
            from traders inner join truth using (archetype, trader_id)
            where archetype in ('small', 'opportunistic')
        )
        select archetype, corr(options, volatility), corr(spot, leverage)
        from ranked group by archetype
        """
    ).fetchall()
    assert len(correlations) == 2
    for archetype, options, spot in correlations:
        assert options > 0.35, archetype
        assert spot < -0.6, archetype


def test_tastes_are_unknown_where_business_sets_the_instrument(
    db: duckdb.DuckDBPyConnection,
) -> None:
    without = {
        name
        for (name,) in db.execute(
            "select distinct archetype from truth where taste_volatility is null"
        ).fetchall()
    }
    assert without == {"market_maker", "hedger", "basis_arbitrageur"}
    for name in ATTRIBUTES:
        assert (
            one(
                db,
                f"select count(*) from truth "
                f"where (taste_{name} is null) <> (taste_volatility is null) "
                f"or isnan(taste_{name})",
            )
            == 0
        )
    scales = db.execute("select attribute, mean, scale from taste_scales").fetchall()
    assert scales == list(zip(ATTRIBUTES, ATTRIBUTE_MEAN, ATTRIBUTE_SCALE, strict=True))


def test_stressed_days_move_more_cost_more_and_are_busier(db: duckdb.DuckDBPyConnection) -> None:
    by_regime = db.execute(
        """
        with moves as (
            select priced_at::date as day, implied_volatility,
                ln(price_usd / lag(price_usd) over (order by priced_at)) as move
            from index_prices where asset = 'BTC'
        ),
        days as (
            select day, sqrt(365 * sum(move * move)) as realised,
                avg(implied_volatility) as implied
            from moves group by day
        ),
        activity as (select executed_at::date as day, count(*) as fills from fills group by day)
        select regime, median(realised), median(implied), median(fills)
        from regimes inner join days using (day) left join activity using (day) group by regime
        """
    ).fetchall()
    measured = {regime: values for regime, *values in by_regime}
    for calm, stressed in zip(measured["calm"], measured["stressed"], strict=True):
        assert stressed > 1.1 * calm
    assert one(db, "select count(*) - count(distinct day) from regimes") == 0


def test_movers_follow_another_style_to_the_end(db: duckdb.DuckDBPyConnection) -> None:
    assert one(db, "select count(mover_day) from truth") == 12
    for broken in (
        "select count(*) from truth where (mover_day is null) <> (archetype_after is null)",
        "select count(*) from truth where archetype_after = archetype",
        "select count(*) from truth where archetype_at_end <> coalesce(archetype_after, archetype)",
        "select count(*) from truth where mover_day is not null "
        "and (mover_day not between join_day + 1 and leave_day - 1)",
    ):
        assert one(db, broken) == 0, broken
    change = one(
        db,
        """
        with phases as (
            select trader_id,
                if(date_diff('day', date '2026-04-02', executed_at::date) >= mover_day,
                    archetype_after, truth.archetype) as style,
                avg((kind = 'option')::int) as option_share
            from good_fills inner join truth using (trader_id)
            where mover_day is not null group by all
        )
        select avg(option_share) filter (style like 'volatility%')
            - avg(option_share) filter (style not like 'volatility%')
        from phases
        """,
    )
    assert change > 0.25


def test_wash_pairs_trade_with_one_another_and_end_flat(db: duckdb.DuckDBPyConnection) -> None:
    matched = db.execute(
        """
        with sides as (
            select wash_pairs.*, a.sign, a.quantity
            from wash_pairs
            inner join good_fills as a on a.trader_id = trader_a
            inner join good_fills as b
                on b.trader_id = trader_b
                and (a.instrument_id, a.executed_at, a.price, a.quantity)
                = (b.instrument_id, b.executed_at, b.price, b.quantity)
                and a.sign = -b.sign and a.liquidity_role <> b.liquidity_role
        )
        select trader_a, trader_b, count(*), sum(sign * quantity), count(distinct sign)
        from sides group by all
        """
    ).fetchall()
    assert len(matched) == one(db, "select count(*) from wash_pairs") == 2
    for _, _, fills, net, directions in matched:
        assert fills >= 40
        assert net == pytest.approx(0.0, abs=1e-9)
        assert directions == 2
    people = "select trader_a from wash_pairs union all select trader_b from wash_pairs"
    assert one(db, f"select count(distinct trader_a) from ({people})") == 4


def test_addresses_are_shared_by_whom_the_truth_says(db: duckdb.DuckDBPyConnection) -> None:
    shared = db.execute(
        """
        with seen as (
            select distinct counterparty_address as address, trader_id
            from transfers inner join accounts using (account_id)
            where counterparty_address is not null and kind = 'deposit'
        ),
        shared as (select * from seen qualify count(*) over (partition by address) > 1)
        select coalesce(shared.address, shared_addresses.address), is_service,
            count(*), count(shared.trader_id), count(shared_addresses.trader_id)
        from shared full join shared_addresses using (address, trader_id)
        group by all
        """
    ).fetchall()
    groups = [row for row in shared if row[1] is False]
    assert len(groups) == 2
    for _, _, people, paid, planted in groups:
        assert 2 <= people == paid == planted <= 4
    services = [row for row in shared if row[1] is True]
    assert len(services) == 1
    assert services[0][4] > 20
    assert services[0][3] >= 0.9 * services[0][4]
    assert len(shared) == 3


def test_structures_have_the_legs_of_their_strategy(db: duckdb.DuckDBPyConnection) -> None:
    broken = """
        with legs as (
            select strategy_id, strategy, kind, option_type, strike, expires_at, side, trader_id,
                sum(quantity) as quantity, min(executed_at) as first_at,
                any_value(combo_id) as combo_id, any_value(block_trade_id) as block_trade_id,
                any_value(execution) as execution
            from strategies
            inner join fills using (order_id)
            inner join instruments using (instrument_id)
            where is_opening and quantity > 0
            group by strategy_id, strategy, kind, option_type, strike, expires_at, side, trader_id,
                order_id
        ),
        structures as (
            select strategy_id, any_value(strategy) as strategy,
                any_value(execution) as execution,
                count(*) as legs,
                count(distinct trader_id) as traders,
                count(*) filter (kind = 'option') as options,
                count(distinct option_type) as types,
                count(distinct strike) as strikes,
                count(distinct expires_at) as expiries,
                count(distinct side) as sides,
                count(distinct combo_id) as combos,
                count(distinct block_trade_id) as blocks,
                count(combo_id) as combo_legs,
                max(first_at) - min(first_at) as apart
            from legs group by strategy_id
        )
        select strategy, execution, count(*),
            count(*) filter (traders <> 1 or apart > interval 1 minute),
            count(*) filter (execution = 'combo' and (combos <> 1 or combo_legs <> legs)),
            count(*) filter (execution = 'block' and (blocks <> 1 or apart > interval 0 second)),
            count(*) filter (not case strategy
                when 'straddle' then (options, types, strikes, sides, expiries) = (2, 2, 1, 1, 1)
                when 'strangle' then (options, types, strikes, sides, expiries) = (2, 2, 2, 1, 1)
                when 'risk_reversal'
                    then (options, types, strikes, sides, expiries) = (2, 2, 2, 2, 1)
                when 'vertical' then (options, types, strikes, sides, expiries) = (2, 1, 2, 2, 1)
                when 'calendar' then (options, types, strikes, sides, expiries) = (2, 1, 1, 2, 2)
                when 'butterfly' then (options, types, strikes, sides, expiries) = (3, 1, 3, 2, 1)
                when 'covered_call' then (legs, options, sides) = (2, 1, 2)
                when 'delta_hedged' then (legs, options) = (2, 1)
            end)
        from structures group by all
    """
    rows = db.execute(broken).fetchall()
    assert {row[0] for row in rows} == set(STRATEGIES)
    assert {row[1] for row in rows} == {"combo", "block", "legs"}
    for strategy, execution, structures, *faults in rows:
        assert structures > 0
        assert faults == [0, 0, 0, 0], (strategy, execution, structures)


def test_linear_options_are_quoted_in_dollars(db: duckdb.DuckDBPyConnection) -> None:
    terms = db.execute(
        "select distinct underlying, is_inverse, contract_multiplier, quote_currency, "
        "settlement_currency from instruments where kind = 'option' order by 1"
    ).fetchall()
    assert terms == [
        ("BTC", True, 1.0, "BTC", "BTC"),
        ("ETH", True, 1.0, "ETH", "ETH"),
        ("SOL", False, 10.0, "USDC", "USDC"),
    ]
    assert one(db, "select count(*) from good_fills where kind = 'option' and underlying = 'SOL'")
    below_intrinsic = """
        select count(*) from quotes
        inner join instruments using (instrument_id)
        asof join index_prices on asset = underlying and priced_at <= quoted_at
        where kind = 'option' and mark_price * if(is_inverse, price_usd, 1) < 0.95 * greatest(
            if(option_type = 'call', 1, -1) * (price_usd - strike), 0) - 0.02 * price_usd
    """
    assert one(db, below_intrinsic) == 0


def test_options_are_quoted_every_six_hours_and_cheap_ones_widest(
    db: duckdb.DuckDBPyConnection,
) -> None:
    assert (
        one(
            db,
            "select count(*) from quotes inner join instruments using (instrument_id) "
            "where kind = 'option' and (hour(quoted_at) % 6 <> 0 or minute(quoted_at) <> 0)",
        )
        == 0
    )
    spread = by_archetype(
        db,
        "select kind, median((ask - bid) / (ask + bid) * 2) "
        "from quotes inner join instruments using (instrument_id) group by kind",
    )
    assert spread["perpetual"] < spread["future"] < spread["spot"] < 0.001 < spread["option"]
    correlation = one(
        db,
        "select corr(ln(mark_price), ln((ask - bid) / (ask + bid))) "
        "from quotes inner join instruments using (instrument_id) "
        "where kind = 'option' and underlying = 'BTC'",
    )
    assert correlation < -0.5


def test_machines_quote_briefly_and_people_wait(db: duckdb.DuckDBPyConnection) -> None:
    life = db.execute(
        """
        with life as (
            select order_id, any_value(account_id) as account_id,
                any_value(channel) as channel, any_value(time_in_force) as time_in_force,
                min(event_at) filter (event_type = 'insert') as came,
                min(event_at) filter (event_type = 'cancel') as went,
                count(*) filter (event_type = 'amend') as amends,
                count(*) filter (event_type = 'fill') > 0 as traded
            from orders group by order_id
        )
        select archetype,
            median(epoch_ms(went - came)) / 1000.0,
            count(went) / count(*),
            avg((channel = 'api')::int),
            avg((time_in_force = 'post_only')::int) filter (not traded)
        from life inner join accounts using (account_id) inner join truth using (trader_id)
        where secondary_archetype is null group by archetype
        """
    ).fetchall()
    measured = {archetype: values for archetype, *values in life}
    seconds, cancelled, by_api, post_only = measured["market_maker"]
    assert seconds < 10
    assert cancelled > 0.5
    assert by_api == 1
    assert post_only > 0.8
    seconds, cancelled, by_api, post_only = measured["small"]
    assert seconds > 60
    assert cancelled < 0.2
    assert by_api < 0.2
    assert post_only < 0.6


def test_orders_meet_the_book_of_their_moment(db: duckdb.DuckDBPyConnection) -> None:
    crossing = """
        select count(*) from orders
        where time_in_force = 'post_only' and event_type = 'insert'
            and if(side = 'buy', price >= best_ask, price <= best_bid)
    """
    assert one(db, crossing) == 0
    assert one(db, "select count(*) from orders where best_bid <= 0 or best_ask <= best_bid") == 0
    deep = """
        select avg((if(side = 'buy', best_bid - price, price - best_ask) > 0.005 * price)::int)
        from orders where event_type = 'cancel' and channel <> 'api'
    """
    assert 0.05 < one(db, deep) < 0.5
    moved = """
        with books as (
            select order_id, count(distinct best_bid) as bids, max(event_at) - min(event_at) as life
            from orders where instrument_id = 'BTC-PERPETUAL' group by order_id
        )
        select avg((bids > 1)::int) from books where life > interval 5 minute
    """
    assert one(db, moved) > 0.8


def test_decisions_follow_the_logit_probabilities() -> None:
    """Of two instruments the second has utility 0.5 + 1.0 more: it is taken e^1.5 / (1 + e^1.5)."""
    market = simulate_market(np.random.default_rng(0), 30)
    steps = 4
    board = Board(
        instrument=np.array([3, 8]),
        attributes=np.array([[0.0, 0, 0, 0, 0], [1.0, -1.0, 0, 0, 0]]),
        popularity=np.array([0.0, 0.5]),
        first=np.array([0] + [2] * (3 * steps)),
        steps=steps,
    )
    n = 20_000
    taste = np.tile([1.5, 0.5, 0.0, 0.0, 0.0], (n, 1))
    ms = np.full(n, market.start_ms + 1)
    asset = np.zeros(n, dtype=np.int64)
    chosen = choose(np.random.default_rng(1), board, market, asset, ms, taste)
    assert set(chosen) == {3, 8}
    assert (chosen == 8).mean() == pytest.approx(np.exp(1.5) / (1 + np.exp(1.5)), abs=0.01)


def test_attributes_are_those_of_the_definitions() -> None:
    market = simulate_market(np.random.default_rng(0), 60)
    board, book = make_board(market), market.instruments
    sizes = np.diff(board.first)
    assert sizes.min() > 100
    raw = board.attributes * ATTRIBUTE_SCALE + ATTRIBUTE_MEAN
    kind = book.kind[board.instrument]
    for code, leverage in ((KINDS.index("perpetual"), np.log(50)), (KINDS.index("spot"), 0.0)):
        rows = raw[kind == code]
        assert rows[:, :4] == pytest.approx(np.tile([0.0, leverage, 1.0, 0.0], (len(rows), 1)))
    options = raw[kind == OPTION]
    assert options[:, 0].min() >= 0
    assert options[:, 1].max() <= np.log(100) + 1e-9
    assert 0.3 < options[:, 2].min() < options[:, 2].max() <= 1
    assert options[:, 3].max() < np.log1p(93)

    at = np.array([int(board.instrument[kind == OPTION][0])])
    ms = np.array([market.start_ms + 10 * HOUR_MS])
    quote = market.quote(at, ms)
    vega, leverage, correlation, tenor, liquidity = attributes(market, at, ms, quote)[0]
    years = (book.expires_ms[at[0]] - ms[0]) / (365 * 24 * HOUR_MS)
    assert 0 < vega <= np.sqrt(years / (2 * np.pi)) + 1e-12
    assert leverage == pytest.approx(
        np.log(min(abs(quote.delta[0]) / quote.mark[0], 100.0)), abs=1e-9
    )
    price, spread = 0.8 * quote.volatility[0] * vega, quote.ask[0] - quote.bid[0]
    assert correlation == pytest.approx(
        abs(quote.delta[0])
        * quote.volatility[0]
        / np.hypot(abs(quote.delta[0]) * quote.volatility[0], price)
    )
    assert tenor == pytest.approx(np.log(1 + 365 * years))
    assert liquidity == pytest.approx(-np.log(2 * spread / (quote.ask[0] + quote.bid[0])))


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    runs = [simulate(tmp_path / str(n), traders=150, days=40, seed=3) for n in range(2)]
    for path in sorted(runs[0].out.rglob("*.parquet")):
        other = runs[1].out / path.relative_to(runs[0].out)
        assert path.read_bytes() == other.read_bytes(), path.name
    assert runs[0].rows == runs[1].rows
    other_seed, _, _ = simulate_tables(traders=150, days=40, seed=4)
    assert other_seed["fills"].num_rows != runs[0].rows["fills"]


def test_a_venue_is_replaced_but_nothing_else_is(tmp_path: Path) -> None:
    out = tmp_path / "sample"
    (out / "raw").mkdir(parents=True)
    (out / "raw" / "stale.parquet").touch()
    simulate(out, traders=60, days=30)
    assert not (out / "raw" / "stale.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]
    (out / "notes.txt").touch()
    with pytest.raises(FileExistsError, match="choose another folder"):
        simulate(out, traders=60, days=30)
    with pytest.raises(ValueError, match="40 traders"):
        simulate(tmp_path / "tiny", traders=10, days=30)


def test_implied_volatility_is_above_realised() -> None:
    for seed in range(5):
        market = simulate_market(np.random.default_rng(seed), 180)
        start = WARM_UP_DAYS * 24
        steps_per_year = 365 * 24 * HOUR_MS / STEP_MS
        returns = np.diff(market.log_spot[:, start * HOUR_MS // STEP_MS :], axis=1)
        realised = returns.std(axis=1) * np.sqrt(steps_per_year)
        assert (market.implied_volatility[:, start:].mean(axis=1) > realised).all()


def test_both_regimes_occur_and_stress_is_rarer() -> None:
    stressed = np.mean(
        [simulate_market(np.random.default_rng(seed), 180).regime for seed in range(20)]
    )
    assert (CALM, STRESSED) == (0, 1)
    assert stressed == pytest.approx(0.03 / 0.13, abs=0.08)


def test_black_76_matches_the_golden_value() -> None:
    forward, strike, years = np.array([6e4, 6e4]), np.array([6.5e4, 6.5e4]), np.full(2, 30 / 365)
    value = black_76(forward, strike, years, np.full(2, 0.6), np.array([1, -1]))
    assert value == pytest.approx([2237.868155, 7237.868155], abs=1e-6)


def test_average_cost_of_a_hand_made_history() -> None:
    """Buy 2 at 100 and 2 at 110, sell 1 at 120, then sell 5 at 90: long 3 closed, 2 short open."""
    realized, position, average = average_cost(
        np.zeros(5, dtype=np.int64),
        np.array([2.0, 2.0, -1.0, -5.0, 2.0]),
        np.array([100.0, 110.0, 120.0, 90.0, 80.0]),
    )
    assert realized == pytest.approx([0, 0, 15, -45, 20])
    assert position == pytest.approx([2, 4, 3, -2, 0])
    assert average == pytest.approx([100, 105, 105, 90, 0])


def test_average_cost_of_an_inverse_contract() -> None:
    """1,000 contracts of 10 USD from 50,000 to 62,500 earn 10,000 (1/50,000 - 1/62,500) coin."""
    market = simulate_market(np.random.default_rng(0), 30)
    perpetual = np.array([market.instruments.names.index("BTC-PERPETUAL")] * 2)
    value = market.instruments.value(perpetual, np.array([50_000.0, 62_500.0]))
    realized, _, _ = average_cost(np.zeros(2, dtype=np.int64), np.array([1e3, -1e3]), value)
    assert realized[1] == pytest.approx(10_000 * (1 / 50_000 - 1 / 62_500))
    assert market.instruments.price(perpetual, value) == pytest.approx([50_000.0, 62_500.0])


@given(
    hnp.arrays(np.int64, st.integers(0, 60), elements=st.integers(-5, 5).filter(lambda n: n != 0)),
    st.integers(0, 2**32 - 1),
)
def test_realised_and_open_profit_equal_cash_at_the_last_price(
    quantity: np.ndarray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    group, value = rng.integers(0, 4, len(quantity)), rng.uniform(1, 100, len(quantity))
    realized, position, average = average_cost(group, quantity.astype(float), value)
    for key in np.unique(group):
        rows = np.flatnonzero(group == key)
        mark, last = 50.0, rows[-1]
        cash = -(quantity[rows] * value[rows]).sum() + quantity[rows].sum() * mark
        total = realized[rows].sum() + position[last] * (mark - average[last])
        assert total == pytest.approx(cash, abs=1e-6)
        assert position[last] == quantity[rows].sum()


def test_columns_are_exact_and_keep_unknowns() -> None:
    values = decimals(np.array([0.1, -2.5, np.nan, 98_765_432.12])).to_pylist()
    assert [None if v is None else f"{v.normalize():f}" for v in values] == [
        "0.1",
        "-2.5",
        None,
        "98765432.12",
    ]
    assert identifiers("A", np.array([7, -1]), 3).to_pylist() == ["A007", None]
