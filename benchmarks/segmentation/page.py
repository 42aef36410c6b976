"""The page of figures: what each bar asks, what was reached, and the plots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from costs import PRODUCT
from jinja2 import Template
from plots import dots, reliability

Figures = Mapping[str, Any]
TEMPLATE = Path(__file__).with_name("evaluation.md.j2")


@dataclass(frozen=True)
class Bar:
    """A measure with the value it must reach; `values` maps seeds to what was measured."""

    measure: str
    bar: float
    at_least: bool
    values: Mapping[str, float]
    digits: int = 3

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return float(np.mean(list(self.values.values())))

    @property
    def worst(self) -> tuple[str, float]:
        """Seed and value of the seed that is furthest from the good end."""
        choose = min if self.at_least else max
        seed = choose(self.values, key=lambda name: self.values[name])
        return seed, self.values[seed]

    def is_met(self, value: float) -> bool:
        """Whether a value reaches the bar."""
        return value >= self.bar if self.at_least else value <= self.bar

    def row(self) -> list[str]:
        """A row of the table."""
        seed, worst = self.worst
        where = f" (seed {seed})" if len(self.values) > 1 else ""
        sign = "≥" if self.at_least else "≤"
        return [
            self.measure,
            f"{sign} {self.bar:g}",
            f"{self.mean:.{self.digits}f}",
            met(self.is_met(self.mean)),
            f"{worst:.{self.digits}f}{where}",
            met(self.is_met(worst)),
        ]


def bars(figures: Figures) -> list[Bar]:
    """Every measure that has a bar."""
    seeds, moves, drift = figures["seeds"], figures["moves"], figures["drift"]

    def each(value: Callable[[Figures], float], given: Figures = seeds) -> dict[str, float]:
        return {seed: value(found) for seed, found in given.items()}

    result = [
        Bar("macro-F1", 0.88, True, each(lambda f: f["recovery"]["macro_f1"])),
        Bar("adjusted Rand index", 0.9, True, each(lambda f: f["recovery"]["ari"])),
        Bar("F1 of the worst style of 1 % of traders at most", 0.9, True, each(_rarest)),
        Bar("calibration error in ten bins", 0.03, False, each(lambda f: f["calibration"]["ece"])),
        Bar(
            "right where the posterior is 0.99 or more",
            0.99,
            True,
            each(lambda f: f["calibration"]["sure_right"]),
        ),
        Bar(
            "bootstrap Jaccard of the worst style",
            0.85,
            True,
            each(lambda f: min(f["jaccard"].values())),
        ),
        Bar(
            "macro-F1 lost to moved thresholds",
            0.03,
            False,
            each(lambda f: float(np.mean(f["jitter"]))),
        ),
    ]
    if moves:
        result += [
            Bar(
                "false moves a period between styles",
                0.01,
                False,
                each(lambda f: f["share_between_styles"], moves),
                4,
            ),
            Bar("movers found in two periods", 0.9, True, each(lambda f: f["movers_found"], moves)),
        ]
    result += [
        Bar(f"PSI false alarms at {int(n):,} traders", 0.01, False, {"all": share})
        for n, share in drift["false_alarms"].items()
    ]
    power = Bar("PSI power at 0.5 sd and 1,000 traders", 0.95, True, {"all": drift["power"]})
    return [*result, power]


def write_page(figures: Figures, folder: Path) -> str:
    """Write `evaluation.md` and its plots to a folder; returns the page's text."""
    folder.mkdir(parents=True, exist_ok=True)
    styles = {
        _title(style): {"F1": [found["recovery"]["f1"][style] for found in _all(figures)]}
        for style in _by_f1(figures)
    }
    methods = {
        name: {
            measure: [found[key] for found in _recoveries(figures, name)]
            for measure, key in (("macro-F1", "macro_f1"), ("adjusted Rand index", "ari"))
        }
        for name in (PRODUCT, *_all(figures)[0]["baselines"])
    }
    plots = {
        "evaluation-methods.svg": dots("Planted styles found, a dot each seed", methods),
        "evaluation-styles.svg": dots("F1 of each style, a dot each seed", styles),
        "evaluation-calibration.svg": reliability(
            "What the posterior says and how often it is right", _pooled_bins(figures)
        ),
    }
    for name, drawing in plots.items():
        (folder / name).write_text(drawing)
    text = render(figures)
    (folder / "evaluation.md").write_text(text)
    return text


def render(figures: Figures) -> str:
    """The page as Markdown."""
    reached = bars(figures)
    missed = [bar.measure for bar in reached if not bar.is_met(bar.mean)]
    narrowly = [
        bar.measure for bar in reached if bar.is_met(bar.mean) and not bar.is_met(bar.worst[1])
    ]
    moves, drift = figures["moves"], figures["drift"]
    losses = [loss for found in _all(figures) for loss in found["jitter"]]
    template = Template(TEMPLATE.read_text(), keep_trailing_newline=True)
    return template.render(
        seeds=", ".join(figures["seeds"]),
        bars=table(["measure", "bar", "mean", "met", "worst seed", "met"], map(Bar.row, reached)),
        missed=_listed(missed),
        narrowly_missed=_listed(narrowly),
        jitter={
            "draws": len(_all(figures)[0]["jitter"]),
            "median": f"{np.median(losses):.3f}",
            "worst": f"{max(losses):.3f}",
        },
        drift={"runs": f"{drift['runs']:,}", "features": drift["features"]},
        methods=_methods_table(figures),
        cost_traders=f"{figures['cost_traders']:,}",
        styles=_styles_table(figures),
        dates=", ".join(next(iter(moves.values()))["dates"]) if moves else "",
        moves=_moves_table(moves) if moves else "",
        perturbation=f"{figures['perturbation']:g}",
        perturbed=_perturbed_table(figures["perturbed"]) if figures["perturbed"] else "",
    )


