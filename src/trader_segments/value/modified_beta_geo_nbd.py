"""MBG/NBD: a customer may leave after each transaction, the first included.

Batislam, Denizel and Filiztekin (2007), "Empirical validation and comparison of models for customer
base analysis", International Journal of Research in Marketing 24(3). In the BG/NBD a customer
without a repeat transaction is there for ever; here they may have left at once.
"""

from __future__ import annotations

from typing import ClassVar

from trader_segments.value.beta_geo_nbd import BetaGeoNBD


class ModifiedBetaGeoNBD(BetaGeoNBD):
    """MBG/NBD; parameters are named `r`, `alpha` (a time), `a`, `b`."""

    CHANCES_BEFORE_REPEATS: ClassVar[int] = 1
