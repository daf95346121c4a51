"""A table as a file of SPSS, Stata or SAS.

category   codes 1, 2, 3, ... with labels, or those of the file that was read; a text in a .xpt, which has no labels
date       a number with a format
others     numbers and texts; a missing one is nothing, and a missing text is empty
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ....errors import DataError, missing_extra, warn
from ....storage import atomic
from ...schema import floats, is_text, plain, words
from .codes import coded
from .moments import FAMILIES, write_as

__all__ = ["save"]

NAMES = {  # what a column may be called
    "SPSS": (r"[^\W\d_][\w.@#$]{0,63}", "a letter, and up to 63 letters, digits and _ . @ # $"),
    "Stata": (r"[^\W\d]\w{0,31}", "a letter or _, and up to 31 letters, digits and _"),
    "SAS": (r"[A-Za-z_][A-Za-z0-9_]{0,31}", "a letter without accents or _, and up to 31 of these and digits"),
}
LARGEST = {"SPSS": 1.79e308, "Stata": 8.9e307, "SAS": 7.2e75}
EXACT = 1 << 53
LONGEST, LONGEST_STATA = 120, 32_000  # bytes of a label


def save(table: Any, path: Path, meta: Any = None) -> None:
    """Write a table; `meta` is what pyreadstat says of the file that was read."""
    end = path.suffix.lower()
    if end == ".sas7bdat":
        raise DataError(f"cannot write {str(path)!r}: only SAS writes files ending in .sas7bdat; it reads those ending in .xpt")
    if end == ".por":
        raise DataError(f"cannot write {str(path)!r}: SPSS reads files ending in .sav")
    try:
        import pandas as pd
        import pyreadstat
    except ImportError as error:
        raise missing_extra(error.name or "pyreadstat", "formats", f"files ending in {end}") from None
    family = FAMILIES[end]
    if family != "Stata" and (twice := [n for n, k in Counter(map(str.upper, table.column_names)).items() if k > 1]):
        raise DataError(f"cannot write {str(path)!r}: {family} takes columns for one whose names differ in case: {twice[0]!r}")
    columns: dict[str, Any] = {}
    labels: dict[str, dict[Any, str]] = {}
    forms: dict[str, str] = {}
    for name in table.column_names:
        if not re.fullmatch(NAMES[family][0], name):
            raise DataError(
                f"cannot write {str(path)!r}: a column {name!r}: names in files of {family} have {NAMES[family][1]}: rename it"
            )
        values = table.column(name).combine_chunks()
        values = values if isinstance(values, pa.Array) else pa.concat_arrays(values.chunks)
        if family != "SAS" and pa.types.is_dictionary(values.type) and _can_be_labels(values.dictionary, family):
            values, labels[name] = coded(values, meta.variable_value_labels.get(name, {}) if meta else {}, family == "Stata")
        columns[name], form = _cells(values, name, family, path)
        if form:
            forms[name] = form
    options: dict[str, Any] = {"variable_format": forms}
    if meta:
        options["column_labels"] = {
            name: label for name, label in meta.column_names_to_labels.items() if label and name in columns
        }
        options["file_label"] = meta.file_label or ""
    if family != "SAS":
        options["variable_value_labels"] = labels
    if family == "SPSS":
        ordinal = {name: "ordinal" for name in labels if table.schema.field(name).type.ordered}
        options["variable_measure"] = dict.fromkeys(labels, "nominal") | ordinal
        options["compress"] = end == ".zsav"
    call = getattr(pyreadstat, {"SPSS": "write_sav", "Stata": "write_dta", "SAS": "write_xport"}[family])
    with atomic(path) as file, tempfile.TemporaryDirectory() as folder:  # pyreadstat writes files with names only
        try:
            call(pd.DataFrame(columns), Path(folder, f"table{end}"), **options)
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
            raise DataError(f"cannot write {str(path)!r}: {error}") from None
        with Path(folder, f"table{end}").open("rb") as written:
            shutil.copyfileobj(written, file)


def _can_be_labels(levels: pa.Array, family: str) -> bool:
    """Texts that come back as they are: SPSS cuts labels off without a word."""
    most = LONGEST if family == "SPSS" else LONGEST_STATA
    return is_text(levels.type) and all(v.strip() == v and 0 < len(v.encode()) <= most for v in levels.to_pylist())


def _cells(values: pa.Array, name: str, family: str, path: Path) -> tuple[Any, str]:
    """A column as pyreadstat takes it, and its format."""
    values = plain(values)
    t = values.type
    if pa.types.is_temporal(t):
        if getattr(t, "tz", None):
            warn(f"column {name!r}: dates are written in UTC, for {path.suffix} files have no time zones")
        return write_as(values, family, name)
    if is_text(t):
        lost = r"^$" if family == "Stata" else r"^$| $"
        if n := pc.sum(pc.match_substring_regex(values, lost)).as_py():
            warn(f"column {name!r}: {n:,} texts are empty or end in blanks, which {path.suffix} files do not keep")
        return np.array([v or "" for v in values.to_pylist()], object), ""
    if not (
        pa.types.is_floating(t)
        or pa.types.is_integer(t)
        or pa.types.is_boolean(t)
        or pa.types.is_decimal(t)
        or pa.types.is_null(t)
    ):
        raise DataError(f"cannot write {str(path)!r}: column {name!r} holds {words(t)}")
    numbers = floats(values) if not pa.types.is_null(t) else np.full(len(values), np.nan)
    finite = numbers[~np.isnan(numbers)]
    most = float(np.abs(finite).max(initial=0))
    if most > LARGEST[family] or (pa.types.is_integer(t) and most >= EXACT):
        raise DataError(
            f"cannot write {str(path)!r}: column {name!r} holds {most:g}, which files of {family} cannot: write a .parquet"
        )
    whole = family == "Stata" and (pa.types.is_integer(t) or pa.types.is_boolean(t)) and most <= 2_147_483_620
    form = "F8.0" if family == "SPSS" and pa.types.is_integer(t) else ""
    return numbers.astype(np.int32) if whole and not values.null_count else numbers, form
