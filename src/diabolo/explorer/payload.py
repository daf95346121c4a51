"""A fitted model and its rows -> what the page gets: a head (JSON), and tensors in one piece of bytes.

rows x, codes z = encode(x), places of the map, columns to color by        what is shown
programs of encoder and decoder, a codec of the columns                     what the page computes
grids: density, trust                                                       what lies under it
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..errors import DataError, check_columns
from ..estimators import Autoencoder
from ..estimators.autoencoder.maps import MAX_ROWS as MOST_OF_TSNE
from ..estimators.autoencoder.maps import Map, spread
from ..estimators.autoencoder.regions import pixels, regions
from ..estimators.base import System
from ..formats import Documents
from ..formats.files import Sample
from ..programs import Tensors
from ..report.names import Names
from ..report.values import as_list
from ..rows import evenly, in_order_of
from .columns import column
from .computing import computing
from .grids import AT_ONCE, Box, box_around, density
from .near import NEAR, interpolated
from .sides import Sides, sides
from .thumbnails import thumbnails

__all__ = ["Payload", "payload"]

MAX_ROWS = 100_000  # rows that are shown
VALUES = 50_000_000  # features of these rows
CELLS = 4_000_000  # cells that the page holds
WORDS = 8  # of a document that name it
DIRECTIONS = 24  # of wide codes that only place the rows
CODES = 16  # that are columns
LABELS = 30  # whose probabilities are columns

Say = Callable[[str], None]


@dataclass(frozen=True)
class Payload:
    """What the page gets."""

    head: dict[str, Any]
    blob: bytes


@dataclass(frozen=True)
class Shown:
    """The rows of the map: their numbers, features x (n, d), codes z (n, k) and places (n, 2)."""

    index: np.ndarray
    x: Tensor
    z: np.ndarray
    map: Map
    measured: dict[str, np.ndarray]
    p: np.ndarray | None  # (n, c) probabilities of labels, or predicted numbers
    flat: tuple[np.ndarray, np.ndarray] | None  # z = (h - mean) @ directions, of a model whose own codes h are wide

    def codes_at(self, at: np.ndarray) -> np.ndarray:
        """Places (m, 2) -> codes (m, k)."""
        if self.z.shape[1] <= 2:
            return at[:, : self.z.shape[1]]
        return interpolated(at, self.map.drawn, self.z)


def payload(
    model: System,
    X: Any,
    *,
    title: str = "",
    labels: Mapping[str, Any] | None = None,
    seed: int = 0,
    sampled: bool = False,
    remote: bool = False,
    sample: Sample | None = None,
    color: str | None = None,
    say: Say = lambda words: None,
) -> Payload:
    """All that the page of this model and these rows needs.

    Parameters
    ----------
    model : Autoencoder, OutlierDetector, Classifier, Regressor or MultiLabelClassifier
    X : as in fit
    title : str
    labels : dict of name to (n,) values, optional
        Further columns.
    seed : int
        Of the map.
    sampled : bool
        Whether the model drew the rows: the page says so.
    remote : bool
        Whether a server decodes what the page cannot.
    sample : Sample, optional
        Of which data set the rows of X are some: the page says so, and has their numbers.
    color : str, optional
        The column, measure or code that gives the points their colors at first; by default the first label, of a
        Regressor what it predicts.
    say : function of a text
        Told what is being done.
    """
    check_is_fitted(model)
    half = sides(model)
    say("reading the rows")
    index, x, n = read(model, X, MAX_ROWS)
    more = columns_given(labels, n)
    named = {name: [values[i] for i in index] for name, values in more.items()}
    say(f"drawing the map of {len(index):,} rows")
    shown = drawn(half, index, x, seed)
    numbers, n = (index, n) if sample is None else (sample.numbers[index], sample.of)
    box = box_around(shown.map.drawn, shown.map.method)
    tensors = Tensors()
    say("measuring the map")
    heat, quantiles = density(half.log_prob if half.k <= 2 else None, shown.codes_at, shown.map.drawn, box)
    columns, left_out = columns_of(model, half, X, shown, named, tensors)
    check_color(color, columns)
    say("writing the network as a program")
    head = {
        "version": 1,
        "title": title or type(model).__name__,
        "about": about(model, n, len(index), sampled),
        "model": type(model).__name__,
        "kind": model.format_.kind,
        "one": called(model),
        "k": shown.z.shape[1],
        "n": len(index),
        "rows": n,
        **computing(model, half, shown, box, tensors, remote),
        "map": told(shown.map, box),
        "density": {"log": tensors.add(heat, dtype="f32"), "box": list(box), "quantiles": quantiles},
        "places": tensors.add(shown.map.drawn, dtype="f32"),
        "codes": tensors.add(shown.z, dtype="f32"),
        "columns": columns,
        "color": color or first_number(half, columns),
        "left_out": left_out,
        "index": tensors.add(numbers.astype(np.int32), dtype="i32"),
        "ids": names(model, X, index),
        **pictures(model, shown),
        "regions": named_regions(model, shown, named),
        "fonts": None,
    }
    return Payload(head | {"tensors": tensors.table}, tensors.blob)


def first_number(half: Sides, columns: list[dict[str, Any]]) -> str | None:
    """What a regressor predicts."""
    measured = [about["name"] for about in columns if about["group"] == "measure"]
    return measured[0] if half.kind == "numbers" and measured else None


def check_color(color: str | None, columns: list[dict[str, Any]]) -> None:
    """Raise a DataError for what cannot color points."""
    if color is None:
        return
    check_columns("color", [color], [about["name"] for about in columns])
    if any(about["name"] == color and about["kind"] == "text" for about in columns):
        raise DataError(
            f"color={color!r} is a column of texts, of which nearly each row has another: name one with fewer levels"
        )


def columns_given(labels: Any, n: int) -> dict[str, list[Any]]:
    """Further columns of n rows, each by its name."""
    if labels is None:
        return {}
    if not hasattr(labels, "items"):
        raise DataError(f"labels={reprlib.repr(labels)}: give a dict of a name to one value per row, such as {{'town': towns}}")
    found = {str(name): checked(str(name), values, n) for name, values in labels.items()}
    if len(found) < len(labels):
        raise DataError(f"labels: two names are written alike, {reprlib.repr(list(labels))}: rename one of them")
    return found


def checked(name: str, values: Any, n: int) -> list[Any]:
    lists = not isinstance(values, (str, bytes, Mapping)) and hasattr(values, "__iter__") and getattr(values, "ndim", 1) == 1
    if not lists:
        raise DataError(f"labels[{name!r}] is {reprlib.repr(values)}: give a list or a column of {n:,} values, one per row")
    found = as_list(values)
    if len(found) != n:
        raise DataError(f"labels[{name!r}] has {len(found):,} values, but X has {n:,} rows: give one value per row")
    return found


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def features(model: System, X: Any) -> Iterator[Tensor]:
    """X -> chunks of x (b, d) in the precision of the network."""
    for x in model._features(X):
        yield from x.split(AT_ONCE)


def read(model: System, X: Any, most: int) -> tuple[np.ndarray, Tensor, int]:
    """The numbers of at most so many rows, evenly spaced; their features (m, d); the number of all rows."""
    most = min(most, max(1, VALUES // model.format_.width))
    kept: list[Tensor] = []
    n = 0
    for x in features(model, X):
        n += len(x)
        kept = [*kept, x] if n <= most else []
    if not n:
        raise DataError("X has no rows: there is nothing to explore")
    index = evenly(n, most)
    return index, torch.cat(kept) if kept else in_order_of(index, features(model, X)), n


def drawn(half: Sides, index: np.ndarray, x: Tensor, seed: int) -> Shown:
    """The map of these rows."""
    with torch.no_grad():
        rows = x.split(AT_ONCE)
        z = [half.encode(part) for part in rows]
        p = None if half.predict is None else torch.cat([half.predict(part) for part in z]).numpy()
        measured = {name: np.concatenate([*map(measure, rows, z)]) for name, measure in half.measures.items()}
    codes = torch.cat(z).double().numpy()
    if not np.isfinite(codes).all():
        raise DataError("some rows have codes that are no finite numbers: they have no place on a map")
    flat = None
    if half.decode is None:  # nothing is decoded from these codes: fewer numbers place the rows as well
        flat = flattened(codes)
        codes = (codes - flat[1]) @ flat[0]
    return Shown(index, x, codes, placed(codes, seed), measured, p, flat)


def placed(codes: np.ndarray, seed: int) -> Map:
    """The map of all rows; of many, t-SNE places some, and each other row lies between those with the nearest codes."""
    n = len(codes)
    if codes.shape[1] <= 2 or n <= MOST_OF_TSNE:
        return spread(codes, seed)
    some = evenly(n, MOST_OF_TSNE)
    found = spread(codes[some], seed)
    if found.method != "t-SNE":
        return spread(codes, seed)
    places = interpolated(codes, codes[some], found.places)
    places[some] = found.places
    note = f" t-SNE placed {len(some):,} of the {n:,} rows; each other row lies between those with the most similar codes."
    return replace(found, places=places, note=found.note + note)


def flattened(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n, k) -> the directions (k, DIRECTIONS) in which they vary most, and their mean (k,)."""
    mean = codes.mean(0)
    _, _, v = np.linalg.svd((codes - mean)[evenly(len(codes), 2000)], full_matrices=False)
    return v[:DIRECTIONS].T.copy(), mean


