"""Numbers and names as a reader wants them; NULL, NaN and infinity become an en dash."""

import math
from datetime import date, datetime

MISSING = "–"
_MINUS = "−"
_THIN_SPACE = "\u202f"
_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))
_ACRONYMS = {"bps": "bps", "id": "id", "pnl": "PnL"} | {
    word: word.upper() for word in ("auc", "ece", "mae", "mape", "ndcg", "rfm", "usd")
}
_EXACT_COUNT_BELOW = 100_000
_SHORT_UNITS = {
    "basis points": "bps",
    "basis points of notional": "bps",
    "times": "×",
    "volatility points": "vol points",
}


def finite(value: float | None) -> float | None:
    """Return ``value``, or None where it is NULL, NaN or infinite."""
    return value if value is not None and math.isfinite(value) else None


def ratio(part: float | None, whole: float | None) -> float | None:
    """Divide, or return None where a part is unknown or the whole is zero."""
    return finite(part / whole) if part is not None and whole else None


def compact(value: float | None, prefix: str = "") -> str:
    """Format to three significant digits with a scale letter: ``1.23 M``, ``−$3.40 k``."""
    value = finite(value)
    if value is None:
        return MISSING
    sign = _MINUS if value < 0 else ""
    rounded = float(f"{abs(value):.3g}")
    for scale, letter in _SCALES:
        if rounded >= scale:
            return f"{sign}{prefix}{_significant(rounded / scale)}{_THIN_SPACE}{letter}"
    return f"{sign}{prefix}{_significant(rounded)}"


def _significant(value: float) -> str:
    if value == 0 or value >= 100:
        return f"{value:.0f}"
    if value >= 1:
        return f"{value:.{1 if value >= 10 else 2}f}"
    return f"{value:.3g}" if value >= 1e-4 else f"{value:.0e}"


def count(value: float | None) -> str:
    """Format a count: exact below 100,000, compact from there on."""
    value = finite(value)
    return exact(value) if value is not None and value < _EXACT_COUNT_BELOW else compact(value)


def exact(value: float | None) -> str:
    """Format a count with thousands separators."""
    value = finite(value)
    return MISSING if value is None else f"{value:,.0f}".replace("-", _MINUS)


def money(value: float | None) -> str:
    """Format US dollars compactly: ``$3.40 k``."""
    return compact(value, prefix="$")


def exact_money(value: float | None) -> str:
    """Format US dollars in full, with cents: ``−$3,400.12``."""
    value = finite(value)
    if value is None:
        return MISSING
    return f"{_MINUS if round(value, 2) < 0 else ''}${abs(value):,.2f}"


def percent(share: float | None) -> str:
    """Format a share of 1 as a percentage with one decimal: ``12.3 %``."""
    share = finite(share)
    if share is None:
        return MISSING
    if 0 < share < 0.0005:
        return f"<{_THIN_SPACE}0.1{_THIN_SPACE}%"
    if 0.9995 <= share < 1:
        return f">{_THIN_SPACE}99.9{_THIN_SPACE}%"
    digits = 0 if share in (0, 1) else 1
    return f"{share * 100:.{digits}f}{_THIN_SPACE}%".replace("-", _MINUS)


def signed(value: float | None) -> str:
    """Format a z-score with its sign and one decimal: ``+1.4``."""
    value = finite(value)
    if value is None:
        return MISSING
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", _MINUS)


def decimal(value: float | None) -> str:
    """Format a plain number to three significant digits, in full where it is large."""
    value = finite(value)
    if value is None:
        return MISSING
    if abs(value) >= 1000:
        return exact(value)
    return f"{_MINUS if value < 0 else ''}{_significant(float(f'{abs(value):.3g}'))}"


def quantity(value: float | None, unit: str) -> str:
    """Format a number in its unit: ``12.3 %``, ``$3.40 k``, ``4.2 days``."""
    value = finite(value)
    if value is None:
        return MISSING
    if unit == "share":
        return percent(value)
    if unit == "USD" or unit.startswith("USD per "):
        return money(value) + unit.removeprefix("USD")
    number = count(value) if value.is_integer() or abs(value) >= 1000 else decimal(value)
    if unit == "ratio":
        return number
    return f"{number} {_SHORT_UNITS.get(unit, unit)}"


def moment(value: datetime | None) -> str:
    """Format a UTC timestamp to the minute."""
    return MISSING if value is None else f"{value:%Y-%m-%d %H:%M}"


def day(value: date | None) -> str:
    """Format a date in words: ``8 November 2022``."""
    return MISSING if value is None else f"{value.day} {value:%B %Y}"


def plural(number: int, noun: str) -> str:
    """Count things in words: ``1 segment``, ``2 segments``."""
    return f"{exact(number)} {noun}{'' if number == 1 else 's'}"


def words(identifier: str | None) -> str:
    """Turn an identifier into words: ``net_fee_usd`` to ``Net fee USD``."""
    if not identifier:
        return MISSING
    measure, bracket, of = identifier.partition("[")
    if bracket:
        return f"{words(measure)}, {words(of.rstrip(']')).lower()}"
    text = " ".join(_ACRONYMS.get(word, word) for word in identifier.replace("__", ", ").split("_"))
    return text[0].upper() + text[1:]


def shorten(text: str, length: int = 44) -> str:
    """Cut a label to ``length`` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
