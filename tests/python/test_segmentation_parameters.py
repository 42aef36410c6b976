"""The parameter tables say what the model does, number for number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from test_segmentation_population import SEEDS, SPECS, draw_population
from trader_segments.segmentation import SegmentationModel, fit, parameter_table, rule_table

RULES = pd.read_csv(SEEDS / "style_rules.csv")
STYLES = pd.read_csv(SEEDS / "styles.csv")


@pytest.fixture(scope="module")
def model() -> SegmentationModel:
    features, _ = draw_population(1500, 0)
    return fit(features, SPECS, RULES, styles=STYLES)


def _affine(model: SegmentationModel, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (k, n_inputs) and intercepts (k,) of one kind."""
    rows = parameter_table(model).query("kind == @kind")
    names = [scale.name for scale in model.inputs]
    weights = rows[rows["parameter"] == "coefficient"].pivot_table("value", "position", "feature")
    intercepts = rows[rows["parameter"] == "intercept"].set_index("position")["value"]
    return weights.reindex(columns=names).fillna(0.0).to_numpy(), intercepts.to_numpy()


def test_styles_are_stored_bit_for_bit(model: SegmentationModel) -> None:
    assert model.lda is not None
    coefficients, intercepts = _affine(model, "style")
    assert np.array_equal(coefficients, model.lda.coefficients)
    assert np.array_equal(intercepts, model.lda.intercepts)


def test_distance_is_a_length_and_a_linear_part(model: SegmentationModel) -> None:
    spread = model.spread
    assert spread is not None
    inputs = np.random.default_rng(0).standard_normal((len(model.inputs), 50))
    whitening, _ = _affine(model, "whitening")
    coefficients, intercepts = _affine(model, "spread")
    lengths = ((whitening @ inputs) ** 2).sum(axis=0)
    found = lengths / spread.widths[:, None] + coefficients @ inputs + intercepts[:, None]
    np.testing.assert_allclose(found, spread.distances(inputs), rtol=1e-9, atol=1e-9)


def test_key_is_unique_and_no_value_is_unknown(model: SegmentationModel) -> None:
    table = parameter_table(model)
    assert not table.duplicated(["kind", "position", "feature", "parameter"]).any()
    assert np.isfinite(table["value"]).all()


def test_rules_keep_their_order_and_conditions(model: SegmentationModel) -> None:
    rules = rule_table(replace(model, rule_styles=("hedger",)))
    assert rules["rule_id"].drop_duplicates().tolist() == [r.rule_id for r in model.rules.rules]
    assert (rules.groupby("rule_id")["conditions"].transform("size") == rules["conditions"]).all()
    assert set(rules["style"][rules["is_rare"]]) == {"hedger"}
    assert set(rules["style"][rules["is_definition"]]) == {"dormant"}


def test_tables_of_a_model_without_anything_are_typed(model: SegmentationModel) -> None:
    nothing = replace(
        model, inputs=(), lda=None, spread=None, micro_segments=(),
        rules=replace(model.rules, rules=()),
    )  # fmt: skip
    for table, full in ((parameter_table, parameter_table(model)), (rule_table, rule_table(model))):
        empty = table(nothing)
        assert empty.empty
        assert empty.dtypes.equals(full.dtypes)
