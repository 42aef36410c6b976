"""What else could be had: common ways to segment, on the features that the segmentation reads.

Each takes features and planted styles and gives a style to every trader. Clusters get the planted
style of most of their traders: nobody has that on a real venue, so it is more than fair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from trader_segments.segmentation.fitting import required_columns
from trader_segments.segmentation.table import FeatureTable, FloatArray, IntArray
from trader_segments.segmentation.transforms import transform_feature

HDBSCAN_ROWS = 5_000
COMPONENTS = 10


class Inputs:
    """Every feature that the segmentation reads, its rules' among them, unknown at the median.

    Attributes
    ----------
    raw, scaled : (n_traders, n_inputs), standardised; `scaled` on the registered transforms
    recency, frequency, money : (n_traders,)
    """

    def __init__(
        self, features: pd.DataFrame, specs: Sequence[Mapping[str, Any]], rules: pd.DataFrame
    ) -> None:
        names = required_columns(specs, rules)
        table = FeatureTable.from_frame(features, names)
        by_name = {spec["name"]: spec for spec in specs}
        present = [name for name in names if table.has(name)]
        self.raw = _standardised([table[name] for name in present])
        self.scaled = _standardised(
            [
                transform_feature(
                    table, name, by_name[name]["transform"], by_name[name].get("count")
                )
                for name in present
            ]
        )
        rfm = FeatureTable.from_frame(features, ["recency_days", "fill_count", "notional_usd"])
        self.recency = np.nan_to_num(-rfm["recency_days"], nan=-np.inf)
        self.frequency, self.money = rfm["fill_count"], rfm["notional_usd"]


def majority_styles(cluster: IntArray, planted: Sequence[str]) -> list[str]:
    """The planted style of most traders of each trader's cluster, ties by name."""
    counts = pd.crosstab(cluster, np.asarray(planted, dtype=object))
    style = dict(counts.idxmax(axis=1).items())
    return [str(style[number]) for number in cluster.tolist()]


def kmeans(inputs: Inputs, styles: int) -> IntArray:
    """StandardScaler and k-means, k the number of planted styles."""
    return _numbers(KMeans(styles, n_init=10, random_state=0).fit_predict(inputs.raw))


def kmeans_transformed(inputs: Inputs, styles: int) -> IntArray:
    """The same on the registered transforms."""
    return _numbers(KMeans(styles, n_init=10, random_state=0).fit_predict(inputs.scaled))


def gaussian_mixture(inputs: Inputs, styles: int) -> IntArray:
    """Full covariances over ten principal components of the registered transforms."""
    reduced = PCA(COMPONENTS, random_state=0).fit_transform(inputs.scaled)
    mixture = GaussianMixture(styles, n_init=3, reg_covar=1e-4, random_state=0)
    return _numbers(mixture.fit_predict(reduced))


def rfm_quintiles(inputs: Inputs, styles: int) -> IntArray:
    """The 125 cells of quintiles of recency, frequency and money."""
    fifths = [
        (pd.Series(values).rank(method="first").to_numpy() - 1) * 5 // len(values)
        for values in (inputs.recency, inputs.frequency, inputs.money)
    ]
    return _numbers(25 * fifths[0] + 5 * fifths[1] + fifths[2])


def hdbscan(inputs: Inputs, styles: int) -> IntArray:
    """On the same components of at most 5,000 traders; others join their nearest of these."""
    reduced = PCA(COMPONENTS, random_state=0).fit_transform(inputs.scaled)
    n = len(reduced)
    sample = np.random.default_rng(0).permutation(n)[:HDBSCAN_ROWS]
    found = HDBSCAN(min_cluster_size=10, copy=True).fit_predict(reduced[sample])
    nearest = NearestNeighbors(n_neighbors=1).fit(reduced[sample])
    place = nearest.kneighbors(reduced, return_distance=False)[:, 0]
    return _numbers(found[place])


BASELINES: dict[str, Callable[[Inputs, int], IntArray]] = {
    "StandardScaler + k-means": kmeans,
    "k-means, registered transforms": kmeans_transformed,
    "Gaussian mixture": gaussian_mixture,
    "RFM quintiles": rfm_quintiles,
    "HDBSCAN": hdbscan,
}


def _numbers(values: ArrayLike) -> IntArray:
    return np.asarray(values, dtype=np.int64)


def _standardised(columns: Sequence[FloatArray]) -> FloatArray:
    filled = [np.where(np.isnan(values), np.nanmedian(values), values) for values in columns]
    return np.asarray(StandardScaler().fit_transform(np.stack(filled, axis=1)))
