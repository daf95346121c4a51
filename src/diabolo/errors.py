"""Errors and warnings: situation, fact, remedy."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from threading import Lock, local
from typing import Any

__all__ = [
    "DataError",
    "DiaboloError",
    "FormatError",
    "LostError",
    "Once",
    "TrainingError",
    "an",
    "check_columns",
    "counted_from",
    "missing_extra",
    "no_column",
    "postponed",
    "some",
    "suggest",
    "warn",
    "wrong_kind",
]

PASSED = {__name__.partition(".")[0], "sklearn", "joblib", "torch", "contextlib", "functools"}  # what calls us for the user
SHOWN = 20  # columns that an error names


class DiaboloError(Exception):
    """Base of the errors raised by diabolo itself."""


class DataError(DiaboloError, ValueError):
    """The data cannot be read, or does not fit the fitted model."""


class FormatError(DiaboloError, ValueError):
    """A file is not a valid ``.diabolo`` file."""


class TrainingError(DiaboloError, ArithmeticError):
    """Training cannot continue, because the loss is not a number, for example."""


class LostError(RuntimeError):
    """Another one of the processes that train together is gone; they may be started again."""


ROW = re.compile(r"\brow (\d[\d,]*)")


@contextmanager
def counted_from(start: int, file: str = "") -> Iterator[None]:
    """Inside are the rows from number `start` on, of this file: errors say the row of the whole, and the file.

    >>> with counted_from(100, "a.parquet"):
    ...     raise DataError("row 20 is wrong")
    Traceback (most recent call last):
    ...
    diabolo.errors.DataError: 'a.parquet': row 120 is wrong
    """
    try:
        yield
    except DataError as error:
        said = ROW.sub(lambda found: f"row {int(found[1].replace(',', '')) + start}", str(error)) if start else str(error)
        raise DataError(f"{file!r}: {said}" if file and file not in said else said) from None


def missing_extra(package: str, extra: str, purpose: str) -> ImportError:
    """The error for an optional package that is not installed.

    >>> print(missing_extra("openTSNE", "maps", "t-SNE maps"))
    t-SNE maps need the package 'openTSNE', which is not installed: pip install 'diabolo[maps]'
    """
    return ImportError(f"{purpose} need the package {package!r}, which is not installed: pip install 'diabolo[{extra}]'")


def suggest(value: Any, allowed: Iterable[Any]) -> str:
    """The end of an error message: the allowed value that was probably meant; empty if there is none.

    >>> suggest("imagnet", ["imagenet"]), suggest("F1 macro", ["f1_micro", "f1_macro"]), suggest(3, ["imagenet"])
    ("; did you mean 'imagenet'?", "; did you mean 'f1_macro'?", '')
    """
    if not isinstance(value, str):
        return ""
    names = {str(name).casefold(): name for name in allowed}
    near = get_close_matches(value.strip().casefold(), names, 1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def no_column(said: str, missing: Sequence[str], columns: Sequence[str], hint: str = "") -> DataError:
    """The error for columns that are not there; `said` is how they were asked for."""
    meant = suggest(missing[0], columns).removeprefix("; ") if len(missing) == 1 else ""
    what = f"there {'is no column' if len(missing) == 1 else 'are no columns'} {some(missing)}{f' ({meant})' if meant else ''}"
    return DataError(f"{said}: {what}; the columns are {some(columns)}{hint}")


def check_columns(said: str, names: Iterable[str], columns: Sequence[str], hint: str = "") -> None:
    """Raise a DataError that names all columns that are not there.

    >>> check_columns("drop", ["citi", "age"], ["city", "age"])
    Traceback (most recent call last):
    ...
    diabolo.errors.DataError: drop: there is no column 'citi' (did you mean 'city'?); the columns are 'city', 'age'
    """
    there = {*columns}
    if missing := [name for name in names if name not in there]:
        raise no_column(said, missing, columns, hint)


def some(names: Sequence[str]) -> str:
    """Names in a message: not too many.

    >>> some(["a", "b"]), some([f"x{j}" for j in range(30)])[-24:]
    ("'a', 'b'", "'x18', 'x19' and 10 more")
    """
    return ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


MADE_BY = {
    "Autoencoder": "--task codes",
    "OutlierDetector": "--task outliers",
    "MultiLabelClassifier": "--labels COLUMNS",
    "Denoiser": "--task denoise",
    "Upscaler": "--task upscale",
    "Colorizer": "--task colorize",
    "Regressor": "--target COLUMN",
}
JUDGED_BY = {
    "OutlierDetector": "; `diabolo outliers` compares this one with the y of DATA",
    "MultiLabelClassifier": "; `diabolo tag` and `diabolo report` compare this one with the labels of DATA",
}


def an(name: str) -> str:
    """A name of a type with its article.

    >>> an("Series"), an("ndarray"), an("OutlierDetector")
    ('a Series', 'an ndarray', 'an OutlierDetector')
    """
    return f"{'an' if name[0] in 'AEIOaeio' or name == 'ndarray' else 'a'} {name}"


def wrong_kind(path: Any, kind: str, verb: str, *needed: str) -> DataError:
    """The error for a file that holds a model of another kind than a verb needs.

    >>> print(wrong_kind("m", "OutlierDetector", "encode", "Autoencoder"))
    'm' holds an OutlierDetector, but `diabolo encode` needs an Autoencoder: make one with `diabolo fit DATA --task codes`
    """
    what = " or ".join(map(an, needed))
    ways = "--task impute" if verb == "impute" else " or ".join(MADE_BY[name] for name in needed if name in MADE_BY)
    other = JUDGED_BY.get(kind, "") if verb == "score" else ""
    return DataError(
        f"{str(path)!r} holds {an(kind)}, but `diabolo {verb}` needs {what}: make one with `diabolo fit DATA {ways}`{other}"
    )


LATER = local()


@contextmanager
def postponed() -> Iterator[list[str]]:
    """Warnings of this thread are kept, to be given by the thread for which it works, whose code they should point at.

    >>> with postponed() as kept:
    ...     warn("too dark")
    >>> kept
    ['too dark']
    """
    before, LATER.kept = getattr(LATER, "kept", None), []
    try:
        yield LATER.kept
    finally:
        if before is None:
            del LATER.kept
        else:
            LATER.kept = before


TELLING = Lock()
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


class Once:
    """Work in pieces, of which each could tell the same: a warning is given once for each column that it is about.

    Warnings are the same if they have the same words beside what they quote and count.

    Parameters
    ----------
    columns : iterable of str
        The names of all columns.

    Examples
    --------
    >>> once = Once(["a", "b"])
    >>> [once.new(f"column(s) {names} have {n} gaps") for n, names in enumerate(["'a'", "'a', 'b'", "'b'"])]
    [True, True, False]
    """

    def __init__(self, columns: Iterable[str] = ()) -> None:
        self.columns, self.told = {*map(str, columns)}, dict[frozenset[str], set[str]]()

    @contextmanager
    def giving(self) -> Iterator[None]:
        """What is inside warns only of what is new."""
        with postponed() as kept:
            yield
        for message in filter(self.new, kept):
            warn(message)

    def new(self, message: str) -> bool:
        """Whether nothing like it was asked for before."""
        words = frozenset(re.findall(r"[A-Za-z]{2,}", QUOTED.sub("", message))) - {"and", "more"}
        about = self.columns & {a or b for a, b in QUOTED.findall(message)}
        with TELLING:
            known = words in self.told and about <= self.told[words]
            self.told.setdefault(words, set()).update(about)
        return not known


def warn(message: str) -> None:
    """Give a UserWarning that points at the line of the user's code, past this package and the packages that call it."""
    if hasattr(LATER, "kept"):
        LATER.kept.append(message)
        return
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in PASSED:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
