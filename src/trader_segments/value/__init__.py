"""Customer value: who is still there, how active they will be, and what that is worth.

Estimators in the manner of scikit-learn. All fit by maximum likelihood on distinct histories with
weights, and raise `NotIdentifiedError` where the data cannot tell the parameters.

>>> from trader_segments.value import BetaGeometricBetaBinomial
>>> model = BetaGeometricBetaBinomial().fit(frequency, recency, periods)  # doctest: +SKIP
>>> model.predict(26, frequency, recency, periods)  # doctest: +SKIP
"""

from trader_segments.value.beta_geometric_beta_binomial import BetaGeometricBetaBinomial
from trader_segments.value.errors import NotIdentifiedError
from trader_segments.value.lognormal_value import EVERYBODY, LognormalValue
from trader_segments.value.statistics import LogSums, ValueStatistics

__all__ = [
    "EVERYBODY",
    "BetaGeometricBetaBinomial",
    "LogSums",
    "LognormalValue",
    "NotIdentifiedError",
    "ValueStatistics",
]