def _methods_table(figures: Figures) -> str:
    rows = []
    for name in (PRODUCT, *_all(figures)[0]["baselines"]):
        found = _recoveries(figures, name)
        cost = figures["costs"][name]
        rare = float(np.mean([_worst_rare(each) for each in found]))
        scores = [_mean(found, "macro_f1"), _mean(found, "ari"), rare]
        rows.append(
            [
                name,
                *(f"{value:.2f}" for value in scores),
                f"{cost['seconds']:.1f}",
                f"{cost['megabytes']:,.0f}",
            ]
        )
    return table(["method", "macro-F1", "ARI", "F1 of the worst rare style", "CPU s", "MB"], rows)


def _styles_table(figures: Figures) -> str:
    found = [each["recovery"] for each in _all(figures)]
    rows = [
        _row("macro-F1", [each["macro_f1"] for each in found]),
        _row("adjusted Rand index", [each["ari"] for each in found]),
    ]
    for style in _by_f1(figures):
        rows.append(_row(f"F1 of {_title(style).lower()}", [each["f1"][style] for each in found]))
    return table(["", *_seed_names(figures["seeds"])], rows)


def _moves_table(moves: Figures) -> str:
    found = list(moves.values())
    dates = found[0]["dates"][1:]
    rows = [
        ["false moves between styles", *(f"{f['share_between_styles']:.1%}" for f in found)],
        *(
            [f"- {date}", *(f"{f['by_date'][number][2]:.1%}" for f in found)]
            for number, date in enumerate(dates)
        ),
        ["false moves, silence and return among them", *(f"{f['share']:.1%}" for f in found)],
        ["movers", *(str(f["movers"]) for f in found)],
        ["found within two periods", *(f"{f['movers_found']:.0%}" for f in found)],
        ["have the new style at the end", *(f"{f['movers_found_at_end']:.0%}" for f in found)],
        ["model versions in use", *(str(f["versions"]) for f in found)],
    ]
    return table(["", *_seed_names(moves)], rows)


def _perturbed_table(perturbed: Figures) -> str:
    found = list(perturbed.values())
    rows = [
        _row("macro-F1", [f["recovery"]["macro_f1"] for f in found]),
        _row("adjusted Rand index", [f["recovery"]["ari"] for f in found]),
        _row("calibration error", [f["calibration"]["ece"] for f in found], 3),
        _row(
            "right where the posterior is 0.99 or more",
            [f["calibration"]["sure_right"] for f in found],
            3,
        ),
        *(
            _row(f"macro-F1 of {name}", [f["baselines"][name]["macro_f1"] for f in found])
            for name in found[0]["baselines"]
        ),
        *(
            _row(f"F1 of {_title(style).lower()}", [f["recovery"]["f1"][style] for f in found])
            for style in found[0]["recovery"]["f1"]
        ),
    ]
    return table(["", *_seed_names(perturbed)], rows)


def _all(figures: Figures) -> list[Figures]:
    return list(figures["seeds"].values())


def _recoveries(figures: Figures, method: str) -> list[Figures]:
    return [
        found["recovery"] if method == PRODUCT else found["baselines"][method]
        for found in _all(figures)
    ]


def _by_f1(figures: Figures) -> list[str]:
    """Styles, those found best first."""
    found = [each["recovery"]["f1"] for each in _all(figures)]
    return sorted(found[0], key=lambda style: -float(np.mean([each[style] for each in found])))


def _pooled_bins(figures: Figures) -> list[tuple[float, float, int]]:
    """Bins of all seeds together, matched by their tenth."""
    pooled: dict[int, list[Sequence[float]]] = {}
    for found in _all(figures):
        for row in found["calibration"]["bins"]:
            pooled.setdefault(min(int(row[0] * 10), 9), []).append(row)
    result = []
    for _, rows in sorted(pooled.items()):
        n = np.array([row[2] for row in rows])
        said, right = (float(np.average([row[k] for row in rows], weights=n)) for k in (0, 1))
        result.append((said, right, int(n.sum())))
    return result


def _worst_rare(recovery: Figures) -> float:
    """F1 of the worst rare style; NaN where no style is rare."""
    return min((recovery["f1"][style] for style in recovery["rare"]), default=float("nan"))


def _rarest(found: Figures) -> float:
    return _worst_rare(found["recovery"])


def _mean(found: Sequence[Figures], key: str) -> float:
    return float(np.mean([each[key] for each in found]))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column holds words."""
    alignment = ["---", *("---:" for _ in columns[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, alignment, *rows))


def _row(name: str, values: Sequence[float], digits: int = 2) -> list[str]:
    return [name, *(f"{value:.{digits}f}" for value in values)]


def _seed_names(figures: Figures) -> list[str]:
    return [f"seed {seed}" for seed in figures]


def _title(style: str) -> str:
    return style.replace("_", " ").capitalize()


def met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _listed(measures: Sequence[str]) -> str:
    return ", ".join(measures) or "none"