def called(model: System) -> str:
    """What a row is: of a matrix of counts, such as cells and their genes, no document."""
    format = model.format_
    return "picture" if format.kind == "images" else "document" if getattr(format, "texts", False) else "row"


def about(model: System, n: int, shown: int, sampled: bool = False) -> str:
    """A sentence under the title."""
    one = called(model)
    unit = one + "s" * (n != 1)
    some = f"{n:,} {unit}" if shown == n else f"{shown:,} of {n:,} {unit}"
    some += " drawn from the model" * sampled
    if isinstance(model, Autoencoder):
        k, share = model.n_components_, model.comparison_
        numbers = f"{k} number{'s' if k > 1 else ''}, which explain{'s' if k == 1 else ''}"
        where = "held-out" if share["held_out_rows"] else "training"
        seen = f", seen through {model.corruption}" * (model.corruption is not None)
        of = f"{share['autoencoder']:.0%} of the {where} {one}s{seen} ({share.linear}: {share['pca']:.0%})"
        return f"{some}; each is {numbers} {of}"
    return f"{some} as the {type(model).__name__} sees them"


def told(found: Map, box: Box) -> dict[str, Any]:
    """What the page needs to know of the map."""
    return {"method": found.method, "axes": found.axes, "note": found.note, "box": list(box), "near": NEAR}


