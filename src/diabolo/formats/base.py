"""The contract: a user's object <-> rows of numbers.

X  --fit-->  format        what the columns are
X  --rows / to_array-->   x (n, d): numbers standardized, 0/1, one feature per level, counts; NaN = missing
x  --from_array-->  X     the same kind of object, the same columns and types
"""

from __future__ import annotations

import errno
import os
import tempfile
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..deferred import torch
from ..errors import DataError, DiaboloError, counted_from, suggest, warn
from ..limits import memory
from ..losses import Bounded, Clipped, Columns, Logistic, Loss, Multinomial, Part, Softmax, Squared
from ..printed import Grid, Printed
from ..rows import Rows
from . import far
from .scale import left_out

if TYPE_CHECKING:
    from torch import Tensor

    from .cycles import Cycle

__all__ = [
    "MAX_BYTES_IN_MEMORY",
    "SAMPLE",
    "Format",
    "NotDescribed",
    "cached",
    "check_finite",
    "named_loss",
    "room",
    "spilled",
    "warn_empty",
]

MAX_BYTES_IN_MEMORY = 2 << 30  # bytes of encoded rows; more are cached in a memory-mapped temporary file
SHARE_OF_MEMORY = 0.25  # of what the process may take, for encoded rows
SAMPLE = 200_000  # rows of a file from which the columns are learned
SINGLE: dict[str, Loss] = {
    "squared": Squared(),
    "clipped": Clipped(),
    "bounded": Bounded(),
    "logistic": Logistic(),
    "multinomial": Multinomial(),
}


