"""A fitted model as one function of tables: Arrow in, Arrow out, row for row; each process reads the model once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .. import engine as light
from ..engine import FittedAutoencoder, NoProgram
from ..errors import DataError, Once, check_columns, postponed, suggest, wrong_kind
from ..formats.blocks import WRITTEN
from ..formats.labeled import taken
from ..formats.tables import Tables
from ..loading import load
from ..storage import header
from .pictures import of_each

__all__ = ["PRECISIONS", "VERBS", "Applied", "check_sep", "loaded", "predicted", "tagged"]

PRECISIONS = ("float64", "float32")


def encoded(model: Any, X: Any) -> dict[str, Any]:
    if isinstance(model, FittedAutoencoder) and isinstance(model.format_, Tables):  # column by column, as Arrow has them
        x = model.format_.to_array(X, model.encoder.dtype, "F")
        model.format_.tell_far(x)
        codes = model.encoder.run(x)
    else:
        codes = model.transform(X)
    return {f"z{j + 1}": z for j, z in enumerate(np.ascontiguousarray(codes.T))}


def scored(model: Any, X: Any) -> dict[str, Any]:
    if model.format_.kind == "images":  # pixels are not columns
        return {"error": -model.score_samples(X)}
    errors = model.reconstruction_errors(X)
    return {"error": errors.sum(1)} | {f"error {name}": e for name, e in zip(model.format_.columns, errors.T, strict=True)}


def judged(model: Any, X: Any) -> dict[str, Any]:
    score = model.score_samples(X)
    return {"log p": score, "outlier": score < model.offset_}


def tagged(model: Any, X: Any, labels_sep: str = ";", top: int | None = None, proba: bool = False) -> dict[str, Any]:
    """The names of each row's labels, whatever Y was; and more of them, if asked for."""
    added: dict[str, Any] = {"labels": [labels_sep.join(map(str, names)) for names in model._names(X)]}
    if top:
        added["top"] = [f"{labels_sep} ".join(f"{name} {p:.2f}" for name, p in row) for row in model.top(X, top)]
    if proba:
        added |= {f"p {name}": p for name, p in zip(model.labels_.names, model.predict_proba(X).T, strict=True)}
    return added


def predicted(model: Any, X: Any) -> dict[str, Any]:
    """The numbers of each row, by the names of what was learned."""
    values = model.predict(X)
    values = values.reshape(len(values), -1)
    names = model.target_names_ or [f"y{j}" if j else "y" for j in range(values.shape[1])]
    if len(set(names)) < len(names):  # of a DataFrame
        names = [f"{name} {j}" for j, name in enumerate(names)]
    return {f"predicted {name}": np.ascontiguousarray(v) for name, v in zip(names, values.T, strict=True)}


def check_sep(clf: Any, sep: str) -> None:
    """Raise a DataError if joined labels could not be split again."""
    if not sep:
        raise DataError("a separator of labels that is empty separates nothing")
    for name in map(str, clf.labels_.names):
        if sep in name:
            raise DataError(f"the label {name!r} contains the separator {sep!r}: choose another one")


def imputed(model: Any, X: Any) -> dict[str, Any]:
    filled = model.impute(X)
    if not isinstance(filled, pa.Table):
        raise DataError("impute needs a model of a table, such as one that was fitted to a DataFrame or a Parquet file")
    return dict(zip(filled.column_names, filled.columns, strict=True))


VERBS: dict[str, tuple[Callable[..., dict[str, Any]], tuple[str, ...], bool]] = {
    "encode": (encoded, ("Autoencoder",), True),
    "score": (scored, ("Autoencoder",), False),
    "outliers": (judged, ("OutlierDetector",), False),
    "tag": (tagged, ("MultiLabelClassifier", "IndependentClassifiers"), True),
    "predict": (predicted, ("Regressor",), False),
    "impute": (imputed, ("Autoencoder",), True),
}  # what is done, the models that can, and whether NumPy is tried first


