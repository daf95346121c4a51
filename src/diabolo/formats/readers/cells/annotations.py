"""What an ``.h5ad`` says of its cells and genes: the tables obs and var, and which columns of obs are labels.

anndata 0.8 to 0.12    obs/NAME, of categories obs/NAME/codes and obs/NAME/categories; obs/NAME/values and /mask
anndata 0.7            obs/NAME are codes, and refer to their categories
anndata 0.6            obs is one array of records; its categories are uns/NAME_categories
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ....errors import DataError, check_columns
from .hdf5 import honest, is_group, known, text, texts, wrong

__all__ = ["candidates", "ids", "index", "labels_of", "size"]


def _key(frame: Any) -> str:
    return text(frame.attrs["_index"]) if is_group(frame) else str(frame.dtype.names[0])


def size(frame: Any) -> int:
    """The number of rows of obs or var."""
    if not is_group(frame):
        return int(frame.shape[0])
    names = frame[_key(frame)]
    return int((names["values"] if is_group(names) else names).shape[0])


def index(frame: Any) -> list[str]:
    """The names of the rows of obs or var."""
    if not is_group(frame):
        honest(frame)
    return texts(frame[_key(frame)])


def ids(var: Any) -> list[str] | None:
    """Those that 10x gives genes, as scanpy names them."""
    return texts(var["gene_ids"]) if "gene_ids" in (var if is_group(var) else var.dtype.names) else None


def _names(obs: Any) -> list[str]:
    """The columns of obs."""
    return [text(name) for name in obs.attrs["column-order"]] if is_group(obs) else list(obs.dtype.names[1:])


def _parts(file: Any, name: str) -> tuple[Any, Any, Any]:
    """Where a column of obs lies: its values, or codes; its categories; and which are missing; None, if it has none."""
    obs = file["obs"]
    node = obs[name]
    if not is_group(obs):
        return node, file.get(f"uns/{name}_categories") if node.dtype.kind == "i" else None, None
    if not is_group(node):
        return node, file[node.attrs["categories"]] if "categories" in node.attrs else None, None
    known(node)
    if "codes" in node:
        return node["codes"], node["categories"], None
    if "values" in node:
        return node["values"], None, node["mask"]
    raise wrong(node, f"encoding {text(node.attrs.get('encoding-type', ''))!r} is not read: is it of a newer anndata?")


def candidates(file: Any) -> str:
    """Tells which columns of obs could be labels."""
    found = []
    for name in _names(file["obs"]):
        try:
            values, categories, _ = _parts(file, name)
        except (DataError, KeyError):
            continue  # what is wrong with it is said when it is asked for
        if categories is not None:
            many = (categories["values"] if is_group(categories) else categories).shape[0]
            found += [(name, f"{many:,} classes")] if 1 < many < values.shape[0] else []
        elif values.dtype.kind == "b":
            found.append((name, "yes or no"))
    said = ", ".join(f"{name} ({what})" for name, what in found)
    return f"columns of obs that could be labels: {said}; labels={found[0][0]!r} makes them Y" if found else ""


def labels_of(file: Any, labels: str | Sequence[str]) -> tuple[Any, str]:
    """Y, and what was decided: classes or numbers, one for each cell; or columns of yes and no."""
    names = _asked(file, labels)
    found = {name: _column(file, name) for name in names}
    none = next((name for name, y in found.items() if not isinstance(y, pa.Array)), None)
    if none is None:
        unknown = sum(y.null_count for y in found.values())
        return pa.table(found), f"Y is {', '.join(names)} of obs, yes or no each{f'; unknown: {unknown:,}' if unknown else ''}"
    if len(names) > 1:
        raise DataError(
            f"labels={','.join(names)!r} of {file.filename!r}: several labels are yes or no each, but {none!r} is not: give "
            "one column of classes, or columns of booleans"
        )
    y = found[none]
    unknown = int(np.count_nonzero(y != y) if y.dtype.kind == "f" else sum(v is None for v in y))
    what = f"{len(set(y) - {None}):,} classes" if y.dtype.kind in "OU" else "a number for each cell"
    return y, f"Y is {none} of obs, {what}{f'; unknown: {unknown:,}' if unknown else ''}"


def _asked(file: Any, labels: str | Sequence[str]) -> list[str]:
    there = _names(file["obs"])
    names = [labels] if labels in there else labels.split(",") if isinstance(labels, str) else list(labels)
    names = [name if name in there else name.strip() for name in names]
    check_columns(f"labels of {file.filename!r}", names, there)
    return names


def _column(file: Any, name: str) -> Any:
    """A column of obs: an Arrow array of booleans, numbers (NaN: missing), or texts (None: missing)."""
    values, categories, mask = _parts(file, name)
    v = np.asarray(values[()])
    gone = np.zeros(len(v), bool) if mask is None else mask[()].astype(bool)
    if categories is not None:
        classes = texts(categories)
        if len(v) and not -1 <= v.min() <= v.max() < len(classes):
            raise wrong(file["obs"], f"{name!r} has codes from {v.min()} to {v.max()}, but {len(classes):,} categories")
        return _plain(np.array([*classes, None], object)[v])
    if v.dtype.kind == "b":
        return pa.array(v, pa.bool_(), mask=gone)
    if v.dtype.kind in "fiu":
        return np.where(gone, np.nan, v) if gone.any() else v
    return _plain(np.array([None if out else text(t) for t, out in zip(v.tolist(), gone, strict=True)], object))


def _plain(y: np.ndarray) -> np.ndarray:
    """An array of str, if no class is unknown."""
    return y if any(v is None for v in y) else y.astype(str)
