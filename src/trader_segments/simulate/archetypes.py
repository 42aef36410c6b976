"""Parameters of each planted trading style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INSTRUMENT_MIX: Final = ("inverse perpetual", "linear perpetual", "future", "option", "spot")


@dataclass(frozen=True)
class Archetype:
    """Medians of one style; individuals vary lognormally around them.

    Attributes
    ----------
    share
        Share of the population.
    ticket_usd, ticket_spread
        Median notional of one trade in USD and the standard deviation of its logarithm.
    sessions_per_week, trades_per_session
        How often a trader sits down, and trades opened per sitting.
    hold_hours
        Median time from opening to closing a trade.
    maker_share
        Probability that an order rests in the book.
    fills_per_order
        Mean executions per order.
    taste
        Mean part-worths of the standardised attributes (`tastes.ATTRIBUTES`) by which instruments
        are chosen; `taste_spread` scales how far traders differ (`tastes.HETEROGENEITY`).
    mix
        Weights over `INSTRUMENT_MIX`, for styles whose business, not taste, sets the instrument.
    structures
        Probability that an option trade is one of `structures.STRATEGIES`, in their order.
    buys_options
        Probability that an option trade opens with a purchase.
    attention_exponent
        Elasticity of activity to the day's volatility.
    weekend_factor
        Weekend activity relative to weekdays.
    api_share
        Probability that the trader connects by API.
    leverage, equity_tickets
        Peak notional over equity, and the tickets that equity must carry besides open positions.
    unfilled_per_order, amend_share
        Orders cancelled unfilled per executed order, as sampled by the venue, and the share of
        resting orders that are amended.
    quote_seconds
        Mean time that an order rests before it trades or is cancelled.
    deep_share
        Share of unfilled orders that lie far behind the best price.
    skill
        Excess over one half of the probability that a trade's direction is right.
    execution_minutes
        Median time to work one order.
    entity_share
        Probability that the customer is a legal entity.
    maker_fee_bps, taker_fee_bps, option_maker_fee
        Fees of delta-one notional in basis points, and of a resting option order in coin per coin.
    round_the_clock
        Trades at any time of day rather than around a habitual hour.
    flat_by_night
        Closes every trade before the UTC day ends.
    """

    name: str
    share: float
    ticket_usd: float
    ticket_spread: float
    sessions_per_week: float
    trades_per_session: float
    hold_hours: float
    maker_share: float
    fills_per_order: float
    taste: tuple[float, float, float, float, float] | None = None
    taste_spread: float = 1.0
    mix: tuple[float, float, float, float, float] | None = None
    structures: tuple[float, ...] = ()
    buys_options: float = 0.5
    attention_exponent: float = 0.8
    weekend_factor: float = 0.7
    api_share: float = 0.1
    leverage: float = 2.0
    equity_tickets: float = 1.0
    unfilled_per_order: float = 0.1
    amend_share: float = 0.15
    quote_seconds: float = 300.0
    deep_share: float = 0.25
    skill: float = 0.0
    execution_minutes: float = 0.05
    entity_share: float = 0.05
    maker_fee_bps: float = 1.0
    taker_fee_bps: float = 5.0
    option_maker_fee: float = 0.0003
    round_the_clock: bool = False
    flat_by_night: bool = False


ARCHETYPES: Final = (
    Archetype(
        "market_maker",
        share=0.007,
        ticket_usd=15_000,
        ticket_spread=0.6,
        sessions_per_week=6.8,
        trades_per_session=30,
        hold_hours=0.4,
        maker_share=0.94,
        fills_per_order=1.15,
        mix=(0.35, 0.15, 0.1, 0.4, 0.0),
        attention_exponent=0.5,
        weekend_factor=0.85,
        api_share=1.0,
        leverage=4.0,
        equity_tickets=80,
        unfilled_per_order=2.0,
        amend_share=0.5,
        quote_seconds=4.0,
        deep_share=0.05,
        entity_share=0.9,
        maker_fee_bps=-1.0,
        taker_fee_bps=3.0,
        option_maker_fee=-0.0001,
        round_the_clock=True,
        flat_by_night=True,
    ),
    Archetype(
        "high_frequency_taker",
        share=0.007,
        ticket_usd=8_000,
        ticket_spread=0.6,
        sessions_per_week=6.0,
        trades_per_session=25,
        hold_hours=0.05,
        maker_share=0.12,
        fills_per_order=1.3,
        taste=(-1.6, 1.4, 0.6, -0.6, 0.6),
        taste_spread=0.4,
        attention_exponent=1.0,
        weekend_factor=0.8,
        api_share=1.0,
        leverage=5.0,
        equity_tickets=60,
        unfilled_per_order=0.3,
        quote_seconds=2.0,
        deep_share=0.0,
        skill=0.3,
        execution_minutes=0.01,
        entity_share=0.8,
        maker_fee_bps=0.0,
        taker_fee_bps=1.5,
        round_the_clock=True,
        flat_by_night=True,
    ),
    Archetype(
        "volatility_seller",
        share=0.05,
        ticket_usd=25_000,
        ticket_spread=0.9,
        sessions_per_week=2.6,
        trades_per_session=2.0,
        hold_hours=120,
        maker_share=0.6,
        fills_per_order=1.5,
        taste=(1.6, 0.8, -0.7, -1.7, -1.4),
        taste_spread=0.7,
        structures=(0.1, 0.2, 0.08, 0.05, 0.03, 0.02, 0.07, 0.15),
        buys_options=0.08,
        attention_exponent=0.6,
        weekend_factor=0.4,
        api_share=0.3,
        entity_share=0.25,
        leverage=1.5,
    ),
    Archetype(
        "volatility_buyer",
        share=0.05,
        ticket_usd=12_000,
        ticket_spread=0.9,
        sessions_per_week=2.0,
        trades_per_session=1.7,
        hold_hours=96,
        maker_share=0.3,
        fills_per_order=1.4,
        taste=(1.4, 1.1, -0.9, -1.9, -1.6),
        taste_spread=0.7,
        structures=(0.12, 0.12, 0.1, 0.05, 0.03, 0.04, 0.0, 0.15),
        buys_options=0.92,
        attention_exponent=1.0,
        weekend_factor=0.6,
    ),
    Archetype(
        "hedger",
        share=0.04,
        ticket_usd=150_000,
        ticket_spread=1.0,
        sessions_per_week=1.0,
        trades_per_session=1.2,
        hold_hours=300,
        maker_share=0.5,
        fills_per_order=4.0,
        mix=(0.5, 0.0, 0.5, 0.0, 0.0),
        attention_exponent=0.4,
        weekend_factor=0.2,
        entity_share=0.5,
        leverage=1.0,
        execution_minutes=30,
    ),
    Archetype(
        "basis_arbitrageur",
        share=0.03,
        ticket_usd=60_000,
        ticket_spread=0.8,
        sessions_per_week=1.4,
        trades_per_session=1.3,
        hold_hours=240,
        maker_share=0.55,
        fills_per_order=3.0,
        mix=(0.5, 0.1, 0.4, 0.0, 0.0),
        attention_exponent=0.3,
        weekend_factor=0.3,
        api_share=0.6,
        entity_share=0.45,
        leverage=1.5,
        execution_minutes=2,
    ),
    Archetype(
        "leveraged_directional",
        share=0.09,
        ticket_usd=8_000,
        ticket_spread=1.0,
        sessions_per_week=3.6,
        trades_per_session=2.0,
        hold_hours=9,
        maker_share=0.15,
        fills_per_order=1.4,
        taste=(-1.4, 1.7, 0.9, -1.3, -0.2),
        taste_spread=0.8,
        buys_options=0.8,
        attention_exponent=1.2,
        weekend_factor=0.9,
        leverage=18.0,
        skill=-0.02,
    ),
    Archetype(
        "position_trader",
        share=0.05,
        ticket_usd=120_000,
        ticket_spread=0.9,
        sessions_per_week=0.5,
        trades_per_session=1.2,
        hold_hours=24 * 28,
        maker_share=0.5,
        fills_per_order=5.0,
        taste=(-2.2, 0.1, 1.1, 0.1, 0.3),
        taste_spread=0.7,
        structures=(0.0, 0.0, 0.1, 0.05, 0.0, 0.15, 0.3, 0.0),
        buys_options=0.6,
        attention_exponent=0.4,
        weekend_factor=0.4,
        entity_share=0.2,
        leverage=2.0,
        skill=0.02,
        execution_minutes=60,
    ),
    Archetype(
        "opportunistic",
        share=0.156,
        ticket_usd=2_500,
        ticket_spread=0.9,
        sessions_per_week=1.6,
        trades_per_session=2.0,
        hold_hours=20,
        maker_share=0.35,
        fills_per_order=1.4,
        taste=(-0.1, 0.4, 0.0, -1.1, -0.5),
        structures=(0.04, 0.04, 0.08, 0.03, 0.03, 0.05, 0.08, 0.0),
        buys_options=0.65,
        attention_exponent=2.5,
        weekend_factor=0.8,
        leverage=3.0,
    ),
    Archetype(
        "small",
        share=0.38,
        ticket_usd=45,
        ticket_spread=0.6,
        sessions_per_week=0.6,
        trades_per_session=1.4,
        hold_hours=48,
        maker_share=0.25,
        fills_per_order=1.05,
        taste=(0.0, 0.0, 0.1, -1.3, -0.5),
        buys_options=0.85,
        attention_exponent=1.0,
        weekend_factor=1.1,
        api_share=0.02,
        leverage=2.0,
        entity_share=0.0,
        skill=-0.02,
    ),
    Archetype(
        "dormant",
        share=0.14,
        ticket_usd=300,
        ticket_spread=1.2,
        sessions_per_week=1.3,
        trades_per_session=1.6,
        hold_hours=24,
        maker_share=0.25,
        fills_per_order=1.2,
        taste=(0.0, 0.1, 0.1, -1.2, -0.5),
        buys_options=0.75,
        attention_exponent=1.0,
        weekend_factor=1.0,
        api_share=0.03,
        leverage=3.0,
        entity_share=0.0,
        skill=-0.02,
    ),
)

NAMES: Final = tuple(archetype.name for archetype in ARCHETYPES)
