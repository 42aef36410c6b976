"""A fitted model as readable rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import pandas as pd

from trader_segments.lifetime_value.activity import fit_activity
from trader_segments.lifetime_value.change import fit_drift
from trader_segments.lifetime_value.histories import EVERYBODY, LEAST_TRADERS, value_groups
from trader_segments.lifetime_value.regime import Regime, fit_regime
from trader_segments.lifetime_value.worth import Worth, fit_worth, predict_worth

ROW_COLUMNS = ("holdout_weeks", "style", "part", "parameter", "value", "trained_traders")


@dataclass(frozen=True)
class ValueModel:
    """All that a forecast needs.

    Attributes
    ----------
    activity : parameters of BG/BB by style, those of all traders under `EVERYBODY`
    worth : of the value of an active week, by style and sign
    regime : of the venue's market
    drift : variance of the logarithm by which traders' value wanders, chance apart
    trained : traders that each style's parameters were fitted on
    """

    activity: Mapping[str, Mapping[str, float]]
    worth: Mapping[tuple[str, str], Worth]
    regime: Regime
    drift: float
    trained: Mapping[str, int]

    @classmethod
    def fit(cls, histories: pd.DataFrame, venue_weeks: pd.DataFrame) -> Self:
        """Fit on histories (`histories.COLUMNS` and `style`) and the venue's weeks before them."""
        groups = value_groups(histories)
        trained = {EVERYBODY: len(histories)}
        trained |= {name: int((groups == name).sum()) for name in sorted(set(groups) - {EVERYBODY})}
        worth = fit_worth(histories, groups)
        noise = predict_worth(worth, histories, groups).noise
        return cls(
            fit_activity(histories, groups),
            worth,
            fit_regime(venue_weeks),
            fit_drift(histories, noise),
            trained,
        )

    @property
    def is_prior(self) -> bool:
        """Whether the venue has so few traders that the prior tells most."""
        return self.trained.get(EVERYBODY, 0) < LEAST_TRADERS

    def rows(self) -> pd.DataFrame:
        """`style` (None: all traders), `part`, `parameter`, `value`, `trained_traders`."""
        found: list[tuple[str, str, str, float, int]] = []
        for style, parameters in self.activity.items():
            for name, value in parameters.items():
                found.append((style, "activity", name, value, self.trained[style]))
        for (style, sign), worth in self.worth.items():
            values = asdict(worth)
            traders = int(values.pop("traders"))
            for name, value in values.items():
                found.append((style, f"worth_{sign}", name, value, traders))
        for name, value in asdict(self.regime).items():
            found.append((EVERYBODY, "regime", name, value, self.trained[EVERYBODY]))
        found.append((EVERYBODY, "drift", "variance", self.drift, self.trained[EVERYBODY]))
        rows = pd.DataFrame(sorted(found), columns=list(ROW_COLUMNS[1:]))
        rows["style"] = rows["style"].where(rows["style"] != EVERYBODY, None).astype("str")
        return rows.astype(
            {"part": "str", "parameter": "str", "value": "float64", "trained_traders": "int64"}
        )

    @classmethod
    def from_rows(cls, rows: pd.DataFrame) -> Self:
        """The model that `rows` wrote down."""
        activity: dict[str, dict[str, float]] = {}
        worth: dict[tuple[str, str], dict[str, Any]] = {}
        venue: dict[str, dict[str, float]] = {"regime": {}, "drift": {}}
        trained: dict[str, int] = {}
        columns = (rows[name].tolist() for name in ROW_COLUMNS[1:])
        for style, part, parameter, value, traders in zip(*columns, strict=True):
            name = style if isinstance(style, str) else EVERYBODY
            if part == "activity":
                activity.setdefault(name, {})[parameter] = value
                trained[name] = traders
            elif part in venue:
                venue[part][parameter] = value
            else:
                key = name, part.removeprefix("worth_")
                worth.setdefault(key, {"traders": traders})[parameter] = value
        return cls(
            activity,
            {key: Worth(**each) for key, each in worth.items()},
            Regime(**venue["regime"]),
            venue["drift"]["variance"],
            trained,
        )


def fit_models(histories: pd.DataFrame, venue_weeks: pd.DataFrame) -> pd.DataFrame:
    """A model for each cut of the histories, as rows.

    Parameters
    ----------
    histories : `holdout_weeks` and what `ValueModel.fit` reads, in a stable order
    venue_weeks : `weeks_ago` and `notional_usd`; a cut sees the weeks before it

    Returns
    -------
    `holdout_weeks` and the rows of the models, those of today (0) even where nobody traded yet
    """
    parts = []
    for cut in sorted({0, *histories["holdout_weeks"].tolist()}):
        before = venue_weeks[venue_weeks["weeks_ago"] >= cut]
        model = ValueModel.fit(histories[histories["holdout_weeks"] == cut], before)
        parts.append(model.rows().assign(holdout_weeks=cut))
    rows = pd.concat(parts, ignore_index=True)[list(ROW_COLUMNS)]
    return rows.astype({"holdout_weeks": "int64"})
