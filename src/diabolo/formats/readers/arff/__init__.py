"""ARFF, WEKA's tables: dense or sparse rows under a header that types them; with the labels of Mulan and MEKA.

    @relation 'scene: -C 6'          header.py: words, attributes
    @attribute Beach {0,1}           labels.py: which attributes are labels, and which value is a 1
    @attribute Att1 numeric
    @data
    0, 0.646467, ...                 rows.py: one value for each attribute -> a table, Y a table of 0, 1 and null
    {1 0.646467, 6 1} , {2.5}        sparse.py: number of an attribute, its value -> CSR matrices; the weight of a row

The truth is what WEKA reads, version 3.9; where it takes a guess that can be wrong, there is an error here. liac-arff and
scipy.io.arff are not used: liac-arff truncates values of integer attributes, reads no dates, no weights and no comments behind
values, and keeps the last of two values for one attribute; scipy reads no sparse rows and no texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ....deferred import sp
from ....errors import DataError
from ...base import MAX_BYTES_IN_MEMORY
from ..dataset import Dataset
from ..growing import Growing
from .dates import pattern_of
from .header import Attribute, Source
from .labels import Labels, found_labels, meaning_of, some
from .rows import arrow_type, dense, kept
from .sparse import sparse_columns, sparse_entries
from .writer import write

__all__ = ["kind", "read", "write"]


def kind(path: Path, *, labels: str | Path | int | None = None, encoding: str | None = None) -> str:
    """Whether a file is a "table", or a "matrix": sparse rows of numbers."""
    source = Source(path, encoding)
    chosen = {*found_labels(path, source.header, labels).places}
    return "matrix" if _is_sparse(source) and _are_numbers(source.header.attributes, chosen) else "table"


def read(path: Path, *, labels: str | Path | int | None = None, encoding: str | None = None) -> Dataset:
    """What an ARFF file holds.

    Parameters
    ----------
    path : Path
        Of the file, ``.arff`` or ``.arff.gz``.
    labels : path or int, optional
        An XML of Mulan's, or how many attributes are labels: the first ones, or, of a negative number, the last ones.
        None: as an XML beside the file says, or -C in the name of its relation.
    encoding : str, optional
        None: UTF-8, or UTF-16 with its mark.

    Returns
    -------
    Dataset
        X (n, d) is a table, or, of sparse rows of numbers, a CSR matrix; Y (n, k), if there are labels, is likewise.
    """
    source = Source(path, encoding)
    found = found_labels(path, source.header, labels)
    attributes, decided = _with_known_dates(source.header.attributes)
    if source.header.weighted:
        decided.append(f"weights of attributes are not used: {source.header.weighted:,} have one")
    chosen = {*found.places}
    meanings = {}
    for j, attribute in enumerate(attributes):
        meaning, said = meaning_of(path, attribute, j in chosen)
        if meaning is not None:
            meanings[j] = meaning
        decided += [said] if said else []
    sparse = _is_sparse(source)
    if sparse and _are_numbers(attributes, chosen):
        return _matrix(source, attributes, found, meanings, decided)
    return _table(source, attributes, found, meanings, decided, sparse)


def _is_sparse(source: Source) -> bool:
    """Whether the first row stands in braces; looked at without taking it."""
    for line in source.ahead():
        if line.lstrip(" \t,")[:1] not in ("", "%"):
            return line.lstrip(" \t").startswith("{")
    raise DataError(f"{str(source.path)!r} has a header, but no rows")


def _are_numbers(attributes: Sequence[Attribute], labels: set[int]) -> bool:
    return all(attribute.binary or j in labels for j, attribute in enumerate(attributes))


def _with_known_dates(attributes: Sequence[Attribute]) -> tuple[list[Attribute], list[str]]:
    """Dates in a pattern that cannot be read for sure are texts."""
    unknown = [a for a in attributes if a.kind == "date" and not pattern_of(a.pattern).known]
    said = [f"attribute {a.name!r} is left as text: its pattern of dates, {a.pattern!r}, has no sure reading" for a in unknown]
    return [replace(a, kind="text") if a in unknown else a for a in attributes], said


def _table(
    source: Source, attributes: list[Attribute], labels: Labels, meanings: dict[int, Any], decided: list[str], sparse: bool
) -> Dataset:
    schema = pa.schema([(attribute.name, arrow_type(attribute)) for attribute in attributes])
    weights: list[tuple[int, Any]] = []

    def batches() -> Any:
        for batch, weight in (sparse_columns if sparse else dense)(source, attributes):
            weights.append((batch.num_rows, weight))
            yield batch

    table = kept(batches(), schema)
    if not table.num_rows:
        raise DataError(f"{str(source.path)!r} has a header, but no rows")
    Y = None
    if labels.places:
        columns = [_label(source, attributes[j], table.column(j), meanings.get(j)) for j in labels.places]
        Y = pa.table(columns, names=[attributes[j].name for j in labels.places])
    X = table.drop_columns([attributes[j].name for j in labels.places])
    return Dataset(
        X, Y, weights=_weights(weights), decided=_said(labels, decided, attributes, weights, sparse, meanings, False)
    )


def _label(source: Source, attribute: Attribute, column: pa.ChunkedArray, meaning: dict[str, int] | None) -> pa.ChunkedArray:
    """A column as 0, 1 and null."""
    if meaning is not None:
        numbers = pa.array([meaning[value] for value in attribute.values], pa.int8())
        return pa.chunked_array([numbers.take(chunk.indices) for chunk in column.chunks], pa.int8())
    wrong = pc.and_(pc.not_equal(column, 0), pc.not_equal(column, 1))
    if pc.any(wrong).as_py():
        row = pc.index(wrong, True).as_py()
        raise _no_label(source, attribute, column[row].as_py(), row)
    return column.cast(pa.int8())


def _no_label(source: Source, attribute: Attribute, value: float, row: int) -> DataError:
    return DataError(
        f"{str(source.path)!r}: label {attribute.name!r} is {value:g} in row {row:,}, counted from 0: expected 0 or 1 "
        "(what MEKA calls multi-target is not multi-label)"
    )


def _matrix(
    source: Source, attributes: list[Attribute], labels: Labels, meanings: dict[int, Any], decided: list[str]
) -> Dataset:
    """Entries as they come, into two matrices: of the labels, and of all other attributes."""
    label = np.zeros(len(attributes), bool)
    label[labels.places] = True
    x, y = Stack(np.float64, ~label), Stack(np.float64, label)
    weights: list[tuple[int, Any]] = []
    for n, row, column, value, weight in sparse_entries(source, attributes, meanings):
        x.add(n, row, column, value)
        y.add(n, row, column, value)
        weights.append((n, weight))
    X, Y = x.matrix(), y.matrix()
    names = [attribute.name for attribute in attributes]
    dataset = Dataset(
        X,
        columns=[name for name, is_label in zip(names, label, strict=True) if not is_label],
        weights=_weights(weights),
        decided=_said(labels, decided, attributes, weights, True, meanings, True),
    )
    if not labels.places:
        return dataset
    wrong = np.flatnonzero((Y.data != 1) & ~np.isnan(Y.data))
    if len(wrong):
        attribute = attributes[labels.places[Y.indices[wrong[0]]]]
        raise _no_label(source, attribute, Y.data[wrong[0]], int(np.searchsorted(Y.indptr, wrong[0], "right")) - 1)
    named = [attributes[j].name for j in labels.places]
    if np.isnan(Y.data).any():
        return replace(dataset, Y=_with_unknown(source, Y, named))
    return replace(dataset, Y=Y.astype(np.int8), labels=named)


class Stack:
    """Entries of some columns -> a CSR matrix."""

    def __init__(self, dtype: Any, chosen: np.ndarray) -> None:
        self.chosen, self.place = chosen, np.cumsum(chosen, dtype=np.int32) - 1
        self.counts, self.columns, self.values = Growing(np.int64), Growing(np.int32), Growing(dtype)

    def add(self, n: int, row: np.ndarray, column: np.ndarray, value: np.ndarray) -> None:
        """Entries of n further rows."""
        mine = self.chosen[column]
        self.counts.add(np.bincount(row[mine], minlength=n))
        self.columns.add(self.place[column[mine]])
        self.values.add(value[mine])

    def matrix(self) -> Any:
        """All rows."""
        starts = np.concatenate([[0], np.cumsum(self.counts.array())])
        starts = starts.astype(np.int32) if starts[-1] <= np.iinfo(np.int32).max else starts
        columns = self.columns.array()
        shape = len(starts) - 1, int(self.chosen.sum())
        return sp.csr_matrix((self.values.array(), columns.astype(starts.dtype, copy=False), starts), shape=shape, copy=False)


def _with_unknown(source: Source, Y: Any, names: list[str]) -> pa.Table:
    """Labels of which some are not known, as a table."""
    if Y.shape[0] * Y.shape[1] > MAX_BYTES_IN_MEMORY:
        raise DataError(
            f"{str(source.path)!r}: of {Y.shape[0]:,} x {Y.shape[1]:,} labels some are missing: leave out these rows"
        )
    columns = Y.tocsc()
    return pa.table(
        {
            name: pa.array(columns[:, [k]].toarray()[:, 0], pa.int8(), from_pandas=True, safe=False)
            for k, name in enumerate(names)
        }
    )


def _weights(pieces: list[tuple[int, Any]]) -> np.ndarray | None:
    if all(some is None for _, some in pieces):
        return None
    return np.concatenate([np.ones(n) if some is None else some for n, some in pieces])


def _said(
    labels: Labels,
    decided: list[str],
    attributes: list[Attribute],
    weights: list[tuple[int, Any]],
    sparse: bool,
    meanings: dict[int, Any],
    matrix: bool,
) -> tuple[str, ...]:
    """What was decided."""
    said, chosen = [labels.said, *decided], {*labels.places}
    if sparse:
        said.append("rows are sparse: a number that a row leaves out is 0, and a category its first declared value")
        ones = [attributes[j].name for j, meaning in meanings.items() if next(iter(meaning.values()), 0) == 1]
        said += [f"left out means 1 where 1 is declared first, which is so of {some(ones)}"] if ones else []
        texts = [a.name for a in attributes if a.kind == "text"]
        said += [f"a text that a row leaves out is missing, in {some(texts)}"] if texts else []
        dates = [a.name for a in attributes if a.kind == "date"]
        said += [f"a date that a row leaves out is 1970-01-01, in {some(dates)}"] if dates else []
        nominal = sum(a.kind == "nominal" and j not in chosen for j, a in enumerate(attributes))
        said += [f"{nominal:,} nominal attributes of 0 and 1 are numbers here"] if matrix and nominal else []
    if any(some is not None for _, some in weights):
        said.append("rows have weights, in braces at their ends (else 1): used only as sample_weight=dataset.weights")
    return tuple(said)