def names(model: System, X: Any, index: np.ndarray) -> list[str] | None:
    """The names of the rows; None if they have only numbers."""
    known = Names(model.format_, X)
    return [known.name(i) for i in index.tolist()] if len(known.names) else None


# ── columns ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def columns_of(
    model: System, half: Sides, X: Any, shown: Shown, more: Mapping[str, list[Any]], tensors: Tensors
) -> tuple[list[dict[str, Any]], int]:
    """Labels, columns, measures and codes; and how many columns were left out."""
    own, left_out = own_columns(model, X, shown)
    groups: dict[str, dict[str, list[Any]]] = {"label": dict(more), "column": own, "measure": {}, "code": {}}
    if shown.p is not None:
        said = "{}" if half.kind == "numbers" else "p({})"
        each = zip(half.labels[:LABELS], shown.p.T, strict=False)
        groups["measure"] |= {said.format(name): p.tolist() for name, p in each}
    if half.decide is not None:
        groups["label"]["predicted (model)" if {"predicted"} & {*more, *own} else "predicted"] = predicted(half, shown)
    groups["measure"] |= {name: v.tolist() for name, v in shown.measured.items()}
    if isinstance(model, Autoencoder):
        groups["code"] = {f"z{j + 1}": z.tolist() for j, z in enumerate(shown.z.T[:CODES])}
    taken, found = {*own}, []
    for group, columns in groups.items():
        for name, values in columns.items():
            free = name if group == "column" or name not in taken else f"{name} ({group})"
            taken.add(free)
            found.append(column(free, group, values, tensors))
    return found, left_out


def predicted(half: Sides, shown: Shown) -> list[str]:
    """The labels that each row is given, in a text."""
    if shown.p is None or half.decide is None:
        return []
    given = half.decide(shown.p)
    return ["; ".join(name for name, yes in zip(half.labels, row, strict=True) if yes) or "(none)" for row in given]


def own_columns(model: System, X: Any, shown: Shown) -> tuple[dict[str, list[Any]], int]:
    """The cells of the shown rows, as they stand in X; of documents the texts, and the words that stand for them."""
    format, n = model.format_, len(shown.index)
    if isinstance(format, Documents):
        words = [", ".join(format.top(row, WORDS)) for row in shown.x.double().numpy()]
        texts = Names(format, X).texts
        standing = {"words" if format.texts else "most": words}
        return ({"text": [str(texts[i]) for i in shown.index]} if len(texts) else {}) | standing, 0
    if format.shape is not None:
        return {}, 0
    cells = format.cells(model._validated(X, reset=False), shown.index)
    kept = min(len(cells), max(1, CELLS // n))
    return dict(zip(format.columns[:kept], cells, strict=False)), len(cells) - kept


def pictures(model: System, shown: Shown) -> dict[str, Any]:
    """Small pictures of the rows, if they are pictures; how numbers are pixels, if they are those of an array."""
    shape = pixels(model.format_)
    if shape is None:
        return {"thumbnails": None, "pixels": None}
    seen = model.format_.from_array(shown.x.double())
    if model.format_.shape is not None:
        return {"thumbnails": thumbnails(seen), "pixels": None}
    seen = np.asarray(seen, dtype=np.float64).reshape(-1, *shape[1:])
    low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
    return {"thumbnails": thumbnails(seen), "pixels": {"shape": list(shape), "low": low, "high": high}}


def named_regions(model: System, shown: Shown, labels: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """The regions of the map as JSON."""
    found = regions(shown.map.drawn, shown.x.double().numpy(), model.format_, labels)
    return [
        {"name": region.name, "center": list(region.center), "rows": region.rows.tolist(), "says": list(region.says)}
        for region in found
    ]
