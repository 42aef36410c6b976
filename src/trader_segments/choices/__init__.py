"""Shares that segments are expected to give to an instrument, from what their choices reveal."""

from trader_segments.choices.backtest import choice_backtest, choice_quality, model_error
from trader_segments.choices.instruments import (
    Instrument,
    InstrumentError,
    Settings,
    class_in_words,
    read_instruments,
)
from trader_segments.choices.shares import Market, Offer, interval, segment_shares
from trader_segments.choices.what_if import Venue, VenueError, hypothetical_shares, read_venue

__all__ = [
    "Instrument",
    "InstrumentError",
    "Market",
    "Offer",
    "Settings",
    "Venue",
    "VenueError",
    "choice_backtest",
    "choice_quality",
    "class_in_words",
    "hypothetical_shares",
    "interval",
    "model_error",
    "read_instruments",
    "read_venue",
    "segment_shares",
]
