"""What can go wrong, as a user sees it: situation, fact, remedy."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

__all__ = ["DataError", "DiaboloError", "FormatError", "TrainingError", "missing_extra", "warn"]

HERE = f"{Path(__file__).parent}{os.sep}"
SKLEARN = f"{os.sep}sklearn{os.sep}"  # which wraps transform and calls the steps of a pipeline


class DiaboloError(Exception):
    """Base of the errors raised by diabolo itself."""


class DataError(DiaboloError, ValueError):
    """The data given cannot be read or does not fit the fitted schema."""


class FormatError(DiaboloError, ValueError):
    """A file is not a valid ``.diabolo`` file."""


class TrainingError(DiaboloError, ArithmeticError):
    """Training could not go on (for example: the loss is not a number)."""


def missing_extra(package: str, extra: str, purpose: str) -> ImportError:
    """The error for an optional package that is not installed.

    >>> print(missing_extra("openTSNE", "maps", "t-SNE maps"))
    t-SNE maps need the package 'openTSNE', which is not installed: pip install 'diabolo[maps]'
    """
    return ImportError(f"{purpose} need the package {package!r}, which is not installed: pip install 'diabolo[{extra}]'")


def warn(message: str) -> None:
    """A UserWarning that points at the line of the user's that led here, through whatever calls of this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and (frame.f_code.co_filename.startswith(HERE) or SKLEARN in frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)
