"""One model, whatever the row order, the storage or the poverty of the venue."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from test_segmentation_population import SEEDS, SPECS, TRANSFORMS, draw_population
from trader_segments.segmentation import (
    SegmentationModel,
    fit,
    fitting,
    measure_quality,
    score,
    scoring,
)

RULES = pd.read_csv(SEEDS / "style_rules.csv")
STYLES = pd.read_csv(SEEDS / "styles.csv")
FEATURES, TRUTH = draw_population(1500, 0)


@pytest.fixture(scope="module")
def model() -> SegmentationModel:
    return fit(FEATURES, SPECS, RULES, styles=STYLES)


def test_json_round_trip_is_bit_equal(model: SegmentationModel) -> None:
    text = model.to_json()
    stored = SegmentationModel.from_json(text)
    assert stored.to_json() == text
    assert list(json.loads(text)) == sorted(json.loads(text))
    ours, theirs = score(model, FEATURES), score(stored, FEATURES)
    pd.testing.assert_frame_equal(ours.traders, theirs.traders, check_exact=True)
    pd.testing.assert_frame_equal(ours.posteriors, theirs.posteriors, check_exact=True)


def test_text_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no segmentation model"):
        SegmentationModel.from_json('{"format": 0}')
    with pytest.raises(ValueError, match="no segmentation model"):
        SegmentationModel.from_json("[]")


@pytest.mark.parametrize("seed", range(2))
def test_row_order_changes_nothing(model: SegmentationModel, seed: int) -> None:
    shuffled = FEATURES.sample(frac=1.0, random_state=seed)
    assert fit(shuffled, SPECS, RULES, styles=STYLES).to_json() == model.to_json()
    expected = score(model, FEATURES).traders.set_index("trader_id")
    found = score(model, shuffled).traders.set_index("trader_id").loc[expected.index]
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_threads_order_of_specs_and_rules_change_nothing(model: SegmentationModel) -> None:
    for threads in (1, 2):
        with threadpool_limits(threads):
            again = fit(FEATURES, SPECS[::-1], RULES.iloc[::-1], styles=STYLES)
        assert again.to_json() == model.to_json()


def test_a_trader_scores_alike_alone_and_among_others(
    model: SegmentationModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = score(model, FEATURES).traders
    some = FEATURES.iloc[[3, 700, 1499]].reset_index(drop=True)
    expected = together.iloc[[3, 700, 1499]].reset_index(drop=True)
    pd.testing.assert_frame_equal(score(model, some).traders, expected, check_exact=True)
    monkeypatch.setattr(scoring, "BATCH_ROWS", 77)
    pd.testing.assert_frame_equal(score(model, FEATURES).traders, together, check_exact=True)


def test_decimals_and_floats_score_alike(model: SegmentationModel) -> None:
    amounts = FEATURES["notional_per_active_day_usd"]
    decimals = FEATURES.assign(
        notional_per_active_day_usd=[Decimal(repr(value)) for value in amounts.tolist()]
    )
    expected = score(model, FEATURES).traders
    pd.testing.assert_frame_equal(score(model, decimals).traders, expected, check_exact=True)


def test_posteriors_are_probabilities(model: SegmentationModel) -> None:
    scores = score(model, FEATURES)
    totals = scores.posteriors.groupby("trader_id")["posterior"].sum()
    assert set(totals.index) == set(FEATURES["trader_id"])
    np.testing.assert_allclose(totals, 1.0, atol=1e-4)
    best = scores.posteriors.groupby("trader_id")["posterior"].max()
    probability = scores.traders.set_index("trader_id")["style_probability"]
    np.testing.assert_array_equal(best.loc[probability.index], probability)
    unclear = scores.traders["style"] == "unclassified"
    assert (scores.traders.loc[unclear, "style_probability"] < 0.5).all()
    assert (scores.traders.loc[~unclear, "style_probability"] >= 0.5).all()


def test_definitions_decide_and_stay_out_of_training(model: SegmentationModel) -> None:
    traders = score(model, FEATURES).traders
    dormant = (FEATURES["recency_days"] >= 56).to_numpy()
    assert (traders["style"] == "dormant").tolist() == dormant.tolist()
    assert (traders.loc[dormant, "style_probability"] == 1.0).all()
    assert model.trained_rows == int((~dormant).sum())
    assert model.lda is not None
    assert "dormant" not in model.lda.labels
    without = fit(FEATURES[~dormant], SPECS, RULES, styles=STYLES)
    assert without.lda is not None
    np.testing.assert_array_equal(without.lda.coefficients, model.lda.coefficients)


def test_reasons_are_words_about_the_trader(model: SegmentationModel) -> None:
    traders = score(model, FEATURES).traders
    makers = traders[traders["style"] == "market_maker"]
    assert makers["top_reasons"].str.contains("maker share \\d").mean() > 0.7
    dormant = traders[traders["style"] == "dormant"]["top_reasons"]
    assert dormant.str.match(r"rule dormant_silent: recency \d+ days$").all()
    assert traders["top_reasons"].notna().all()


def test_an_extreme_trader_is_an_outlier(model: SegmentationModel) -> None:
    odd = FEATURES.iloc[[0]].assign(
        recency_days=0, holding_days=1e6, median_ticket_usd=1e12, equity_turnover=1e9
    )
    assert score(model, odd).traders["is_outlier"].tolist() == [True]


def test_a_trader_without_known_features_is_unclassified(model: SegmentationModel) -> None:
    unknown = pd.DataFrame({"trader_id": ["new"], "fill_count": [5], "recency_days": [0]})
    row = score(model, unknown).traders.iloc[0]
    assert row["style"] == "unclassified"
    assert np.isnan(row["style_probability"])
    assert row["top_reasons"] == "too few known features"


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_tiny_venues_fall_back_to_the_rules(n: int) -> None:
    features = FEATURES[FEATURES["recency_days"] < 56].iloc[:n]
    model = fit(features, SPECS, RULES, styles=STYLES)
    assert model.lda is None
    assert "fewer than two styles" in model.why
    scores = score(SegmentationModel.from_json(model.to_json()), features)
    assert len(scores.traders) == n
    seeded = scores.traders["style"] != "unclassified"
    assert (scores.traders.loc[seeded, "style_probability"] == 1.0).all()
    assert scores.traders.loc[~seeded, "style_probability"].isna().all()
    assert len(scores.posteriors) == seeded.sum() == sum(model.seeds.values())
    assert scores.traders.loc[seeded, "top_reasons"].str.startswith("rule ").all()
    assert list(measure_quality(model, features).columns) == [
        "measure",
        "value",
        "threshold",
        "passed",
    ]


def test_a_frame_without_columns_or_values_is_unclassified() -> None:
    for features in (
        FEATURES[["trader_id"]],
        FEATURES[["trader_id"]].assign(**dict.fromkeys(TRANSFORMS)),
    ):
        model = fit(features, SPECS, RULES, styles=STYLES)
        assert set(score(model, features).traders["style"]) == {"unclassified"}
        assert model.trained_rows == len(features)
        assert set(model.left_out.values()) == {"no trader has a value"}


def test_constant_columns_are_left_out() -> None:
    constant = FEATURES.assign(event_share=1.0, burstiness=0.0, recent_maker_share=0.4)
    model = fit(constant, SPECS, RULES, styles=STYLES)
    for name in ("event_share", "burstiness", "recent_maker_share"):
        assert model.left_out[name] == "all traders have the same value"
    assert model.lda is not None
    assert np.isfinite(model.lda.coefficients).all()


def test_no_rules_leave_everybody_unclassified() -> None:
    model = fit(FEATURES, SPECS, RULES.iloc[:0], styles=STYLES)
    assert set(score(model, FEATURES).traders["style"]) == {"unclassified"}


def test_a_style_with_two_seeds_is_decided_by_its_rule() -> None:
    is_maker = TRUTH == "market_maker"
    keep = ~is_maker | (np.cumsum(is_maker) <= 2)
    features = FEATURES[keep].assign(
        recent_maker_share=FEATURES["recent_maker_share"].mask(is_maker, 0.95)[keep],
        end_of_day_net_share=FEATURES["end_of_day_net_share"].mask(is_maker, 0.01)[keep],
        fills_per_active_day=FEATURES["fills_per_active_day"].mask(is_maker, 500.0)[keep],
        kind_offset_share=0.0,
    )
    model = fit(features, SPECS, RULES, styles=STYLES)
    assert model.rule_styles == ("market_maker",)
    assert "too rare to learn, decided by rule: market_maker" in model.why
    traders = score(model, features).traders
    assert (traders["style"] == "market_maker").tolist() == is_maker[keep].tolist()


def test_infinite_values_and_duplicates_are_named() -> None:
    infinite = FEATURES.assign(holding_days=FEATURES["holding_days"].mask(TRUTH == "small", np.inf))
    with pytest.raises(ValueError, match="holding_days holds an infinite value"):
        fit(infinite, SPECS, RULES)
    twice = pd.concat([FEATURES, FEATURES.iloc[[5]]])
    with pytest.raises(ValueError, match=f"{FEATURES['trader_id'][5]} appears more than once"):
        fit(twice, SPECS, RULES)


def test_training_sample_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "TRAINING_ROWS", 500)
    model = fit(FEATURES, SPECS, RULES, styles=STYLES)
    assert model.trained_rows == 500
    agreement = score(model, FEATURES).traders["style"] == TRUTH
    assert agreement.mean() >= 0.9


def test_planted_micro_segments_get_ids_and_keep_them_at_a_refit() -> None:
    rng = np.random.default_rng(0)
    features, truth = draw_population(2500, 6)
    is_bot = (truth == "small") & (rng.random(len(truth)) < 0.4)
    for name, value in {
        "time_of_day_regularity": 0.05,
        "burstiness": -0.7,
        "instrument_concentration": 0.95,
        "recent_maker_share": 0.9,
        "aggressive_share": 0.05,
        "liquidation_share": 0.02,
        "kind_offset_share": 0.3,
    }.items():
        noisy = np.tanh(np.arctanh(value) + 0.1 * rng.standard_normal(len(truth)))
        features[name] = np.where(is_bot, np.clip(noisy, -1 if value < 0 else 0, 1), features[name])
    model = fit(features, SPECS, RULES, styles=STYLES)
    ids = score(model, features).traders["micro_segment_id"]
    assert set(ids.dropna()) == {"small__a", "small__b"}
    assert (ids[is_bot] == "small__b").mean() >= 0.9
    names = dict(
        zip(model.micro_segments[0].lda.labels, model.micro_segments[0].names, strict=True)
    )
    assert names["small__b"].startswith("Small trader: ")

    fewer_people = features[is_bot | (truth != "small") | (rng.random(len(truth)) < 0.4)]
    plain = fit(fewer_people, SPECS, RULES, styles=STYLES)
    kept = fit(fewer_people, SPECS, RULES, styles=STYLES, predecessor=model)
    is_bot_here = is_bot[fewer_people.index]
    flipped = score(plain, fewer_people).traders["micro_segment_id"].to_numpy()[is_bot_here]
    stable = score(kept, fewer_people).traders["micro_segment_id"].to_numpy()[is_bot_here]
    assert (flipped == "small__a").mean() >= 0.9
    assert (stable == "small__b").mean() >= 0.9
    assert kept.micro_segments[0].names[0] == names["small__b"]
