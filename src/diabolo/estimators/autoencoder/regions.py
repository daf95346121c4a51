"""Regions of a map, each named by what sets its rows apart from all others.

    e_gj = (mean over g of x_j - mean of x_j) / deviation of x_j        numbers, yes or no, levels of a category
    e_gw = p_gw log(p_gw / p_w)                                         words: what w adds to the divergence of group g

The groups are those of k-means on the places. A name is made of the largest e: "high age, town Oslo"; of more of them, if
another region has that name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isqrt
from typing import Any

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from ...formats import Format
from ...formats.category import Category
from ...formats.columns import Binary
from ...printed import few, localized
from ...rows import evenly

__all__ = ["Region", "pixels", "regions"]

MOST = 9  # regions of a map
EACH = 20  # rows: a map of n rows has about sqrt(n / EACH) regions
FITTED = 5000  # rows from which the groups are learned
APART = 0.6  # deviations from which on a column sets a region apart
SQUARE = 4  # pixels of the smallest side of a picture
NAMED, TOLD, WORDS = 2, 5, 3  # columns in a name, columns that are told, words in a name


@dataclass(frozen=True)
class Region:
    """A region of a map: its name, its center (2,), the numbers of its rows, and sentences on what sets it apart."""

    name: str
    center: tuple[float, float]
    rows: np.ndarray = field(repr=False)
    says: tuple[str, ...] = ()


def regions(
    places: np.ndarray, x: np.ndarray, format: Format, labels: Mapping[str, Sequence[Any]] | None = None
) -> list[Region]:
    """Places (n, 2) and features (n, d) of the same rows -> regions, the largest first.

    Parameters
    ----------
    places, x : ndarray
    format : Format
        What the features are.
    labels : dict of name to (n,) values, optional
        Further columns of levels.

    Examples
    --------
    >>> import pandas as pd
    >>> from diabolo.formats import Tables
    >>> df = pd.DataFrame({"age": [20.0] * 60 + [70.0] * 60, "town": ["Oslo"] * 60 + ["Rome"] * 60})
    >>> format = Tables().fit(df)
    >>> places = np.column_stack([df.age, np.zeros(120)])
    >>> for region in regions(places, format.to_tensor(df).numpy(), format):
    ...     print(region.name, region.center, len(region.rows), region.says[0])
    high age, town Rome (70.0, 0.0) 60 age: 70 on average here, 45 of all rows
    low age, town Oslo (20.0, 0.0) 60 age: 20 on average here, 45 of all rows
    """
    if len(places) < EACH or not np.ptp(places, axis=0).any():
        return []
    group = grouped(places)
    naming = words_of if format.words else columns_of
    named = naming(x, group, format)
    more = levels_of(labels or {}, group)
    found: list[Region] = []
    for g in range(group.max() + 1):
        rows = np.flatnonzero(group == g)
        told = sorted([*named[g], *more[g]], key=lambda t: -t[0])
        if told:
            sign = WORDS if format.words and not more[g] else NAMED
            center = np.median(places[rows], axis=0)
            names = [", ".join(t[1] for t in told[:count]) for count in range(sign, max(sign, len(told)) + 1)]
            taken = {region.name for region in found}
            again = (f"{names[0]}, part {i}" for i in range(2, len(found) + 3))
            name = next(name for name in (*names, *again) if name not in taken)
            says = tuple(t[2] for t in told[:TOLD])
            found.append(Region(name, (float(center[0]), float(center[1])), rows, says))
    return sorted(found, key=lambda region: -len(region.rows))


def grouped(places: np.ndarray) -> np.ndarray:
    """(n, 2) -> (n,) the group of each place."""
    n = len(places)
    scaled = (places - places.mean(0)) / np.maximum(places.std(0), 1e-12)
    some = scaled[evenly(n, FITTED)]
    count = min(int(np.clip(round((n / EACH) ** 0.5), 1, MOST)), len(np.unique(some, axis=0)))
    group = KMeans(count, n_init=3, random_state=0).fit(some).predict(scaled)
    return np.unique(group, return_inverse=True)[1]


Told = tuple[float, str, str]  # how much, the words in a name, the sentence


def columns_of(x: np.ndarray, group: np.ndarray, format: Format) -> list[list[Told]]:
    """Of each group the columns that set it apart, once each."""
    if pixels(format) is not None:
        return [[] for _ in range(group.max() + 1)]  # a pixel says nothing
    known = clean(x)
    mean, deviation = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    found: list[list[Told]] = []
    for g in range(group.max() + 1):
        here = np.nanmean(clean(x[group == g]), axis=0)
        effect = np.where(deviation > 1e-9, (here - mean) / np.maximum(deviation, 1e-9), 0.0)
        means = torch.from_numpy(np.stack([here, mean]))
        told = [tell(format, j, effect[block], means) for j, block in enumerate(format.blocks)]
        found.append([t for t in told if t is not None])
    return found


def pixels(format: Format) -> tuple[int, int, int] | None:
    """(channels, height, width) if the features are pixels: of pictures, or numbers of one unit that fill a square."""
    if format.shape is not None or not getattr(format, "common", False) or format.named:
        return format.shape
    side = isqrt(format.width)
    return (1, side, side) if side * side == format.width and side >= SQUARE else None


def clean(x: np.ndarray) -> np.ndarray:
    """Features without what is beyond all numbers; a column of gaps alone counts as 0."""
    x = np.where(np.isfinite(x), x, np.nan)
    return np.where(np.isnan(x).all(0), 0.0, x)


def tell(format: Format, j: int, effect: np.ndarray, means: Tensor) -> Told | None:
    """What is said of column j, with these effects of its features and the means (2, d) here and of all rows; or nothing."""
    name, field = format.columns[j], format.field(j)
    here, mean = means[:, format.blocks[j]].numpy()
    if isinstance(field, Category):
        best = int(effect[:-1].argmax()) if field.levels else 0
        apart = bool(field.levels) and effect[best] >= APART
        return level(float(effect[best]), name, str(field.levels[best]), here[best], mean[best]) if apart else None
    size, more = float(np.abs(effect[0])), effect[0] > 0
    if size < APART:
        return None
    if isinstance(field, Binary):
        said = f"{name} in {share(here[0])} of the rows here, of all rows in {share(mean[0])}"
        return size, name if more else f"not {name}", said
    low, high = ("early", "late") if field is not None and field.type.startswith(("date", "timestamp")) else ("low", "high")
    values = [in_file(format, name, v) for v in format.shown(means, j)]
    return size, f"{high if more else low} {name}", f"{name}: {values[0]} on average here, {values[1]} of all rows"


def in_file(format: Format, name: str, v: Any) -> str:
    """A value of a column in few digits, with the sign before decimals, or the form of dates, of the file that was read."""
    how = getattr(format, "reading", None)
    if isinstance(v, date):
        return v.strftime(how.dates[name]) if how and name in how.dates else few(v)
    return localized(few(v), how.decimal) if how else few(v)


def level(effect: float, name: str, value: str, here: float, usual: float) -> Told:
    """What is said of a level that is frequent here."""
    called = value if value.casefold().startswith(name.casefold()) else f"{name} {value}"
    return effect, called, f"{name} is {value} in {share(here)} of the rows here, of all rows in {share(usual)}"


def share(v: float) -> str:
    return f"{v:.0%}"


def words_of(x: np.ndarray, group: np.ndarray, format: Format) -> list[list[Told]]:
    """Of each group of documents the words that set it apart."""
    shares = x / np.maximum(x.sum(1, keepdims=True), 1e-12)
    usual = shares.mean(0) + 1e-12
    found: list[list[Told]] = []
    for g in range(group.max() + 1):
        here = shares[group == g].mean(0)
        gain = here * np.log((here + 1e-12) / usual)
        best = [j for j in np.argsort(-gain, kind="stable")[:TOLD] if gain[j] > 0]
        told = [f"{format.columns[j]}: {here[j] / usual[j]:.1f} times as frequent as elsewhere" for j in best]
        found.append([(float(gain[j]), format.columns[j], says) for j, says in zip(best, told, strict=True)])
    return found


def levels_of(labels: Mapping[str, Sequence[Any]], group: np.ndarray) -> list[list[Told]]:
    """Of each group the levels of further columns that set it apart."""
    found: list[list[Told]] = [[] for _ in range(group.max() + 1)]
    for name, values in labels.items():
        texts = np.array(["" if v is None or v != v else str(v) for v in values])
        levels, index = np.unique(texts, return_inverse=True)
        if len(levels) > max(20, len(texts) // 4):
            continue
        usual = np.bincount(index, minlength=len(levels)) / len(index)
        for g, told in enumerate(found):
            here = np.bincount(index[group == g], minlength=len(levels)) / max(1, int((group == g).sum()))
            effect = (here - usual) / np.sqrt(np.maximum(usual * (1 - usual), 1e-12))
            best = int(effect.argmax())
            if levels[best] and effect[best] >= APART:
                told.append(level(float(effect[best]), name, str(levels[best]), here[best], usual[best]))
    return found
