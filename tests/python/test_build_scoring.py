"""SQL scores every trader as the Python reference does, and as scikit-learn does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from test_segmentation_population import SEEDS, draw_population
from trader_segments.segmentation import (
    SegmentationModel,
    champion,
    fit,
    parameter_table,
    rule_table,
    score,
)
from trader_segments.segmentation.micro import MicroSegments
from trader_segments.segmentation.reference import scale_inputs
from trader_segments.segmentation.scoring import SMALLEST_POSTERIOR
from trader_segments.segmentation.surrogate import Description
from trader_segments.segmentation.table import FeatureTable
from warehouse_builds import Home, must, registered_features

pytestmark = pytest.mark.slow

RULES = pd.read_csv(SEEDS / "style_rules.csv")
STYLES = pd.read_csv(SEEDS / "styles.csv")
SPECS = list(registered_features().values())
MODELS = (
    "int_segmentation_components",
    "int_trader_inputs",
    "int_trader_ruled_styles",
    "int_trader_style_posteriors",
    "int_trader_outliers",
    "int_trader_micro_segments",
    "trader_style_posteriors",
    "trader_style_scores",
)
"""The models that score, each after those it reads."""

POSTERIORS = "int_trader_style_posteriors"


def compiled(home: Home, name: str) -> str:
    """What dbt last compiled a model of the segmentation to."""
    folder = home.path / "target/compiled/trader_segments/models/segmentation"
    return (folder / f"{name}.sql").read_text(encoding="utf-8")


def assert_scores_are_those_of_python(warehouse: Path) -> None:
    """Styles, probabilities, micro-segments and outliers are the reference implementation's.

    Posteriors agree to 1e-9; a row may be missing on one side only at the bound of what is kept.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        _, model = champion(connection.sql("from segmentation_fits").df())
        features = connection.sql("from trader_features order by trader_id").df()
        traders = connection.sql("from trader_style_scores order by trader_id").df()
        posteriors = connection.sql("from trader_style_posteriors").df()
    expected = score(model, features)
    for column in ("trader_id", "style", "micro_segment_id", "top_reasons"):
        ours, theirs = (
            frame[column].astype(object).where(frame[column].notna(), None)
            for frame in (traders, expected.traders)
        )
        assert ours.tolist() == theirs.tolist(), column
    assert traders["is_outlier"].tolist() == expected.traders["is_outlier"].tolist()
    np.testing.assert_allclose(
        traders["style_probability"], expected.traders["style_probability"], rtol=0, atol=1e-9
    )
    both = posteriors.merge(expected.posteriors, "outer", ["trader_id", "style"])
    gap = (both["posterior_x"] - both["posterior_y"]).abs()
    at_bound = (both["posterior_x"].fillna(both["posterior_y"]) - SMALLEST_POSTERIOR).abs()
    assert (gap.fillna(at_bound) <= 1e-9).all()


def planted(n: int, seed: int) -> pd.DataFrame:
    """A population with every registered column; what it does not plant is unknown."""
    features, _ = draw_population(n, seed)
    return features.reindex(columns=["trader_id", *registered_features()])


