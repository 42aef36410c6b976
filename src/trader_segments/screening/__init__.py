"""Sanctions screening: lists in, hits out, each with its reasons."""

from trader_segments.screening.lists import ListError, SanctionsList, read_list
from trader_segments.screening.screen import (
    DEFAULT_THRESHOLD,
    HIT_COLUMNS,
    WALLET_HIT_COLUMNS,
    match_id,
    screen,
    screen_wallets,
)
from trader_segments.screening.store import StoreError, list_names, list_wallets, store_list

__all__ = [
    "DEFAULT_THRESHOLD",
    "HIT_COLUMNS",
    "WALLET_HIT_COLUMNS",
    "ListError",
    "SanctionsList",
    "StoreError",
    "list_names",
    "list_wallets",
    "match_id",
    "read_list",
    "screen",
    "screen_wallets",
    "store_list",
]
