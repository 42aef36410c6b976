"""What the models have in common: a likelihood per cell, its maximum, stored parameters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from trader_segments.value.cells import Cells, FloatArray
from trader_segments.value.fitting import Objective, maximise

Likelihood = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Parameters (p,) to log-likelihoods (n_cells,) and their gradients (p, n_cells) in log-parameters.
"""

SCREENED_CELLS = 2_000
"""Cells on which the starts compete; the best goes on with all."""


class FittedModel(BaseEstimator):  # type: ignore[misc]
    """A model with positive parameters.

    Attributes
    ----------
    parameters_ : the fitted parameters by name, in units of the data
    standard_errors_ : of each, from the observed information; absent where parameters were stored
    log_likelihood_ : of the data it was fitted on; absent where parameters were stored
    """

    MEANINGS: ClassVar[Mapping[str, str]]
    """Names of the parameters, and what each stands for."""

    STARTS: ClassVar[Sequence[Sequence[float]]]
    """Parameters from which the fit starts, on scaled inputs."""

    parameters_: dict[str, float]
    standard_errors_: dict[str, float]
    log_likelihood_: float

    @classmethod
    def from_parameters(cls, **parameters: float) -> Self:
        """A model as it was fitted before.

        Raises
        ------
        ValueError
            If a parameter is missing, unknown or not positive.
        """
        if set(parameters) != set(cls.MEANINGS):
            raise ValueError(f"{cls.__name__} has the parameters {', '.join(cls.MEANINGS)}")
        if not all(np.isfinite(value) and value > 0.0 for value in parameters.values()):
            raise ValueError(f"{cls.__name__}: parameters must be positive: {parameters}")
        model = cls()
        model.parameters_ = {name: float(parameters[name]) for name in cls.MEANINGS}
        return model

    @abstractmethod
    def _likelihood(self, cells: Cells) -> Likelihood:
        """The likelihood of these cells."""

    def _values(self) -> FloatArray:
        """The parameters, (p,).

        Raises
        ------
        ValueError
            If there are none yet.
        """
        if not hasattr(self, "parameters_"):
            raise ValueError(f"{type(self).__name__} is not fitted")
        return np.array([self.parameters_[name] for name in self.MEANINGS])

    def _maximise(self, cells: Cells, units: FloatArray, constant: float = 0.0) -> None:
        """Fit on cells.

        Parameters
        ----------
        cells : scaled
        units : (p,) what turns parameters of scaled cells into those of the data
        constant : what the log-likelihood of the data has more than that of scaled cells
        """
        objective = mean_objective(self._likelihood(cells), cells)
        screen = objective
        if len(cells.weights) > 2 * SCREENED_CELLS:
            some = cells.thinned(SCREENED_CELLS)
            screen = mean_objective(self._likelihood(some), some)
        end = maximise(
            type(self).__name__, objective, screen, self.STARTS, cells.total, self.MEANINGS
        )
        values = np.exp(end.log_parameters) * units
        errors = values * np.sqrt(np.diag(end.covariance))
        self.parameters_ = dict(zip(self.MEANINGS, values.tolist(), strict=True))
        self.standard_errors_ = dict(zip(self.MEANINGS, errors.tolist(), strict=True))
        self.log_likelihood_ = end.value * cells.total + constant


def mean_objective(likelihood: Likelihood, cells: Cells) -> Objective:
    """The weighted mean of a likelihood and its gradient, in log-parameters.

    Added up by NumPy and not by BLAS, whose sums depend on the number of threads.
    """
    shares = cells.weights / cells.total

    def objective(log_parameters: FloatArray) -> tuple[float, FloatArray]:
        logs, gradients = likelihood(np.exp(log_parameters))
        return float(np.sum(logs * shares)), np.sum(gradients * shares, axis=1)

    return objective
