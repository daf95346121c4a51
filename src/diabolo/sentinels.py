"""Values that look like a code for "missing": repeated, and far from all other values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .errors import warn

__all__ = ["is_code", "odd", "warn_odd"]
MIN_VALUES = 20  # values of a column; with fewer, none looks like a code
BLOCK = 4_000_000  # numbers that are checked at once
MIN_OTHER_VALUES = 5  # other values that a column needs
MANY_OTHERS, TIMES = 20, 3  # other values beside the only negative one; times that it is there, absolute and of the others
APART, BELOW = 0.25, 3.5  # of the mean of the others, to which none comes nearer to 0; of their deviation, that 0 is below it
NONE = 0.25  # of the values are 0, where it says that there is none: of most people's bonus
NINES, EIGHTS = (9, 99, 999), (8, 88, 98, 888, 998)  # no answer, and beside these another reason for it
ASKED_OFTEN, STEPS_APART = 5, 3  # times that one is there; steps from the last answer to it
LIMITS = {32_767, 32_768, 65_535, 2_147_483_647, 2_147_483_648, 4_294_967_295}  # of integer types


def odd(v: np.ndarray) -> list[tuple[int, float, int]]:
    """Columns (d, n) -> (column, value, how often) of values that look like a code for "missing".

    Such a value is repeated, the smallest or the largest, and far from all others. If it is written like a code (-999, 9999,
    -1, a limit of a type) or is the only negative one, its distance must exceed the range of the others; else ten times it.
    If it is both, and more frequent than others, it need not be far: -1 beside 0, 1, 2, ... days. So is 0, where all others
    lie far above it: a pressure of 0. And so are 8 and 9, 99, or -9 beside answers from 1 to 5.

    >>> odd(np.r_[np.linspace(150, 200, 40), [-999, -999]][None])
    [(0, -999.0, 2)]
    """
    size = max(1, BLOCK // max(1, v.shape[1]))
    suspects = [i + j for i in range(0, len(v), size) for j in np.flatnonzero(_gaping(v[i : i + size])).tolist()]
    return [(j, *found) for j in suspects for found in _codes(v[j])]


def _gaping(v: np.ndarray) -> np.ndarray:
    """(d,) whether the smallest or largest value is further from the others than their range, or the only negative one."""
    with np.errstate(all="ignore"):
        low, high = np.fmin.reduce(v, 1, initial=np.inf)[:, None], np.fmax.reduce(v, 1, initial=-np.inf)[:, None]
        second = np.where(v > low, v, np.inf).min(1, initial=np.inf)
        last = np.where(v < high, v, -np.inf).max(1, initial=-np.inf)
        reach = last - second
        alone = (low[:, 0] < 0) & (second >= 0) | _empty(v, low[:, 0], second)
        refused = np.isin(high[:, 0], NINES) | np.isin(-low[:, 0], NINES)
        return refused | (reach > 0) & (alone | (high[:, 0] - last > reach) | (second - low[:, 0] > reach))


def _empty(v: np.ndarray, low: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(d,) whether 0 lies apart below quantities that do not come near it, as a pressure of 0 does."""
    empty = (low == 0) & (second > 0) & np.isfinite(second)
    times = (v == 0).sum(1)
    empty &= (times >= TIMES) & (times <= NONE * (v == v).sum(1))
    others = np.where(v[empty] > 0, v[empty], np.nan)
    mean, spread = np.nanmean(others, 1), np.nanstd(others, 1)
    empty[empty] = (second[empty] > APART * mean) & (mean > BELOW * spread)
    return empty


def _codes(v: np.ndarray) -> list[tuple[float, int]]:
    found: list[tuple[float, int]] = []
    values, counts = np.unique(v[~np.isnan(v)], return_counts=True)
    zero = len(values) > MANY_OTHERS and bool(_empty(v[None], values[:1], values[1:2])[0])
    if zero or _mark(values, counts):
        found.append((float(values[0]), int(counts[0])))
        values, counts = values[1:], counts[1:]
    none = _refusals(values, counts)
    found += zip(values[none].tolist(), counts[none].tolist(), strict=True)
    values, counts = values[~none], counts[~none]
    while len(values) > MIN_OTHER_VALUES and counts.sum() >= MIN_VALUES:
        with np.errstate(all="ignore"):
            gaps, reach = (values[1] - values[0], values[-1] - values[-2]), values[-2] - values[1]
        end = -int(gaps[1] > gaps[0])
        value, count = float(values[end]), int(counts[end])
        alone = value < 0 <= values[1]  # the only negative one, such as -9
        if count < 2 or not gaps[end] > (1 if is_code(value) or alone else 10) * reach:
            break
        found.append((value, count))
        kept = slice(None, -1) if end else slice(1, None)
        values, counts = values[kept], counts[kept]
    return found


def _refusals(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which of these different values are no step of the scale without gaps, from 0 or 1, that all others are."""
    none = np.isin(np.abs(values), NINES + EIGHTS) & (counts >= ASKED_OFTEN)
    none &= np.isin(np.abs(values[none]), NINES).any()
    scale = values[~none]
    steps = len(scale) >= 2 and scale[0] in (0, 1) and scale[-1] - scale[0] == len(scale) - 1
    apart = steps and not ((values > scale[-1]) & (values < scale[-1] + STEPS_APART)).any()
    return none if apart and counts.sum() >= MIN_VALUES else np.zeros_like(none)


def _mark(values: np.ndarray, counts: np.ndarray) -> bool:
    """Whether the smallest of these different values is the only negative one, written like a code, and frequent."""
    if len(values) <= MANY_OTHERS or not values[0] < 0 <= values[1] or not is_code(float(values[0])):
        return False
    return bool(counts[0] >= max(TIMES, 0.01 * counts.sum(), TIMES * np.median(counts[1:])))


def is_code(value: float) -> bool:
    """Whether a number is written like a usual code for "missing".

    >>> [is_code(v) for v in (-999, 99.99, 8888, -1, 1e6, 32767, 5.55, 1234)]
    [True, True, True, True, True, True, False, False]
    """
    a = abs(value)
    digits = f"{a:.15g}"
    nines = len(digits) > 1 and set(digits) <= {"9", "."}  # 99, 9999, 99.99
    alike = len(digits) > 2 and set(digits) in ({"7"}, {"8"})  # 777, 8888
    ten = a >= 1000 and digits.rstrip("0") == "1"
    return value == -1 or nines or alike or ten or a in LIMITS or a >= 1e30


def warn_odd(found: Sequence[tuple[str, str, int]], about: str = "") -> None:
    """One warning for all (column, value as it is written, number of times); these may be known only `about`."""
    if found:
        shown = ", ".join(f"{value} ({about}{count:,} times) in column {name!r}" for name, value, count in found[:5])
        more = f", and {len(found) - 5:,} more" if len(found) > 5 else ""
        warn(
            f"{shown}{more}: far from all other values, no step of their scale, or the only negative one, like a code for a "
            "missing value. If it is such a code, replace it by NaN (or use --na VALUE, which holds for all columns); "
            "otherwise it is used as a number"
        )
