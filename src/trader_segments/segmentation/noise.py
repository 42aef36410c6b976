"""Label noise: clear cases that the other clear cases contradict teach nothing."""

from __future__ import annotations

import numpy as np

from trader_segments.segmentation.lda import MIN_SEEDS
from trader_segments.segmentation.resampling import Seeds, held_out_fits
from trader_segments.segmentation.table import BoolArray


def confident_seeds(seeds: Seeds) -> BoolArray:
    """Find the seeds to learn from: all but those that clearly belong to another style.

    Rules are noisy labellers. By confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021) a
    style claims a trader whom the discriminant of the other folds gives it with at least the mean
    probability that it gives the style's own seeds. A seed is set aside where the surest claim is
    another style's. The bar is each style's own, so that neither a temperature nor how easily a
    style is told apart moves it.

    Returns
    -------
    bool array (n_seeds,); a style that would be left with fewer than `MIN_SEEDS` keeps all
    """
    classes = sorted(set(seeds.styles))
    own = np.array([classes.index(style) for style in seeds.styles], dtype=np.int64)
    posterior = np.zeros((len(classes), len(own)))
    is_judged = np.zeros(len(own), dtype=np.bool_)
    for held_out, lda in held_out_fits(seeds):
        learned = np.array([classes.index(style) for style in lda.classes], dtype=np.int64)
        posterior[np.ix_(learned, np.flatnonzero(held_out))] = lda.posteriors(
            seeds.inputs(held_out)
        )
        is_judged |= held_out & np.isin(own, learned)

    confidence = posterior[own, np.arange(len(own))]
    bar = np.full(len(classes), np.inf)
    for style in np.unique(own[is_judged]):
        bar[style] = confidence[is_judged & (own == style)].mean()
    claim = np.where(posterior >= bar[:, None], posterior, 0.0)
    is_noise = is_judged & (claim.max(axis=0, initial=0.0) > 0.0) & (claim.argmax(axis=0) != own)
    for style in range(len(classes)):
        if np.sum((own == style) & ~is_noise) < MIN_SEEDS:
            is_noise[own == style] = False
    return np.asarray(~is_noise)
