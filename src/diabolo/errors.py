"""Errors and warnings: situation, fact, remedy."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = ["DataError", "DiaboloError", "FormatError", "TrainingError", "missing_extra", "suggest", "warn"]

PASSED = {__name__.partition(".")[0], "sklearn", "joblib", "torch", "contextlib", "functools"}  # call us for the user


class DiaboloError(Exception):
    """Base of the errors raised by diabolo itself."""


class DataError(DiaboloError, ValueError):
    """The data cannot be read, or does not fit the fitted model."""


class FormatError(DiaboloError, ValueError):
    """A file is not a valid ``.diabolo`` file."""


class TrainingError(DiaboloError, ArithmeticError):
    """Training cannot continue, because the loss is not a number, for example."""


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


def warn(message: str) -> None:
    """Give a UserWarning that points at the line of the user's code, past this package and the packages that call it."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in PASSED:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
