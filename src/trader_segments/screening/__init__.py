"""Sanctions screening: lists in, hits out, each with its reasons."""

from trader_segments.screening.build import nobody_screened, screen_all
from trader_segments.screening.lists import ListError, SanctionsList, read_list
from trader_segments.screening.screen import (
    DEFAULT_THRESHOLD,
    HIT_COLUMNS,
    WALLET_HIT_COLUMNS,
    match_id,
    screen,
    screen_wallets,
)
from trader_segments.screening.store import (
    Lists,
    StoreError,
    list_names,
    list_wallets,
    read_lists,
    store_list,
)

__all__ = [
    "DEFAULT_THRESHOLD",
    "HIT_COLUMNS",
    "WALLET_HIT_COLUMNS",
    "ListError",
    "Lists",
    "SanctionsList",
    "StoreError",
    "list_names",
    "list_wallets",
    "match_id",
    "nobody_screened",
    "read_list",
    "read_lists",
    "screen",
    "screen_all",
    "screen_wallets",
    "store_list",
]
