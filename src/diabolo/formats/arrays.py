"""Arrays of numbers: ndarray, masked array, sparse matrix, ``.npy`` and ``.npz`` files.

    x_j = squashed (X_j - mean_j) / divisor_j, see scale.py        NaN = missing; columns of zeros and ones stay as they are

Each column has its own scale, the same as in a table, whatever its type: bytes are numbers like others. Only what is plainly
a picture has one unit for all, a share of 1, and keeps its zero (mean_j = 0), so that every loss for [0, 1] suits it and a
pixel at the border that is seldom lit is not as important as one in the middle: 64 columns or more in [0, 1] that reach about
as far (pixels of one byte as rows: divide them by 255, or give pictures as an array (n, height, width)).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from ..deferred import is_sparse, is_tensor, sp, torch
from ..errors import DataError, warn
from ..losses import Clipped, Columns, Logistic, Loss, Part, Squared
from ..rows import Rows, evenly
from ..sentinels import odd, warn_odd
from .base import MAX_BYTES_IN_MEMORY, SAMPLE, Format, check_finite, named_loss, neither, not_held, warn_empty
from .delimited import MISSING
from .layout import ending
from .matrices import SPARSE, by_name, dense, len_, matrix, names_of, options_of
from .readers import NamedMatrix, opened, reads
from .scale import (
    BLOCK,
    FAR,
    LARGEST,
    LOOKED_AT,
    NEAR,
    alike,
    decoded,
    describe_kinds,
    encoded,
    framed,
    measured,
    origins,
    shifted,
    six_digits,
    together,
    within,
    yes_or_no,
)
from .suspects import looks_like_codes

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Arrays"]

CHUNK = 16_384
NUMBERS = ("mean", "divisor", "knee", "shift", "stretch", "middle", "spread", "share")  # of each column
LIMITS = ("low", "high")  # of its estimates, counted from `origin`


class Arrays(Format):
    """Numbers in rows and columns.

    Parameters
    ----------
    scale : {"auto", "each", "common"}
        "each": every column has its own. "common": all share one unit. "auto": 64 or more columns in [0, 1] that reach about
        as far share it, all others have their own.

    Examples
    --------
    >>> format = Arrays().fit(np.array([[1.0, 20.0], [3.0, 60.0]]))
    >>> format.to_array(np.array([[1.0, 60.0]]))
    array([[-1.,  1.]])
    >>> format
    Arrays(2 numbers; array of float64)
    """

    kind = "arrays"
    mean: np.ndarray
    divisor: np.ndarray
    knee: np.ndarray
    shift: np.ndarray
    stretch: np.ndarray
    middle: np.ndarray
    spread: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    origin: np.ndarray

    def __init__(self, scale: str = "auto") -> None:
        if scale not in ("auto", "each", "common"):
            raise ValueError(f"scale={scale!r}: allowed are 'auto', 'each', 'common'")
        self.scale = scale

    def _line(self) -> str:
        if not hasattr(self, "divisor"):
            return f"{type(self).__name__}(scale={self.scale!r})"
        yes, squashed = int(self.binary.sum()), int((self.knee < FAR).sum())
        kinds = describe_kinds(
            {"numbers": self.width - yes, "yes or no": yes, "with gaps": int(self.gaps.sum()), "squashed": squashed}
        )
        unit = ", one unit for all" if self.common else ""
        return f"{type(self).__name__}({kinds}{unit}; {self.sparse or 'array'} of {np.dtype(self.dtype).name})"

    @classmethod
    def accepts(cls, X: Any) -> bool:
        if isinstance(X, (str, Path)):
            return ending(X).endswith(".npy") or reads(X, "matrix", "counts")
        if isinstance(X, np.ndarray):
            return X.dtype.kind in "fiubcmMV" or (X.dtype.kind in "OSU" and X.ndim == 2)
        return (
            isinstance(X, NamedMatrix)
            or is_sparse(X)
            or isinstance(X, (list, tuple))
            or is_tensor(X)
            or hasattr(X, "__array__")
        )

    def fit(self, X: Any) -> Arrays:
        X = opened(X)
        names, given, self.options = names_of(X), type(X).__name__, options_of(X)
        X = matrix(X)
        self.dtype = X.dtype.str
        self.sparse = (given if given in SPARSE else type(X).__name__) if is_sparse(X) else ""
        self.width = int(X.shape[1])
        self._name(names)
        self.smallest = float(np.abs(X.data[X.data != 0].astype(np.float64)).min(initial=np.inf)) if self.sparse else 0.0
        sample = _some(X)
        self.origin = origins(sample)
        size = max(1, BLOCK // max(1, len(sample)))
        codes: list[tuple[str, str, int]] = []
        parts = [self._measure(sample, slice(j, j + size), codes) for j in range(0, self.width, size)]
        low, high, *found, self.binary, self.gaps = (np.concatenate(values) for values in zip(*parts, strict=True))
        self.above = low + self.origin >= 0
        for name, values in zip(NUMBERS, found, strict=True):
            setattr(self, name, values)
        warn_odd(codes)
        warn_empty([name for name, least in zip(self.columns, low, strict=True) if np.isinf(least)])
        self._tell_codes(sample)
        self.common = self.scale == "common" or (self.scale == "auto" and alike(low, high) and not self.binary.all())
        self.side = 0
        if self.common:
            self._share(sample)
        self._limit(low, high)
        return self

    def _limit(self, low: np.ndarray, high: np.ndarray) -> None:
        """The range of estimates: that of each column; of a column without values, and of all that share a unit, none."""
        free = np.isinf(low) | self.common
        self.low, self.high = np.where(free, -LARGEST, low), np.where(free, LARGEST, high)

    def _name(self, names: list[str] | None) -> None:
        """The columns: those of the file, or x0, x1, ..."""
        self.has_names = names is not None
        self.columns = [f"x{j}" for j in range(self.width)] if names is None else list(names)

    def _matrix(self, X: Any) -> Any:
        """X with the columns that were fitted."""
        X = opened(X, self.options)
        if not self.has_names:
            return matrix(X)
        return matrix(X.of(self.columns) if isinstance(X, NamedMatrix) else by_name(X, self.columns))

    def _measure(self, sample: np.ndarray, block: slice, codes: list[tuple[str, str, int]]) -> tuple[np.ndarray, ...]:
        """Smallest and largest value, NUMBERS, binary and gaps of some columns; adds to `codes` what may mean "missing"."""
        v = np.ascontiguousarray(self._counted(sample[:, block], self.origin[block]).T)
        check_finite(v.T, self.columns[block])
        known = ~np.isnan(v)
        low, high = np.fmin.reduce(v, 1, initial=np.inf), np.fmax.reduce(v, 1, initial=-np.inf)
        binary = (low == 0) & (high == 1) & (~known | (v == 0) | (v == 1)).all(1) | (sample.dtype == bool)
        share = np.where(binary, np.where(known, v, 0.0).sum(1) / np.maximum(known.sum(1), 1), 0.5)
        scale = measured(v)
        for one, value in zip(scale, (0.0, 1.0, FAR, 0.0, 1.0, 0.0, 1.0), strict=True):
            one[binary] = value
        names = self.columns[block]
        seen = ((j, self.origin[block][j] + value, n) for j, value, n in odd(v) if not binary[j])
        codes += [(names[j], f"{value:.15g}", n) for j, value, n in seen if value or not self.sparse]  # 0: what is left out
        return low, high, *scale, share, binary, ~known.all(1)

    def _tell_codes(self, sample: np.ndarray) -> None:
        """Warn of few whole numbers with gaps, as in a table."""
        head = sample[:LOOKED_AT]
        whole = np.flatnonzero((head >= 1).all(0) & (head % 1 == 0).all(0)) if head.dtype != bool else np.zeros(0, int)
        codes = {self.columns[j]: found for j in whole if (found := looks_like_codes(pa.array(sample[:, j])))}
        if codes:
            shown = ", ".join(f"{name!r} ({', '.join(map(str, found[:5]))})" for name, found in [*codes.items()][:5])
            warn(
                f"column(s) {shown} hold few whole numbers with gaps, like codes: they are read as quantities. If they are "
                "codes, give a table, pd.DataFrame(X), and say categories= in fit"
            )

    def _share(self, sample: np.ndarray) -> None:
        """One unit for all columns; those of pictures keep their zero."""
        some = self._counted(sample[:: max(1, len(sample) // LOOKED_AT)], self.origin).T
        unit, zero = _unit(sample.dtype, some)
        if sample.dtype == np.uint8:
            self.binary[:] = False
        for name, values in together(some, np.where(zero, 0.0, self.mean), unit)._asdict().items():
            setattr(self, name, np.where(self.binary, getattr(self, name), values))
        self.side = framed(encoded(some.T, *self.unit)) if self.are_shares else 0

    def _counted(self, X: Any, origin: np.ndarray) -> np.ndarray:
        """Values (n, d) as float64; whole numbers too large for it by their distance from `origin`."""
        return shifted(X.astype(np.int64), origin) if origin.any() and X.dtype.kind in "iu" else dense(X) - origin

    def chunks(self, X: Any) -> Iterator[Any]:
        X = self._matrix(X)
        for start in range(0, len_(X), CHUNK):
            yield X[start : start + CHUNK]

    def rows(self, X: Any) -> Rows:
        X = self._matrix(X)
        if isinstance(X, np.memmap) or X.shape[0] * self.width * 4 > MAX_BYTES_IN_MEMORY:
            return Rows(X, self.to_array)
        return super().rows(X)

    def to_array(self, X: Any) -> np.ndarray:
        X = self._matrix(X)
        if X.shape[1] != self.width:
            raise DataError(f"X has {X.shape[1]} features, but was fitted with {self.width}")
        v = np.ascontiguousarray(self._counted(X.toarray() if is_sparse(X) else X, self.origin))
        check_finite(v, self.columns)
        x = encoded(v, *self.unit)
        outside = self.binary & (v != 0) & (v != 1) & ~np.isnan(v)
        return np.where(outside, np.copysign(np.inf, v), x) if outside.any() else x

    def by_column(self) -> Self:
        self.scale = "each"
        return self

    def from_zero(self) -> Self:
        self.scale = "common" if self.scale == "auto" else self.scale
        return self

    def quantities(self) -> np.ndarray:
        return np.zeros(self.width, dtype=bool) if self.common else ~np.asarray(self.binary)

    def unit_of(self, j: int) -> tuple[float, ...]:
        return tuple(float(values[j]) for values in self.unit)

    def likeliest(self, e: Tensor, columns: Iterable[int] | None = None) -> Tensor:
        e = e.clone()
        for j in range(self.width) if columns is None else columns:
            if self.binary[j]:
                e[:, j] = e[:, j].round()
        return e

    def cell(self, j: int, value: Any) -> np.ndarray:
        try:
            x = np.array([self.one(j, float(value))])
        except (TypeError, ValueError):
            raise DataError(f"given {self.columns[j]!r}: {value!r} is no number") from None
        if self.binary[j] and value not in (0, 1):
            raise neither(self.columns[j], value)
        if np.dtype(self.dtype).kind in "iu" and float(value) != np.round(float(value)):
            raise not_held(self.columns[j], value, f"{np.round(float(value)):.0f}")
        return x

    @property
    def unit(self) -> tuple[np.ndarray, ...]:
        """The arguments of :func:`scale.encoded`."""
        return self.mean, self.divisor, self.knee, self.shift, self.stretch

    def one(self, j: int, value: float) -> float:
        """A number in column j -> its feature."""
        return float(encoded(np.array(value - self.origin[j]), *(values[j] for values in self.unit)))

    def values(self, x: Any) -> np.ndarray:
        """x (n, d) -> numbers (n, d) in their own units, float64."""
        return self._apart(x) + self.origin

    def _apart(self, x: Any) -> np.ndarray:
        v = decoded(np.asarray(x, dtype=np.float64), *self.unit)
        return np.where(self.binary, v.clip(0, 1), v) if np.isinf(v).any() else v

    def from_array(self, x: Any) -> Any:
        dtype, v = np.dtype(self.dtype), self._apart(x)
        if dtype.kind in "iub":
            found = _whole(v, self.origin, dtype)
        else:
            info = np.finfo(dtype)
            found = (v + self.origin).clip(float(max(info.min, -LARGEST)), float(min(info.max, LARGEST))).astype(dtype)
        if self.sparse:
            found = np.where(abs(found) < 0.5 * self.smallest, 0, found).astype(dtype)
            return getattr(sp, self.sparse)(found)
        return found

    def cells(self, X: Any, rows: np.ndarray) -> list[list[Any]]:
        some = self._matrix(X)[rows]
        columns = (some.toarray() if is_sparse(some) else np.asarray(some)).T.tolist()
        return [[None if v != v else v for v in column] for column in columns]

    def filled(self, X: Any, x: Any, e: Any) -> Any:
        given, new = self._matrix(X), self._limited(self.from_array(e))
        if is_sparse(given):
            out = X.copy() if is_sparse(X) else given.copy()
            at = out.tocoo()
            gaps = np.isnan(at.data)
            out.data[gaps] = dense(new)[at.row[gaps], at.col[gaps]]
            return out
        out = np.array(given)
        gaps = np.isnan(out)
        out[gaps] = dense(new)[gaps]
        return out

    def _limited(self, found: Any) -> Any:
        """Estimates within the range that fit saw."""
        if is_sparse(found):
            return type(found)(self._limited(found.toarray()))
        if found.dtype.kind == "f":
            with np.errstate(over="ignore"):  # of no limit
                return found.clip(*((limit + self.origin).astype(found.dtype) for limit in (self.low, self.high)))
        return found.clip(*(_whole(limit, self.origin, found.dtype) for limit in (self.low, self.high)))

    def original(self, x: Any) -> list[list[Any]]:
        v, dtype = self.values(x), np.dtype(self.dtype)
        possible = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(np.float64)
        return [list(column) for column in v.clip(possible.min, possible.max).T]

    def loss(self, name: str = "auto") -> Loss:
        if name != "auto":
            return named_loss(name, self.width, [self.width])
        parts = []
        for loss, chosen in ((Clipped() if self.are_shares else Squared(), ~self.binary), (Logistic(), self.binary)):
            index = tuple(np.flatnonzero(chosen).tolist())
            if index:
                weights = tuple(yes_or_no(float(self.share[j])) if self.binary[j] else 1.0 for j in index)
                parts.append(Part(loss, index, index, weights))
        return Columns(parts)

    @property
    def are_shares(self) -> bool:
        return bool(self.common and self.architecture == "dense" and self.above.all() and not self.mean.any())

    def ordinary(self) -> np.ndarray:
        return np.asarray((self.knee >= FAR) & ~self.binary & (not self.common))

    def tiny(self) -> np.ndarray:
        low = self.low + self.origin
        some = self.quantities() & (low > 0)
        return np.stack([encoded(np.where(some, v - self.origin, self.mean), *self.unit) for v in (0 * low, low / 10)])

    def reach(self) -> np.ndarray:
        some = self.quantities() & (self.low < self.high) & (self.low > -LARGEST)
        ends = ((self.low, -np.inf), (self.high, np.inf))
        return np.stack([np.where(some, encoded(np.where(some, end, self.mean), *self.unit), free) for end, free in ends])

    def yes_or_no(self) -> np.ndarray:
        return np.asarray(self.binary)

    def positive(self) -> np.ndarray:
        return self.above

    def knees(self) -> np.ndarray:
        return np.where(self.knee == NEAR, NEAR / self.stretch, np.inf)

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
            "side": self.side,
            "smallest": self.smallest if np.isfinite(self.smallest) else 0.0,
            "columns": self.columns if self.has_names else None,
        }
        flags = (self.binary + 2 * self.gaps + 4 * self.above).astype(np.uint8)
        return meta, {name: _short(getattr(self, name)) for name in (*NUMBERS, *LIMITS, "origin")} | {"flags": flags}

    def described(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        dtype = np.dtype(self.dtype)
        usual = "double" if dtype.kind == "f" else dtype.name
        arrow = {"f2": "halffloat", "f4": "float", "b1": "bool"}.get(dtype.str[1:], usual)
        origin = [*map(str, self.origin)] if self.origin.any() else None
        digits = np.array([max(0, six_digits(u)) for u in self.divisor], dtype=np.int32)
        meta = {"arrow": arrow, "smallest": self.smallest, "origin": origin, "missing": MISSING}
        flags = (self.binary + 2 * self.gaps).astype(np.uint8)
        return meta, {"unit": np.stack(self.unit, 1), "digits": digits, "flags": flags}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Self:
        self = cls(meta["scale"])
        self._fill(meta, arrays)
        return self

    def _fill(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """The inverse of :meth:`state`."""
        self.scale = meta["scale"]
        self.dtype, self.sparse, self.common = np.dtype(meta["dtype"]).str, str(meta["sparse"]), bool(meta["common"])
        self.smallest, self.side = float(meta["smallest"]), int(meta.get("side", 0))
        self.binary, self.gaps, self.above = (arrays["flags"] >> bit & 1 == 1 for bit in range(3))
        self.width = len(arrays["flags"])
        for name in (*NUMBERS, *LIMITS, "origin"):
            setattr(self, name, _long(arrays[name], self.width))
        self._check()
        self._name(meta["columns"])

    def _check(self) -> None:
        """Check what comes from a file: shapes and types must fit together."""
        floats = [getattr(self, name) for name in (*NUMBERS, *LIMITS)]
        right = all(a.shape == (self.width,) and a.dtype == np.float64 for a in floats) and self.binary.shape == (self.width,)
        right = right and self.origin.shape == (self.width,) and self.origin.dtype == np.int64
        positive = right and bool((self.divisor > 0).all() and (self.spread > 0).all())
        positive = positive and bool((self.low <= self.high).all())
        positive = positive and bool((self.knee > 0).all() and (self.stretch > 0).all())
        if not positive or np.dtype(self.dtype).kind not in "fiub" or self.sparse not in ("", *SPARSE):
            raise DataError("the parts of an array format do not fit together")


def _some(X: Any) -> np.ndarray:
    """All rows of an array in memory; of others at most SAMPLE, spread over X, and no more than fit in memory."""
    most = len_(X)
    if is_sparse(X) or isinstance(X, np.memmap):
        most = min(SAMPLE, max(1000, 50_000_000 // max(1, X.shape[1])))
    X = X if len_(X) <= most else X[evenly(len_(X), most)]
    return X.toarray() if is_sparse(X) else np.asarray(X)


def _whole(v: np.ndarray, origin: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Distances from `origin` -> whole numbers of an integer type, or yes and no."""
    v = np.nan_to_num(v.round())
    if dtype.kind == "b":
        return v.astype(dtype)
    info = np.iinfo(dtype)
    if not origin.any():
        return v.clip(info.min, within(info.max)).astype(dtype)
    low, high = (np.array([within(min(abs(limit - int(o)), info.max)) for o in origin]) for limit in (info.min, info.max))
    return (v.clip(-low, high).astype(np.int64) + origin).astype(dtype)


def _short(v: np.ndarray) -> np.ndarray:
    """One number if all are equal: a file need not hold 255 for 784 times."""
    return v[:1] if len(v) and (v == v[0]).all() else v


def _long(v: np.ndarray, width: int) -> np.ndarray:
    """The inverse of :func:`_short`."""
    return np.repeat(v, width) if v.shape == (1,) else v


def _unit(dtype: np.dtype, v: np.ndarray) -> tuple[float, bool]:
    """The one unit of columns (d, n), and whether they keep their zero: 255 of bytes, 1 of shares, else the mean spread."""
    size = float(np.nanmax(np.abs(v), initial=0.0)) or 1.0
    if dtype == np.uint8 or (size <= 1 and np.nanmin(v, initial=0.0) >= 0):
        return (255.0 if dtype == np.uint8 else 1.0), True
    known, w = ~np.isnan(v), v / size
    mean = np.where(known, w, 0.0).sum(1, keepdims=True) / np.maximum(known.sum(1, keepdims=True), 1)
    return float(np.sqrt(np.square(np.where(known, w - mean, 0.0)).mean())) * size or 1.0, False