@dataclass(frozen=True)
class Applied:
    """A model, applied to an Arrow table: it gives a table with as many rows, in the same order.

    It holds the path of the model only, so that it can be sent to other processes; each of them reads the model once.

    Parameters
    ----------
    model : path
        A ``.diabolo`` file.
    verb : {"encode", "score", "outliers", "tag", "predict", "impute"}
        Columns of the result: ``z1`` ... of the codes; ``error`` and ``error COLUMN``; ``log p`` and ``outlier``;
        ``labels``, and with ``top=3, proba=True`` also ``top`` and ``p LABEL``; ``predicted NAME``; the columns
        themselves, with their gaps filled.
    keep : sequence of str, optional
        Columns of the table that go before these; None: all of them.
    options : dict, optional
        Those of the verb; ``alpha`` of "outliers".
    reading : dict, optional
        Fields of ``Reading`` in which the new table differs from that of fit, such as ``{"na": ("?",)}``.
    precision : {"float64", "float32"}, default="float64"
        Of the arithmetic and the results of "encode" and "impute" where NumPy runs the model. "float64" is what ``transform``
        gives; "float32" is twice as fast, and differs by about 1e-6.
    pictures : str, default=""
        The folder or zip of which a table names pictures, by their ``number``.

    Examples
    --------
    >>> import tempfile
    >>> from diabolo import Autoencoder
    >>> table = pa.table({"id": [1, 2, 3, 4], "a": [0.5, 1.5, 2.0, 4.0], "b": [1.0, 3.0, 4.0, 8.0]})
    >>> path = tempfile.mkdtemp() + "/m.diabolo"
    >>> Autoencoder(1, epochs=1, random_state=0).fit(table.select(["a", "b"])).save(path)
    >>> Applied(path, keep=("id",))(table).schema.names
    ['id', 'z1']
    """

    model: str
    verb: str = "encode"
    keep: Sequence[str] | None = ()
    options: dict[str, Any] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)
    precision: str = "float64"
    pictures: str = ""

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            allowed = " and ".join(map(repr, PRECISIONS))
            raise ValueError(f"precision={self.precision!r}: allowed are {allowed}{suggest(self.precision, PRECISIONS)}")
        if self.verb not in VERBS:
            raise ValueError(f"verb={self.verb!r}: allowed are {', '.join(map(repr, VERBS))}{suggest(self.verb, VERBS)}")
        object.__setattr__(self, "model", os.path.abspath(self.model))
        if isinstance(self.keep, str):
            raise ValueError(f"keep={self.keep!r}: give a list of names, such as keep=[{self.keep!r}]")
        object.__setattr__(self, "keep", None if self.keep is None else tuple(self.keep))

    def __call__(self, table: pa.Table, once: Once | None = None) -> pa.Table:
        """The results of a table; with `once`, no warning that was given for another one."""
        if not table.num_rows:  # of one row without values, to know the columns
            one = pa.table([pa.nulls(1, t) for t in table.schema.types], schema=table.schema)
            with postponed():  # nothing is to be said of it
                return self(one).slice(0, 0)
        act, model, once = VERBS[self.verb][0], self.loaded(), once or Once()
        options = {name: value for name, value in self.options.items() if name != "alpha"}

        def result(X: Any) -> dict[str, Any]:
            with once.giving():
                return act(model, X, **options)

        if self.pictures:
            c, h, w = model.format_.shape
            numbers, blank = table["number"].to_pylist(), np.zeros((h, w, c), np.uint8)
            return self._beside(table, of_each(result, self.pictures, numbers, blank))
        with once.giving():
            X = taken(model.format_, table, Path())
        return self._beside(table, result(X))

    def _beside(self, table: pa.Table, found: dict[str, Any]) -> pa.Table:
        there = [name for name in table.column_names if not name.startswith(WRITTEN)]
        kept = there if self.keep is None else list(self.keep)
        check_columns("keep", kept, there)
        for name in kept:
            if name in found and self.verb != "impute":
                raise DataError(f"what is written has a column {name!r} already: rename it in the data, or do not keep it")
        known = {name: table[as_kept(name, table.column_names)] for name in kept}
        columns = {name: found.get(name, known[name]) for name in kept} | found
        return pa.table([as_arrow(v) for v in columns.values()], names=[*columns])

    def loaded(self) -> Any:
        """The model, read once in each process."""
        stat = os.stat(self.model)
        said = json.dumps([self.options, self.reading, self.precision])
        return loaded(self.model, self.verb, said, stat.st_mtime_ns, stat.st_size)

    @property
    def columns(self) -> list[str] | None:
        """The columns of a table that are needed; None: all of them."""
        format = self.loaded().format_
        if self.keep is None or format.kind not in ("tables", "arrays"):
            return None
        return [*dict.fromkeys([*self.keep, *format.sources])]

    def note(self) -> dict[str, Any]:
        """What results of other models, or of other options, do not share."""
        said = {"options": self.options, "reading": self.reading, "keep": self.keep, "precision": self.precision}
        stat = os.stat(self.model)
        model = digest(self.model, stat.st_mtime_ns, stat.st_size, stat.st_ino)
        found: dict[str, Any] = json.loads(json.dumps({"model": model, "verb": self.verb, **said}))
        return found


def as_kept(name: str, names: Sequence[str]) -> str:
    """The column that is kept under this name: as it stands in the file, if that is there, too."""
    return WRITTEN + name if WRITTEN + name in names else name


def as_arrow(v: Any) -> Any:
    """A column of results; floats where they lie, for pa.array imports pandas."""
    if isinstance(v, pa.ChunkedArray):
        return v
    if not (isinstance(v, np.ndarray) and v.dtype in (np.float32, np.float64) and v.flags.c_contiguous):
        return pa.array(v)
    return pa.Array.from_buffers(pa.from_numpy_dtype(v.dtype), len(v), [None, pa.py_buffer(v)], 0)


@lru_cache(maxsize=4)
def digest(path: str, *changed: int) -> str:
    """Of the model in a file."""
    return header(path).digest


@lru_cache(maxsize=4)
def loaded(path: str, verb: str, said: str, *changed: int) -> Any:
    """The model in a file, with these options; in NumPy where that suffices, for PyTorch takes memory and seconds."""
    _, kinds, in_numpy = VERBS[verb]
    options, reading, precision = json.loads(said)
    kind = header(path).kind
    if kind not in kinds:
        raise wrong_kind(path, kind, verb, *kinds)
    model: Any = None
    if in_numpy:
        with suppress(NoProgram):
            model = light.load(path, None if precision == "float64" else np.float32)
    if model is not None and model.format_.shape is not None:  # pictures are seen by PyTorch
        model = None
    model = load(path) if model is None else model
    if options.get("alpha"):
        model.at(options["alpha"])
    if "labels_sep" in options:
        check_sep(model, options["labels_sep"])
    if reading:
        model.format_.reading = model.format_.reading.but(reading)
    return model
