"""A column of categories, and the kinds of columns by name.

Category  x = one feature per level, the last one for rare levels         strings, categoricals
a missing value is NaN in all features; a level never seen is +inf in the last one
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..deferred import torch
from ..errors import DataError, warn
from ..images.album import SUFFIXES
from ..printed import cut, few
from .arrow import compared, from_plain, listed_of, tally, whole
from .columns import Binary, Column, Number
from .frames import FEW
from .hints import like_dates, nearly_numbers
from .scale import (
    LOOKED_AT,
    MIN_VALUES_FOR_QUANTILES,
)
from .schema import arrow_type, is_iso, is_text
from .written import SHORTEST, fraction

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["KINDS", "Category", "blanks", "kind_of", "near_levels", "tell_near", "tell_new"]

MAX_LEVELS = 100
UNLIKE = 0.95  # different levels among so few, from which on they tell nothing of each other
MAX_OTHERS = 100_000  # rare levels that are remembered
FIRST, LEVEL = 3, 16  # printed: levels, letters of one
NEW = 0.25  # largest share of rows with a unique level for which new levels are distinguished from rare ones
MAX_LEVELS_NAMED = 20  # levels named in an error
BLANKS = {"", "?", "nan", "<na>", "nat", "null", "n/a", "#n/a"}  # texts that hardly are levels


@dataclass
class Category(Column):
    """One feature per level, most frequent first, then one for every other value."""

    levels: list[Any] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)  # of the levels and of "other"
    rest: Any = None  # the most frequent level that has no feature of its own
    part: float = 1.0  # its share among all these
    new: float = 0.0  # estimated share of future rows with a level that was never seen
    often: list[int] = field(default_factory=list)  # how often each of the others was there
    others: list[Any] | None = None  # all levels that have none; None: too many to know what is new
    listed: list[Any] | None = None  # the categories of a categorical type, in its order
    ordered: bool = False
    mixed: bool = False  # numbers and texts, read as texts

    @property
    def about(self) -> str:
        first, n = ", ".join(cut(few(v), LEVEL) for v in self.levels[:FIRST]), len(self.levels) + len(self.others or ())
        levels = first if n <= FIRST else f"{first} and {'more' if self.others is None else f'{n - FIRST:,} more'}"
        return "; ".join(filter(None, [levels, super().about]))

    @classmethod
    def fit(cls, name: str, values: pa.Array) -> Category:
        listed, ordered = None, False
        if pa.types.is_dictionary(values.type):
            listed, ordered = listed_of(values.dictionary), bool(values.type.ordered)
        kind = str(values.type.value_type if listed is not None else values.type)
        return cls.of(name, kind, tally(values), len(values), listed, ordered)

    @classmethod
    def of(cls, name: str, kind: str, counts: Counter[Any], rows: int, listed: list[Any] | None, ordered: bool) -> Category:
        """From how often each level is there."""
        pairs = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        total = sum(n for _, n in pairs)
        if len(pairs) > max(MAX_LEVELS, total // 2) or len(pairs) >= max(MIN_VALUES_FOR_QUANTILES, UNLIKE * total):
            warn_identifier(name, [v for v, _ in pairs], total)
        kept, others = pairs[:MAX_LEVELS], pairs[MAX_LEVELS:]
        shares = [n / max(total, 1) for _, n in kept] + [sum(n for _, n in others) / max(total, 1)]
        rest = others[0][0] if others else None
        new = sum(n == 1 for _, n in pairs) / max(total, 1)  # of the next rows, about this share has a new level (Good, 1953)
        known = len(others) <= MAX_OTHERS and new <= NEW and total >= MIN_VALUES_FOR_QUANTILES
        column = cls(name, kind, total < rows, not total, [v for v, _ in kept], shares, rest)
        column.part = others[0][1] / sum(n for _, n in others) if others else 1.0
        column.others, column.listed, column.ordered = [v for v, _ in others] if known else None, listed, ordered
        column.often = [n for _, n in others] if known else []
        column.new = new if known else 0.0
        return column

    @property
    def width(self) -> int:  # type: ignore[override]
        return len(self.levels) + 1

    @cached_property
    def known(self) -> pa.Array:
        """The levels with their own feature, then the others."""
        return from_plain([*self.levels, *(self.others or [])], arrow_type(self.type))

    @cached_property
    def places(self) -> dict[Any, int]:
        return {v: i for i, v in enumerate(self.known.to_pylist())}

    @classmethod
    def encode_all(cls, columns: list[Category], values: list[pa.Array], x: np.ndarray, starts: np.ndarray) -> None:
        index = np.stack([column._index(v) for column, v in zip(columns, values, strict=True)], 1)
        last = np.array([len(column.levels) for column in columns])
        x[np.arange(len(x))[:, None], starts + index.clip(0, last)] = 1.0
        new = index == np.array([len(column.known) for column in columns])
        for j in np.flatnonzero(new.any(0)).tolist():
            columns[j]._see_new(values[j], new[:, j], x[:, starts[j] + last[j]])
        for j in np.flatnonzero((index < 0).any(0)).tolist():
            x[index[:, j] < 0, starts[j] : starts[j] + columns[j].width] = np.nan

    def _see_new(self, values: pa.Array, new: np.ndarray, x: np.ndarray) -> None:
        """Mark levels never seen in the column's last feature x (n,)."""
        if self.others is not None:
            x[new] = np.inf
        if is_text(self.known.type):
            seen = pc.unique(values.filter(pa.array(new)))[:LOOKED_AT]
            warn_near(self.name, seen.to_pylist(), self.known.to_pylist())

    def _index(self, values: pa.Array) -> np.ndarray:
        """The place of each value among the known levels; behind them if it is new, -1 if it is missing."""
        known = self.known
        alike = values.type == known.type or any(s(known.type) and s(values.type) for s in (is_text, pa.types.is_integer))
        if alike and len(values) <= FEW:  # Arrow's own look-up costs more
            return np.array([-1 if v is None else self.places.get(v, len(known)) for v in values.to_pylist()])
        if values.type != known.type:
            values, known = compared(values, known)
        index = pc.index_in(values, known)
        if not index.null_count:  # as nearly always: nothing is missing, or new
            return np.from_dlpack(index)
        index = pc.fill_null(index, len(known)).to_numpy(zero_copy_only=False)
        return np.where(values.is_null().to_numpy(zero_copy_only=False), -1, index)

    def unseen(self, values: pa.Array) -> list[Any]:
        """The levels that were not there in fit."""
        return [*pc.unique(values.filter(pa.array(self._index(values) == len(self.known)))).to_pylist()]

    def mostly_new(self, x: np.ndarray) -> bool:
        """Whether most of the rows that have one have a level never seen; x (n,) is the last feature."""
        new = np.isinf(x) | ((x > 0) & (self.rest is None and not self.empty))
        return bool(2 * new.sum() > (~np.isnan(x)).sum())

    def decode(self, x: np.ndarray) -> pa.Array:
        names = [*self.levels, self.rest]
        missing = np.isnan(x).any(1)
        x = np.where(missing[:, None], -np.inf, x)
        x[:, -1] *= self.part  # of many rare levels together, one
        if self.rest is None and self.levels:  # no other level was ever seen: none is expected
            x[:, -1] = np.where(np.isposinf(x[:, -1]), np.inf, -np.inf)
        return self._named(names, x.argmax(1), missing)

    def draw(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        p = e.copy()
        if self.rest is None and self.levels:  # no other level was ever seen
            p[:, -1] = 0.0
        p /= p.sum(1, keepdims=True)
        level = (p.cumsum(1) < rng.random((len(p), 1))).sum(1).clip(max=p.shape[1] - 1)
        return np.eye(p.shape[1])[level]

    def likeliest(self, e: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(e.argmax(1), e.shape[1]).to(e.dtype)

    @property
    def digits(self) -> int:
        t = self.known.type
        return fraction(t, whole(self.known)[1]) if pa.types.is_temporal(t) else SHORTEST

    def described(self, decimal: str = ".", form: str = "") -> dict[str, Any]:
        t = arrow_type(self.type)
        texts = self.texts(from_plain([*self.levels, self.rest], t), decimal, form)
        levels, others = [*map(unrounded, self.levels)], self.others and [*map(unrounded, self.others)]
        found = {"levels": levels, "others": others, "rest": unrounded(self.rest), "part": self.part}
        return super().described() | found | {"texts": texts, "mixed": self.mixed}

    def check(self, value: Any) -> None:
        if value is not None and value not in self.levels:
            known = ", ".join(map(repr, self.levels[:MAX_LEVELS_NAMED])) + (
                ", ..." if len(self.levels) > MAX_LEVELS_NAMED else ""
            )
            raise DataError(f"given {self.name!r}: {value!r} is none of its levels, which are {known}")

    def drawn(self, x: np.ndarray, rng: np.random.Generator) -> pa.Array:
        """Drawn features -> values; levels that share a feature are drawn by their frequency."""
        best, others = x.argmax(1), self.others or [self.rest]
        rare = np.flatnonzero(best == len(self.levels))
        often = np.array(self.often or [1])
        best[rare] += rng.choice(len(others), len(rare), p=often / often.sum())
        return self._named([*self.levels, *others], best, np.isnan(x).any(1))

    def _named(self, names: list[Any], place: np.ndarray, missing: np.ndarray) -> pa.Array:
        t = arrow_type(self.type)
        values = from_plain(names, t).take(pa.array(place, mask=missing))
        if self.listed is None:
            return values.cast(t)
        order = from_plain(self.listed, t)
        return pa.DictionaryArray.from_arrays(pc.index_in(values, order), order, ordered=self.ordered)


KINDS: dict[str, type[Any]] = {"number": Number, "binary": Binary, "category": Category}


def warn_identifier(name: str, levels: list[Any], rows: int) -> None:
    """Warn of a column in which nearly each row has a level of its own; dates and numbers have warnings of their own."""
    if isinstance(levels[0], str):
        texts = pa.array(levels)
        if is_iso(texts) or nearly_numbers(texts) or like_dates(texts):
            return
    rest = f"all but the {MAX_LEVELS} most frequent count as one" if len(levels) > MAX_LEVELS else "each is a category"
    if isinstance(levels[0], str) and all(str(level).lower().endswith(SUFFIXES) for level in levels):
        warn(
            f"column {name!r} holds {len(levels):,} names of pictures, and {rest}: the pictures are not looked at. To learn "
            "from them, let it be the only column beside what is predicted: drop the others (--drop); else drop this one"
        )
        return
    warn(
        f"column {name!r} has {len(levels):,} different values in {rows:,} rows: it looks like an identifier or a text, and "
        f"{rest}; if it is an identifier, drop it: X.drop(columns={name!r}) (--drop); if it is a text, learn from it alone: "
        f"format=Documents(column={name!r}) (--text)"
    )


def warn_near(name: str, new: list[str], known: list[str]) -> None:
    """Warn of levels never seen that differ from known ones only in spaces, case or the encoding of accents."""
    alike = {same(v): v for v in known if v is not None}
    tell_near(name, [f"{v!r} ({alike[same(v)]!r} was seen)" for v in new if same(v) in alike])


def blanks(levels: Iterable[str]) -> list[str]:
    """Levels that rather stand for a missing cell.

    >>> blanks(["?", "yes", "NaN"])
    ['?', 'NaN']
    """
    return [level for level in levels if level.strip().lower() in BLANKS]


def near_levels(levels: Iterable[str]) -> list[str]:
    """Levels that differ only so, as they are told; a and A may be two letters.

    >>> near_levels(["Rome", "Paris", "rome "])
    ["'Rome' and 'rome '"]
    """
    groups: dict[str, list[str]] = {}
    for level in levels:
        groups.setdefault(same(level) if len(level.strip()) > 1 else level.strip(), []).append(level)
    return [" and ".join(repr(str(level)) for level in group) for group in groups.values() if len(group) > 1]


def tell_near(name: str, near: list[str]) -> None:
    if near:
        warn(
            f"column {name!r} holds {', '.join(near[:3])}{', ...' if len(near) > 3 else ''}: levels that differ in spaces or "
            f"case, or in how accents are stored, are different levels. If they mean the same, write them alike, with "
            f"df[{name!r}].str.strip(), .str.lower() or .str.normalize('NFC')"
        )


def tell_new(columns: list[Category]) -> None:
    """Warn of columns whose levels are in most rows new."""
    if columns:
        said = [f"{c.name!r} (where {', '.join(map(quoted, c.known[:FIRST].to_pylist()))} were usual)" for c in columns[:FIRST]]
        more = f" and {len(columns) - FIRST:,} more" if len(columns) > FIRST else ""
        warn(
            f"column(s) {', '.join(said)}{more} hold in most rows levels that were not seen in fit: are they written in "
            "another way? All such levels of a column count as one, of which the model knows nothing"
        )


def quoted(v: Any) -> str:
    """A level in a message: a text in quotes, at a length that fits."""
    return repr(cut(v, LEVEL)) if isinstance(v, str) else few(v)


def unrounded(v: Any) -> Any:
    """A whole number that a float64 cannot hold as a text."""
    return str(v) if isinstance(v, int) and not isinstance(v, bool) and abs(v) > 1 << 53 else v


def same(text: str) -> str:
    """A level without differences that are easily overlooked."""
    return " ".join(normalize("NFC", text).casefold().split())


def kind_of(column: Column) -> str:
    """The name of its kind, in a file and for people."""
    return next(name for name, cls in KINDS.items() if isinstance(column, cls))
