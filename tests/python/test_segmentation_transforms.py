"""Transforms keep order and stay finite; the reference says why an input cannot be used."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_segments.segmentation.reference import InputScale, fit_scale, scale_inputs
from trader_segments.segmentation.table import FeatureTable, rounded, to_float64
from trader_segments.segmentation.transforms import BOUNDS, TRANSFORMS, transform_feature


def _table(**columns: object) -> FeatureTable:
    frame = pd.DataFrame(columns)
    frame.insert(0, "trader_id", [f"t{row}" for row in range(len(frame))])
    return FeatureTable.from_frame(frame, columns)


@given(
    st.sampled_from(sorted(TRANSFORMS)),
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30),
    st.integers(0, 10**9),
)
def test_transforms_are_finite_and_monotone(
    transform: str, positions: list[float], count: int
) -> None:
    low, high = BOUNDS.get(transform, (-1e15, 1e15))
    low, high = max(low, -1e15), min(high, 1e15)
    values = np.sort(low + np.array(positions) * (high - low))
    for counts in (None, np.full(len(values), float(count))):
        result = TRANSFORMS[transform](values, counts)
        assert np.isfinite(result).all()
        assert (np.diff(result) >= -1e-9 * np.maximum(1.0, np.abs(result[1:]))).all()


def test_shares_of_few_observations_are_pulled_to_the_middle() -> None:
    logit = TRANSFORMS["logit"]
    assert logit(np.array([1.0]), np.array([1.0]))[0] == pytest.approx(np.log(1.5 / 0.5))
    assert logit(np.array([1.0]), np.array([100.0]))[0] == pytest.approx(np.log(100.5 / 0.5))
    assert logit(np.array([0.5]), np.array([7.0]))[0] == 0.0
    assert TRANSFORMS["fisher_z"](np.array([0.5]), np.array([1e12]))[0] == pytest.approx(
        np.arctanh(0.5)
    )
    assert TRANSFORMS["asinh"](np.array([-30.0]), None)[0] == pytest.approx(np.arcsinh(-3.0))
    assert TRANSFORMS["identity"](np.array([2.0]), np.array([300.0]))[0] == pytest.approx(
        2.0 * np.sqrt(0.75)
    )


def test_values_outside_a_domain_name_the_feature() -> None:
    with pytest.raises(ValueError, match=r"maker_share holds 1\.2, outside logit"):
        transform_feature(_table(maker_share=[0.2, 1.2]), "maker_share", "logit", None)
    with pytest.raises(ValueError, match="holding_days holds -1"):
        transform_feature(_table(holding_days=[-1.0]), "holding_days", "log1p", None)
    with pytest.raises(ValueError, match="unknown transform sqrt"):
        transform_feature(_table(holding_days=[1.0]), "holding_days", "sqrt", None)


def test_columns_of_any_kind_become_float64() -> None:
    expected = np.array([1.5, np.nan, 2.0])
    for column in (
        pd.Series([Decimal("1.5"), None, Decimal("2")]),
        pd.Series([1.5, None, 2.0]),
        pd.Series([1.5, None, 2.0], dtype="Float64"),
        pd.Series([1.5, None, 2], dtype=object),
    ):
        np.testing.assert_array_equal(to_float64(column, "x"), expected)
    assert np.isnan(to_float64(pd.Series([None, None]), "x")).all()
    np.testing.assert_array_equal(to_float64(pd.Series([3, 4]), "x"), [3.0, 4.0])
    with pytest.raises(ValueError, match="feature x holds an infinite value"):
        to_float64(pd.Series([1.0, np.inf]), "x")
    with pytest.raises(ValueError, match="feature x holds a value that is no number"):
        to_float64(pd.Series(["much", 1], dtype=object), "x")


def test_trader_ids_must_be_known_and_unique() -> None:
    with pytest.raises(ValueError, match="trader_id b appears more than once"):
        FeatureTable.from_frame(pd.DataFrame({"trader_id": ["a", "b", "b"]}), [])
    with pytest.raises(ValueError, match="trader_id holds a NULL"):
        FeatureTable.from_frame(pd.DataFrame({"trader_id": ["a", None]}), [])


def test_reference_is_median_and_interquartile_range_between_winsor_bounds() -> None:
    values = np.arange(1001.0)
    spec = {"name": "x", "transform": "identity", "count": None}
    scale = fit_scale(_table(x=values), spec)
    assert isinstance(scale, InputScale)
    assert (scale.lower, scale.centre, scale.upper) == (5.0, 500.0, 995.0)
    assert scale.scale == pytest.approx(500.0 / 1.3489795)
    scaled = scale_inputs(_table(x=[500.0, 1e9, None]), [scale])
    assert scaled.winsorised[0].tolist() == [0.0, pytest.approx(495.0 / scale.scale), 0.0]
    assert scaled.raw[0, 1] > 1e6
    assert scaled.observed[0].tolist() == [True, True, False]


def test_reference_refuses_what_carries_no_information() -> None:
    spec = {"name": "x", "transform": "identity", "count": None}
    assert fit_scale(_table(x=[2.0, 2.0, None]), spec) == "all traders have the same value"
    assert fit_scale(_table(x=[None, None]), spec) == "no trader has a value"
    assert fit_scale(_table(y=[1.0]), spec) == "no trader has a value"
    mostly_zero = fit_scale(_table(x=[0.0] * 90 + [1.0] * 10), spec)
    assert isinstance(mostly_zero, InputScale)
    assert mostly_zero.scale == pytest.approx(0.3)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_rounded_numbers_survive_their_text(values: list[float]) -> None:
    once = rounded(values)
    assert rounded(once).tolist() == once.tolist()
    np.testing.assert_allclose(once, values, rtol=1e-11)