@dataclass(frozen=True)
class Scorer:
    """The compiled SQL of the models that score, to be run on any traders and any champion.

    `posteriors` has that of the model that is written for the champion's components, by them.
    """

    home: Home
    queries: dict[str, str]
    posteriors: dict[str, str] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        return self.home.warehouse

    def run(
        self, model: SegmentationModel, features: pd.DataFrame, threads: int = 2
    ) -> pd.DataFrame:
        """Build the models and return the posteriors in order."""
        scores = score(model, features).traders
        inputs = {
            "segmentation_fits": pd.DataFrame(
                {"model_version": ["v1"], "status": ["champion"], "parameters": [model.to_json()]}
            ),
            "segmentation_parameters": parameter_table(model),
            "segmentation_rules": rule_table(model),
            "axis_rules": pd.read_csv(SEEDS / "axis_rules.csv"),
            "trader_style_reasons": scores[["trader_id", "top_reasons"]],
        }
        columns = ", ".join(
            f"cast({name} as {column['data_type']}) as {name}"
            for name, column in registered_features().items()
        )
        with duckdb.connect(str(self.warehouse), config={"threads": threads}) as connection:
            for name, frame in {**inputs, "features": features}.items():
                connection.register(f"given_{name}", frame)
            for name in inputs:
                connection.execute(f"create or replace table {name} as from given_{name}")
            connection.execute(
                "create or replace table trader_features as "
                f"select trader_id, {columns} from given_features"
            )
            components = self.queries["int_segmentation_components"]
            connection.execute(
                f"create or replace table int_segmentation_components as {components}"
            )
        written = {**self.queries, POSTERIORS: self._posteriors_of_the_champion()}
        with duckdb.connect(str(self.warehouse), config={"threads": threads}) as connection:
            for name, query in written.items():
                connection.execute(f"create or replace table {name} as {query}")
            posteriors: pd.DataFrame = connection.sql(
                "from trader_style_posteriors order by trader_id, style"
            ).df()
        return posteriors

    def _posteriors_of_the_champion(self) -> str:
        (components,) = self.query(
            "select cast(list((position, style) order by position) as varchar) "
            "from int_segmentation_components where kind = 'style'"
        )
        if components not in self.posteriors:
            must(self.home.dbt("compile", "-s", POSTERIORS))
            self.posteriors[components] = compiled(self.home, POSTERIORS)
        return self.posteriors[components]

    def query(self, sql: str) -> tuple[Any, ...]:
        """The first row of an answer."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows[0]


@pytest.fixture(scope="module")
def scorer(
    tmp_path_factory: pytest.TempPathFactory, bare_project: Path, small_venue: Path
) -> Scorer:
    home = Home(tmp_path_factory.mktemp("scoring"), small_venue, project=bare_project)
    home.warehouse.parent.mkdir()
    must(home.dbt("compile", "-s", *MODELS))
    return Scorer(home, {name: compiled(home, name) for name in MODELS})


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return planted(3000, 0)


@pytest.fixture(scope="module")
def model(features: pd.DataFrame) -> SegmentationModel:
    return fit(features, SPECS, RULES, styles=STYLES)


def test_posteriors_are_those_of_python_and_of_scikit_learn(
    scorer: Scorer, model: SegmentationModel, features: pd.DataFrame
) -> None:
    found = scorer.run(model, features)
    assert_scores_are_those_of_python(scorer.warehouse)
    lda = model.lda
    assert lda is not None
    reference = LinearDiscriminantAnalysis()
    reference.coef_, reference.intercept_ = lda.coefficients, lda.intercepts
    reference.classes_ = np.arange(len(lda.labels))
    table = FeatureTable.from_frame(features, model.feature_names)
    components = pd.DataFrame(
        reference.predict_proba(scale_inputs(table, model.inputs).winsorised.T),
        columns=list(lda.labels),
    )
    expected = components.T.groupby(level=0).sum().T.assign(trader_id=features["trader_id"])
    is_ruled = model.rules.definitions(table)[0]
    learned = found[~found["trader_id"].isin(features["trader_id"][is_ruled])]
    assert learned["trader_id"].nunique() > 2000
    compared = learned.merge(
        expected.melt("trader_id", var_name="style", value_name="expected"), "left"
    )
    np.testing.assert_allclose(compared["posterior"], compared["expected"], rtol=0, atol=1e-9)


def test_scores_are_the_same_on_one_thread(
    scorer: Scorer, model: SegmentationModel, features: pd.DataFrame
) -> None:
    first = scorer.run(model, features)
    shuffled = features.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(scorer.run(model, shuffled, threads=1), first, check_exact=True)


def test_unknown_values_outliers_and_micro_segments_score_alike(
    scorer: Scorer, model: SegmentationModel, features: pd.DataFrame
) -> None:
    rng = np.random.default_rng(3)
    holed = features.mask(rng.random(features.shape) < rng.random((len(features), 1)))
    holed["trader_id"] = features["trader_id"]
    holed.loc[holed.index[::50], "median_ticket_usd"] = 1e12
    assert model.lda is not None
    halves = replace(
        model.lda,
        labels=("opportunistic__a", "opportunistic__b"),
        means=model.lda.means[:2],
        coefficients=model.lda.coefficients[:2],
        intercepts=model.lda.intercepts[:2],
    )
    untold = Description((), "", 0.0, 0.0)
    micro = MicroSegments(
        "opportunistic", halves, halves.means, np.ones(2), ("one", "other"), (untold, untold)
    )
    scorer.run(replace(model, micro_segments=(micro,)), holed)
    assert_scores_are_those_of_python(scorer.warehouse)
    outliers, micro_segments, unknown = scorer.query(
        """
        select count(*) filter (is_outlier), count(distinct micro_segment_id),
            count(*) filter (style_probability is null)
        from trader_style_scores
        """
    )
    assert outliers >= 20
    assert micro_segments == 2
    assert unknown >= 100


def test_rare_styles_are_decided_by_their_rules(
    scorer: Scorer, model: SegmentationModel, features: pd.DataFrame
) -> None:
    rare = replace(model, rule_styles=("market_maker", "hedger"))
    scorer.run(rare, features)
    assert_scores_are_those_of_python(scorer.warehouse)
    flat = replace(rare, rules=replace(rare.rules, priority={}))
    scorer.run(flat, features)
    assert_scores_are_those_of_python(scorer.warehouse)


def test_a_venue_without_a_discriminant_is_decided_by_rules(
    scorer: Scorer, features: pd.DataFrame
) -> None:
    few = features.head(20)
    model = fit(few, SPECS, RULES, styles=STYLES)
    assert model.lda is None
    scorer.run(model, few)
    assert_scores_are_those_of_python(scorer.warehouse)