class Format(Printed):
    """Base of the formats. Fitted attributes: ``columns`` (names), ``width`` (d). Prints what it knows of the columns."""

    kind: ClassVar[str]
    exact: ClassVar[bool] = True  # predict in float64, for float32 differs by 3e-7 with the size of the batch
    judged: ClassVar[int] = 10_000  # held-out rows that decide when to stop
    piece: ClassVar[int] = 1024  # rows that a network reads at once outside of training
    grouped: bool = False  # whether rows are held out with those that belong to them: copies need no warning
    doubts: bool = True  # whether to warn of values that cannot be; a detector judges them
    free: ClassVar[bool] = False  # X is no table: its columns are the format's own
    named: ClassVar[bool] = False  # X has columns with names: new X is taken by them
    has_names: bool = False  # X is a matrix whose columns have names
    has_cells: ClassVar[bool] = True  # a column is something on its own, which can be hidden, given, and judged
    common: bool = False  # all numbers share one unit, such as pixels
    side: int = 0  # of flattened square pictures in an empty frame
    words: ClassVar[bool] = False  # the features are counts of words
    deciding: bool = False  # whether a feature may decide a label: then no word is too frequent
    architecture: ClassVar[Any] = "dense"  # the network that suits: "dense", "text", "convolutional", or a class of one's own
    shape: tuple[int, int, int] | None = None  # (C, H, W) of pictures
    left_out: Any = ()  # what was in X, and is no feature
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed: those with which the file that was fitted was read
    columns: list[str]
    width: int

    def _parts(self) -> Iterator[str | Grid]:
        yield self._line()

    def _line(self) -> str:
        """The parameters, and once fitted, the number of columns of each kind."""
        return f"{type(self).__name__}()"

    @classmethod
    @abstractmethod
    def accepts(cls, X: Any) -> bool:
        """Whether X is of this kind; reads no more than it must."""

    @abstractmethod
    def fit(self, X: Any) -> Format:
        """Learn the columns."""

    @abstractmethod
    def chunks(self, X: Any) -> Iterator[Any]:
        """X in pieces that fit in memory."""

    @abstractmethod
    def to_array(self, X: Any) -> np.ndarray:
        """X (or a piece of it) -> x (n, d) float64, NaN = missing."""

    def to_tensor(self, X: Any) -> Tensor:
        """The same for a network."""
        return torch.from_numpy(self.to_array(X))

    def arrays(self, X: Any) -> Iterator[np.ndarray]:
        """X -> x (b, d), a piece at a time; errors name the row of X."""
        return each(self.chunks(X), self.to_array, self.tell_far)

    def tensors(self, X: Any) -> Iterator[Tensor]:
        """The same for a network."""
        return each(self.chunks(X), self.to_tensor, self.tell_far)

    @abstractmethod
    def from_array(self, x: Any) -> Any:
        """x (n, d), or expected values, an array or a tensor, -> the kind of object that was fitted."""

    def from_draws(self, x: Any, rng: np.random.Generator) -> Any:
        """The same for drawn x (n, d): what is left open is drawn, too."""
        return self.from_array(x)

    @abstractmethod
    def loss(self, name: str = "auto") -> Loss:
        """The loss that suits each column, summed; or one named loss for all."""

    @abstractmethod
    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """JSON and arrays from which :meth:`from_state` makes the same format."""

    @classmethod
    @abstractmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Format:
        """The inverse of :meth:`state`."""

    def described(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """JSON and arrays from which another program turns X into x and back; NotDescribed, if it could not."""
        raise NotDescribed(f"a {type(self).__name__} format is known in Python only")

    def rows(self, X: Any) -> Rows:
        """X as rows for the training loop, float32."""
        return cached(self.arrays(X), count(X, self), self.width)

    def by_column(self) -> Format:
        """The same format, not fitted yet, with its own unit for each column, unless `scale` says otherwise."""
        return self

    @property
    def sources(self) -> list[str]:
        """The columns of X that are used; others may be made of them."""
        return self.columns

    def with_recurring(self) -> Format:
        """The same format, not fitted yet, in which what repeats in dates are columns of their own."""
        return self

    def from_zero(self) -> Format:
        """The same format; its numbers keep their zero."""
        return self

    def sized(self, most: int, longer: int | None = None) -> Format:
        """The same format, for pictures of at most so many pixels."""
        return self

    def without(self, X: Any) -> Any:
        """X without what was left out in fit."""
        return X

    def attach(self, model: Any) -> None:
        """Complete a format from a file by what no file holds."""
        return None

    def view(self) -> tuple[Tensor, Tensor]:
        """Center and spread (d,) by which the nonlinear path of a network scales the features."""
        return torch.zeros(self.width), torch.ones(self.width)

    @property
    def blocks(self) -> list[slice]:
        """The features of each column."""
        return [slice(j, j + 1) for j in range(self.width)]

    def far(self, x: Tensor) -> Tensor:
        """x (n, d) -> (n, columns) bool: cells beyond what is usual of a column with wild cells or a heavy tail (scale.py)."""
        first = x[:, [block.start for block in self.blocks]]
        return first.abs() > torch.from_numpy(self.knees()).to(first)

    def as_new(self, x: Tensor, n: int) -> Tensor:
        """Rows x (r, d) of the n that were fitted -> as they were if each had no part in the units (scale.py)."""
        ordinary = torch.from_numpy(self.ordinary())
        return torch.where(ordinary, left_out(x, n), x)

    def ordinary(self) -> np.ndarray:
        """(d,) bool: features in units of the mean and standard deviation of a column."""
        return np.zeros(self.width, dtype=bool)

    def tiny(self) -> np.ndarray:
        """(2, d) features of zero, and of a tenth of the least value in fit, where all were above 0; else an empty range."""
        return np.zeros((2, self.width))

    def reach(self) -> np.ndarray:
        """(2, d) features of the least and the largest number in fit; infinite, where such a range says nothing."""
        return np.array([[-np.inf], [np.inf]]).repeat(self.width, 1)

    def yes_or_no(self) -> np.ndarray:
        """(d,) bool: features of columns of 0 and 1."""
        return np.zeros(self.width, dtype=bool)

    def positive(self) -> np.ndarray:
        """(columns,) bool: whether a column of numbers was never below 0 in fit."""
        return np.zeros(len(self.columns), dtype=bool)

    def knees(self) -> np.ndarray:
        """(columns,) from where on numbers are squashed; infinite where they are not."""
        return np.full(len(self.columns), np.inf)

    def tell_unseen(self, X: Any) -> None:
        """Warn of levels of X that have no features: training goes on, but the columns stay those of the first fit."""

    def tell_far(self, x: Any) -> None:
        """Warn of rows x (n, d) without a value, and of numbers that are far from all that fit saw: their unit is another."""
        far.tell(self, x)

    def limits(self) -> np.ndarray:
        """(2, d) features outside which a row by itself is told; infinite, where none is."""
        return far.limits(self)

    @property
    def are_shares(self) -> bool:
        """Whether all numbers are shares of one unit, in [0, 1], in rows that know nothing of a picture."""
        return self.common

    def field(self, j: int) -> Any:
        """The typed column j, of a table; None of others."""
        return None

    def are_filled(self) -> np.ndarray:
        """(c,) bool: columns whose gaps `filled` fills; nothing is known of those that had no values in fit."""
        return np.ones(len(self.blocks), dtype=bool)

    def quantities(self) -> np.ndarray:
        """(d,) bool: features that are numbers with their own unit; what a code leaves open can be drawn for these."""
        return np.zeros(self.width, dtype=bool)

    def unit_of(self, j: int) -> tuple[float, ...]:
        """Mean, deviation and the rest of the scale of such a feature j (scale.py)."""
        raise NotImplementedError

    def drawn(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Expected values e (n, d); categories are drawn from their probabilities."""
        return e

    def likeliest(self, e: Tensor, columns: Iterable[int] | None = None) -> Tensor:
        """Expected values (m, d) -> values; each category is the likeliest one. For these columns, or for all."""
        return e.clone()

    def cell(self, j: int, value: Any) -> np.ndarray:
        """One value of column j -> its features."""
        raise NotImplementedError

    def missing(self) -> list[int]:
        """The features with a missing indicator: they were missing in some row of fit."""
        return []

    def cycles(self) -> list[Cycle]:
        """The periods in which features repeat: those of dates."""
        return []

    def choose(self, categories: Sequence[str], numbers: Sequence[str]) -> Format:
        """The same format; it knows which columns are codes and which are quantities. Only for tables."""
        name = "categories" if categories else "numbers"
        raise ValueError(f"{name}= needs a table with named columns, but X is read as {self.kind}: give a DataFrame or a file")

    def cells(self, X: Any, rows: np.ndarray) -> list[list[Any]]:
        """One list per column: the cells of these rows as in X; None if missing."""
        start, found, (ordered, back) = 0, [], in_order(rows)
        for piece in self.chunks(X):
            x = self.to_array(piece)
            here = (ordered >= start) & (ordered < start + len(x))
            found.append(x[ordered[here] - start])
            start += len(x)
        return [[None if v != v else v for v in column] for column in self.original(np.concatenate(found)[back])]

    def filled(self, X: Any, x: Any, e: Any) -> Any:
        """X with expected values e (n, d) in its gaps; x (n, d) was made from X. All other cells keep their bits."""
        return self.from_array(np.where(np.isnan(x), e, x))

    def with_given(self, X: Any, given: dict[str, Any]) -> Any:
        """Rows that :meth:`from_array` made, with the given cells in all of them."""
        return X

    def shown(self, x: Any, j: int) -> list[Any]:
        """Column j of x (n, d) in original units."""
        return self.original(x)[j]

    def original(self, x: Any) -> list[list[Any]]:
        """x (n, d) -> one list per column: values in original units, for people."""
        return [list(column) for column in np.asarray(self.from_array(x)).T]


class NotDescribed(DiaboloError):  # noqa: N818 - it says what it is
    """There is no way to encode and decode but in Python; the message says why."""


def neither(name: str, value: Any) -> DataError:
    return DataError(f"given {name!r}: {value!r} is neither 0 nor 1, the only values that the column had")


def not_held(name: str, value: Any, held: Any) -> DataError:
    return DataError(f"given {name!r}: {value!r} is no value of this column, which holds such as {held}")


def in_order(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers in the order of a file, and the places that restore the requested order.

    >>> ordered, back = in_order(np.array([7, 2, 5]))
    >>> ordered.tolist(), ordered[back].tolist()
    ([2, 5, 7], [7, 2, 5])
    """
    order = np.argsort(rows, kind="stable")
    return rows[order], np.argsort(order, kind="stable")


def each(pieces: Iterable[Any], encode: Any, look: Any = None) -> Iterator[Any]:
    """Pieces of rows, encoded; the numbers of rows in errors are those of all pieces together. One may look at the first."""
    start = 0
    for piece in pieces:
        with counted_from(start):
            x = encode(piece)
        if look is not None and not start:
            look(x)
        yield x
        start += len(x)


def cached(pieces: Iterator[np.ndarray], n: int, d: int) -> Rows:
    """Encode once: into memory, or into a temporary file if it is too large."""
    table = np.empty((n, d), np.float32) if n * d * 4 <= room() else spilled(n, d, np.float32)
    start = 0
    for piece in pieces:
        if start + len(piece) <= n:
            table[start : start + len(piece)] = piece
        start += len(piece)
    check_number(start, n)
    return Rows(table if isinstance(table, np.memmap) else torch.from_numpy(table))


def room() -> float:
    """Bytes of rows that are kept in memory."""
    return min(MAX_BYTES_IN_MEMORY, SHARE_OF_MEMORY * memory())


def check_number(found: int, expected: int) -> None:
    """Raise a DataError if there are not as many rows as there were."""
    if found != expected:
        raise DataError(f"{expected:,} rows were expected, and {found:,} were read: the data changed while they were read")


def spilled(n: int, d: int, dtype: Any) -> np.ndarray:
    """A table in a temporary file without a name; it lasts as long as the map."""
    with tempfile.TemporaryFile(prefix="diabolo-rows-") as file:
        _reserve(file.fileno(), n * d * np.dtype(dtype).itemsize)
        return np.memmap(file, dtype, "w+", shape=(n, d))


def _reserve(handle: int, size: int) -> None:
    """Take the room on the disk now: a map that finds none later ends the process (SIGBUS)."""
    try:
        if hasattr(os, "posix_fallocate") and size:
            os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # this file system cannot
            return
        folder = tempfile.gettempdir()
        said = f"the encoded rows need {size:,} bytes of temporary disk in {folder!r}, which has not as many: set TMPDIR"
        raise OSError(error.errno, f"{said} to a larger one ({error.strerror})") from None


def count(X: Any, format: Format) -> int:
    """Number of rows of X, without holding it in memory."""
    if hasattr(X, "shape"):
        return int(X.shape[0])
    if isinstance(X, (list, tuple)):
        return len(X)
    return sum(piece.shape[0] if hasattr(piece, "shape") else len(piece) for piece in format.chunks(X))


def check_finite(x: np.ndarray, names: list[str], start: int = 0) -> None:
    """Infinite values are not allowed in a squared error; `start` is the number of the first row."""
    bad = np.isinf(x).any(0)
    if bad.any():
        j = int(np.flatnonzero(bad)[0])
        row = start + int(np.flatnonzero(np.isinf(x[:, j]))[0])
        raise DataError(
            f"Input X contains infinity: column {names[j]!r}, row {row}. "
            "Replace infinite values by NaN (missing) or by a number."
        )


def warn_empty(names: list[str]) -> None:
    """Columns without a single value."""
    if names:
        shown = ", ".join(map(repr, names[:20]))
        warn(f"column(s) {shown} have no values at all: drop them")


def named_loss(name: str, width: int, sizes: list[int]) -> Loss:
    """One loss for all features, or for all one-hot columns."""
    if name == "softmax":
        return Softmax(tuple(sizes))
    if not isinstance(name, str) or name not in SINGLE:
        allowed = ", ".join(map(repr, ["auto", *SINGLE, "softmax"]))
        raise ValueError(f"loss={name!r}: allowed are {allowed}, or a Loss{suggest(name, ['auto', *SINGLE, 'softmax'])}")
    if name == "multinomial":
        return Multinomial()
    numbers = tuple(range(width))
    return Columns([Part(SINGLE[name], numbers, numbers, (1.0,) * width)])
