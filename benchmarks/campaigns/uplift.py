"""How often campaigns without an effect show one, and how often the interval holds a planted one.

Five times 500 simulated campaigns of each kind of venue: weekly values of a trader are lognormal
(their spread over traders is `sigma`), how often a trader is active is not the same for any two.
The treatment multiplies what a treated trader is worth. Net value and retention are measured as
the mart `campaign_results` measures them, net value also without the weeks before.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from trader_segments.campaigns.uplift import measure_uplift

FloatArray = NDArray[np.float64]
SEEDS = range(1, 6)
CAMPAIGNS = 500
EFFECT = 0.25
KINDS = [
    # traders, share of control, sigma
    (300, 0.5, 1.0),
    (1_000, 0.1, 1.0),
    (1_000, 0.1, 1.5),
    (1_000, 0.5, 1.5),
    (5_000, 0.1, 1.5),
    (1_000, 0.1, 2.0),
    (5_000, 0.1, 2.0),
    (20_000, 0.1, 2.0),
]


def venue(
    rng: np.random.Generator, n: int, sigma: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Net value of eight weeks, of the five after them, and how many of the eight were active."""
    worth = np.exp(rng.normal(2.0, sigma, n))
    activity = rng.beta(0.6, 0.9, n)
    earlier_weeks = rng.binomial(8, activity)
    weeks = rng.binomial(5, np.clip(activity * np.exp(rng.normal(0.0, 0.3, n)), 0.0, 1.0))
    noise = np.exp(rng.normal(0.0, 0.4, (2, n)))
    return worth * earlier_weeks * noise[0], worth * weeks * noise[1], earlier_weeks.astype(float)


def measured(seed: int, n: int, control: float, sigma: float) -> FloatArray:
    """Shares of the campaigns, and the mean width of the interval over that without CUPED."""
    rng = np.random.default_rng(seed)
    true = EFFECT * venue(rng, 2_000_000, sigma)[1].mean()
    found = np.empty((CAMPAIGNS, 5))
    for number in range(CAMPAIGNS):
        earlier, outcome, earlier_weeks = venue(rng, n, sigma)
        is_treated = rng.random(n) >= control
        retained = measure_uplift((outcome > 0).astype(float), earlier_weeks, is_treated)
        null = measure_uplift(outcome, earlier, is_treated)
        plain = measure_uplift(outcome, np.zeros(n), is_treated)
        planted = measure_uplift(
            np.where(is_treated, (1 + EFFECT) * outcome, outcome), earlier, is_treated
        )
        found[number] = (
            null.low > 0 or null.high < 0,
            null.low > 0,
            retained.low > 0 or retained.high < 0,
            planted.low <= true <= planted.high,
            (null.high - null.low) / (plain.high - plain.low),
        )
    means: FloatArray = found.mean(axis=0)
    return means


def main() -> None:
    print(
        f"{'traders':>8}{'control':>9}{'sigma':>7}{'false positives (of them up)':>30}"
        f"{'by seed':>15}{'retention':>11}{'coverage':>10}{'by seed':>15}{'width':>7}"
    )
    started = time.process_time()
    for n, control, sigma in KINDS:
        seeds = np.array([measured(seed, n, control, sigma) for seed in SEEDS])
        null, up, retained, covered, width = seeds.mean(axis=0)
        print(
            f"{n:>8,}{control:>9.0%}{sigma:>7}{f'{null:.1%} ({up:.1%})':>30}"
            f"{f'{seeds[:, 0].min():.1%}-{seeds[:, 0].max():.1%}':>15}{retained:>11.1%}"
            f"{covered:>10.1%}{f'{seeds[:, 3].min():.1%}-{seeds[:, 3].max():.1%}':>15}{width:>7.2f}"
        )
    print(f"{time.process_time() - started:.0f} CPU seconds")


if __name__ == "__main__":
    main()
