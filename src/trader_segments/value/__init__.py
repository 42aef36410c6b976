"""Customer value: who is still there, how active they will be, and what that is worth.

Estimators in the manner of scikit-learn. Each is fitted on distinct histories with weights, by
maximum likelihood with exact gradients, and raises `NotIdentifiedError` with the cause where the
data cannot tell its parameters. `docs/value.md` says which to use for what.
"""

from trader_segments.value.beta_geo_nbd import BetaGeoNBD
from trader_segments.value.beta_geometric_beta_binomial import BetaGeometricBetaBinomial
from trader_segments.value.errors import NotIdentifiedError
from trader_segments.value.gamma_gamma import GammaGamma
from trader_segments.value.lognormal_value import EVERYBODY, LognormalValue
from trader_segments.value.modified_beta_geo_nbd import ModifiedBetaGeoNBD
from trader_segments.value.pareto_nbd import ParetoNBD
from trader_segments.value.statistics import LogSums, ValueStatistics

__all__ = [
    "EVERYBODY",
    "BetaGeoNBD",
    "BetaGeometricBetaBinomial",
    "GammaGamma",
    "LogSums",
    "LognormalValue",
    "ModifiedBetaGeoNBD",
    "NotIdentifiedError",
    "ParetoNBD",
    "ValueStatistics",
]
