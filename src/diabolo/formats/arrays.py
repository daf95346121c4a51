"""Arrays of numbers: ndarray, CSR/CSC matrix, ``.npy`` and ``.npz`` files.

    x_j = (X_j - mean_j) / scale_j          NaN = missing; columns of zeros and ones stay as they are

A column is scaled by its own standard deviation, unless all share one unit: arrays of uint8, and arrays whose values all
lie in [0, 1], are pictures or shares, and a pixel at the border that is seldom lit is not as important as one in the
middle. These become shares of 1 and keep their zero (mean_j = 0), so that every loss for [0, 1] suits them. What a
column's mean and scale are does not change what is returned: the inverse undoes them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from ..errors import DataError
from ..losses import Columns, Logistic, Loss, Part, Squared
from ..rows import Rows
from .base import IN_MEMORY, SAMPLE, Format, check_finite, named_loss, warn_empty
from .files import READABLE, read_table

__all__ = ["Arrays", "read_array"]

CHUNK = 16_384
NUMBERS = ("mean", "divisor", "middle", "spread")  # of each column


class Arrays(Format):
    """Numbers in rows and columns.

    Parameters
    ----------
    scale : {"auto", "each", "common"}
        "each": every column by its own standard deviation. "common": all columns by one. "auto": see above.

    Examples
    --------
    >>> format = Arrays().fit(np.array([[1.0, 20.0], [3.0, 60.0]]))
    >>> format.to_tensor(np.array([[1.0, 60.0]]))
    tensor([[-1.,  1.]], dtype=torch.float64)
    """

    kind = "arrays"

    def __init__(self, scale: str = "auto") -> None:
        if scale not in ("auto", "each", "common"):
            raise ValueError(f"scale={scale!r}: allowed are 'auto', 'each', 'common'")
        self.scale = scale

    @classmethod
    def accepts(cls, X: Any) -> bool:
        if isinstance(X, (str, Path)):
            return Path(X).suffix in (".npy", ".npz")
        if isinstance(X, np.ndarray):
            return X.dtype.kind in "fiubc" or (X.dtype.kind in "OSU" and X.ndim == 2)
        return sp.issparse(X) or isinstance(X, (list, tuple)) or torch.is_tensor(X) or hasattr(X, "__array__")

    def fit(self, X: Any) -> Arrays:
        X = matrix(X)
        self.dtype = X.dtype.str
        self.sparse = bool(sp.issparse(X))
        self.width = int(X.shape[1])
        self.columns = [f"x{j}" for j in range(self.width)]
        sample = dense(_some(X))
        check_finite(sample, self.columns)
        known = ~np.isnan(sample)
        self.gaps = ~known.all(0)
        warn_empty([name for name, some in zip(self.columns, known.any(0), strict=True) if not some])
        filled = np.where(known, sample, 0.0)
        n = np.maximum(known.sum(0), 1)
        self.binary = (known.any(0) & (~known | (sample == 0) | (sample == 1)).all(0)) & _both(sample)
        shares = _shares(sample, X.dtype) and not self.binary.all() and self.scale != "each"
        if X.dtype == np.uint8 and shares:
            self.binary[:] = False
        common = self.scale == "common" or shares
        self.mean = np.where(self.binary | shares, 0.0, filled.sum(0) / n)
        spread = np.sqrt((np.where(known, sample - self.mean, 0.0) ** 2).sum(0) / n)
        if common:
            self.common, self.divisor = True, np.full(self.width, _unit(X.dtype, sample))
        else:
            self.common, self.divisor = (
                False,
                np.where(self.binary | (spread < 1e-12 * np.maximum(1, abs(self.mean))), 1.0, spread),
            )
        self.smallest = float(np.min(np.abs(X.data[X.data != 0]), initial=np.inf)) if self.sparse else 0.0
        self._look(sample[:: max(1, len(sample) // 10_000)])
        return self

    def _look(self, sample: np.ndarray) -> None:
        """Robust centre and spread of the standardized numbers: what the curved path sees."""
        x = np.sort((sample - self.mean) / self.divisor, axis=0)  # NaN last
        n = (~np.isnan(x)).sum(0)
        at = [np.take_along_axis(x, np.maximum(((n - 1) * q).astype(int), 0)[None], 0)[0] for q in (0.25, 0.5, 0.75)]
        low, middle, high = (np.nan_to_num(v) for v in at)
        self.middle, self.spread = middle, np.clip((high - low) / 1.349, 0.05, 1.0)
        if self.common:
            self.middle = np.nan_to_num(x).sum(0) / np.maximum(n, 1)
            self.spread[:] = np.sqrt(np.nan_to_num((x - self.middle) ** 2).mean()) or 1.0
        self.middle[self.binary], self.spread[self.binary] = 0.0, 1.0

    def chunks(self, X: Any) -> Iterator[Any]:
        X = matrix(X)
        for start in range(0, len_(X), CHUNK):
            yield X[start : start + CHUNK]

    def rows(self, X: Any) -> Rows:
        X = matrix(X)
        if isinstance(X, np.memmap) or X.shape[0] * self.width * 4 > IN_MEMORY:
            return Rows(X, lambda rows: self.to_tensor(rows).float())
        return super().rows(X)

    def to_tensor(self, X: Any) -> Tensor:
        x = dense(matrix(X))
        if x.shape[1] != self.width:
            raise DataError(f"X has {x.shape[1]} features, but was fitted with {self.width}")
        check_finite(x, self.columns)
        return torch.from_numpy((x - self.mean) / self.divisor)

    def from_tensor(self, x: Tensor) -> Any:
        values = x.detach().cpu().double().numpy() * self.divisor + self.mean
        dtype = np.dtype(self.dtype)
        if dtype.kind in "iub":
            values = np.nan_to_num(values.round())
            if dtype.kind != "b":
                info = np.iinfo(dtype)
                values = values.clip(info.min, np.nextafter(float(info.max), 0) if info.bits == 64 else info.max)
        if self.sparse:
            values = np.where(abs(values) < 0.5 * self.smallest, 0.0, values)
            return sp.csr_matrix(values.astype(dtype))
        return values.astype(dtype)

    def original(self, x: Tensor) -> list[list[Any]]:
        values = x.detach().cpu().double().numpy() * self.divisor + self.mean
        return [list(column) for column in values.T]

    def loss(self, name: str = "auto") -> Loss:
        if name != "auto":
            return named_loss(name, self.width, [self.width])
        parts = []
        for loss, chosen in ((Squared(), ~self.binary), (Logistic(), self.binary)):
            index = tuple(np.flatnonzero(chosen).tolist())
            if index:
                parts.append(Part(loss, index, index, (1.0,) * len(index)))
        return Columns(parts)

    def view(self) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.middle).float(), torch.from_numpy(self.spread).float()

    def missing(self) -> list[int]:
        return [int(j) for j in np.flatnonzero(self.gaps)]

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta = {
            "scale": self.scale,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "common": self.common,
            "smallest": self.smallest if np.isfinite(self.smallest) else 0.0,
        }
        flags = (self.binary + 2 * self.gaps).astype(np.uint8)
        return meta, {name: _short(getattr(self, name)) for name in NUMBERS} | {"flags": flags}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Self:
        self = cls(meta["scale"])
        self._fill(meta, arrays)
        return self

    def _fill(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """What :meth:`state` told."""
        self.scale = meta["scale"]
        self.dtype, self.sparse, self.common = np.dtype(meta["dtype"]).str, bool(meta["sparse"]), bool(meta["common"])
        self.smallest = float(meta["smallest"])
        self.binary, self.gaps = arrays["flags"] % 2 == 1, arrays["flags"] >= 2
        self.width = len(arrays["flags"])
        for name in NUMBERS:
            setattr(self, name, _long(arrays[name], self.width))
        self._check()
        self.columns = [f"x{j}" for j in range(self.width)]

    def _check(self) -> None:
        """What comes from a file: shapes and types that fit together."""
        floats = [getattr(self, name) for name in NUMBERS]
        right = all(a.shape == (self.width,) and a.dtype == np.float64 for a in floats) and self.binary.shape == (self.width,)
        positive = right and bool((self.divisor > 0).all() and (self.spread > 0).all())
        if not positive or np.dtype(self.dtype).kind not in "fiub":
            raise DataError("the parts of an array format do not fit together")


def _some(X: Any) -> Any:
    """At most SAMPLE rows, spread over X, and no more than fit in memory."""
    most = min(SAMPLE, max(1000, 50_000_000 // max(1, X.shape[1])))
    return X if len_(X) <= most else X[np.linspace(0, len_(X) - 1, most).astype(int)]


def _short(v: np.ndarray) -> np.ndarray:
    """One number where all are equal: a file need not hold 784 times 255."""
    return v[:1] if len(v) and (v == v[0]).all() else v


def _long(v: np.ndarray, width: int) -> np.ndarray:
    """The inverse of :func:`_short`."""
    return np.repeat(v, width) if v.shape == (1,) else v


def _both(sample: np.ndarray) -> np.ndarray:
    return (sample == 0).any(0) & (sample == 1).any(0)


def _shares(sample: np.ndarray, dtype: np.dtype) -> bool:
    """Bytes, or values in [0, 1]."""
    return bool(dtype == np.uint8 or (np.nanmin(sample, initial=0.0) >= 0 and np.nanmax(sample, initial=0.0) <= 1))


def _unit(dtype: np.dtype, sample: np.ndarray) -> float:
    """The one divisor of arrays that share a unit: 255 for bytes, 1 for shares, else the mean spread."""
    if dtype == np.uint8:
        return 255.0
    if _shares(sample, dtype):
        return 1.0
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.nanmean(np.nan_to_num(sample - np.nanmean(sample, 0)) ** 2))) or 1.0


def len_(X: Any) -> int:
    return int(X.shape[0])


def dense(X: Any) -> np.ndarray:
    """float64, dense."""
    return np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)


def matrix(X: Any) -> Any:
    """A 2-D ndarray or CSR matrix of numbers from whatever holds one."""
    if isinstance(X, (str, Path)):
        X = read_array(X)
    if torch.is_tensor(X):
        X = X.detach().cpu().numpy()
    if sp.issparse(X):
        return X.tocsr()
    try:
        X = np.asanyarray(X)
        if X.dtype.kind not in "fiub":
            X = X.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"X cannot be read as an array of numbers ({error}): give a DataFrame for columns of other types"
        ) from None
    if X.ndim != 2:
        raise DataError(
            f"Expected 2D array, got {X.ndim}D array instead. Reshape your data with X.reshape(-1, 1) for one column, "
            "or X.reshape(len(X), -1) for pictures."
        )
    return X


def read_array(path: str | Path) -> Any:
    """``.npy`` (memory-mapped), a dense or sparse ``.npz``.

    A table's file is read as the array of its columns. An ``.npz`` of several arrays is read as its entry ``X``; or as
    ``X_data, X_indices, X_indptr, X_shape``.
    """
    path = Path(path)
    if str(path).endswith(READABLE):
        return np.column_stack([column.to_numpy() for column in read_table(path).columns])
    try:
        if path.suffix == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False)
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as z:
            if "X_indptr" in z:
                parts = (z["X_data"], z["X_indices"].astype(np.int32), z["X_indptr"])
                return sp.csr_matrix(parts, shape=tuple(z["X_shape"]))
            if "indptr" in z:
                return sp.csr_matrix(sp.load_npz(path))
            name = "X" if "X" in z.files else z.files[0]
            return z[name]
    except (ValueError, EOFError, LookupError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from None
    except OSError as error:
        if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError)):
            raise
        raise DataError(f"cannot read {str(path)!r}: it is not a numpy file ({error})") from None
