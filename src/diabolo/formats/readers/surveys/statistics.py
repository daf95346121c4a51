"""Files of SPSS, Stata and SAS, through pyreadstat.

column     numbers or texts | format (dates) | labels {code: text} | codes that are missing
category   where every value that occurs has a label: the texts in the order of the codes; else the numbers as they are
missing    nothing, .a to .z, .A to .Z and ._, what SPSS declares as missing, an empty text
dates      SPSS: seconds since 14 October 1582; SAS: days or seconds, Stata: days, ms, weeks, months, ... since 1960

Libraries turn a TIME of 30 hours into 6 o'clock, leave Stata's months and SPSS's quarters as numbers, read DTDATE, which is
of seconds, as days, and give a value without a label among labels as itself: the dates and labels here are our own.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ....errors import DataError, warn
from ..dataset import Dataset
from ..decided import Decided
from . import spss
from .codes import labeled, within
from .moments import FAMILIES, read_as
from .readstat import columns_of, parsed
from .transport import LIBRARY, members
from .writer import save

__all__ = ["kind", "read", "write"]

SHOWN = 20  # variables named in a sentence
SAS7BDAT = bytes.fromhex("c2ea8160b31411cf")
LOOKED_AT = 1000  # texts
NEWEST = 119  # release of Stata's files
BUILT_IN = re.compile(
    r"\$?(BEST|BESTX|F|D|E|Z|COMMAX?|DOLLARX?|EUROX?|NUMX|PERCENTN?|NEGPAREN|FRACT|HEX|OCTAL|BINARY|ROMAN|WORD[FS]|CHAR|UPCASE"
    r"|YEAR|MONTH|MONNAME|DAY|DOWNAME|WEEKDAY|QTRR?|JULDAY|SSN|)[\d.]*|\$[\d.]*",
    re.IGNORECASE,
)


def kind(path: Path) -> str:
    """Always a table."""
    return "table"


def read(path: Path, *, encoding: str | None = None, dataset: int = 1) -> Dataset:
    """The table in a file of SPSS, Stata or SAS.

    Parameters
    ----------
    path : Path
        Ends in .sav, .zsav, .por, .dta, .sas7bdat or .xpt.
    encoding : str, optional
        Of the texts, where the file does not say it rightly, such as "windows-1252".
    dataset : int, default=1
        Which of the data sets of a .xpt.
    """
    _check_start(path)
    end = path.suffix.lower()
    if end != ".xpt" and dataset != 1:
        raise DataError(f"dataset={dataset}: {str(path)!r} holds one data set; only files ending in .xpt may hold several")
    said = Decided()
    source: Any = path
    options: dict[str, Any] = {"encoding": _known(encoding)} if end != ".por" else {}
    if end == ".por" and encoding:
        raise DataError(f"encoding={encoding!r}: the texts of a .por have their own table of letters: leave it out")
    if end not in (".por", ".xpt"):
        options["user_missing"] = True
    tags: dict[int, Counter[str]] = {}
    if end in (".sav", ".zsav"):
        spss.check(path)
    if end == ".xpt":
        found = members(path)
        if not 1 <= dataset <= len(found):
            raise DataError(f"dataset={dataset}: {str(path)!r} holds {len(found)} data sets")
        here = found[dataset - 1]
        if len(found) > 1:
            names = ", ".join(repr(m.name) for m in found)
            said.once(f"it holds {len(found)} data sets, {names}: read is {here.name!r} (another: dataset=)")
            source = here.file()
        tags = here.tags()
        if here.texts and here.count is None:
            said.once("all columns are texts: rows of blanks at its end cannot be told from what fills its last line")
    columns, meta, counted = columns_of(path, source, end, options)
    tags = {**tags, **counted}
    for i, name in enumerate(columns):
        values = columns[name].combine_chunks()
        values = values if isinstance(values, pa.Array) else pa.concat_arrays(values.chunks)
        if encoding is None:
            _check_letters(path, name, values)
        columns[name] = _column(name, values, meta, FAMILIES[end], tags.get(i, Counter()), said)
    _told(path, meta, end, said)
    table = pa.table(columns)
    if end == ".xpt" and here.count not in (None, table.num_rows):
        raise DataError(
            f"{str(path)!r} has {here.count:,} rows, of which {table.num_rows:,} were read: pip install -U pyreadstat"
        )
    if not table.num_rows:
        raise DataError(f"{str(path)!r} has columns, but no rows")
    return Dataset(table, decided=said.sentences())


def write(table: Any, path: Path, source: Path | None = None) -> None:
    """Write a table as a file of SPSS (.sav, .zsav), Stata (.dta) or SAS (.xpt).

    Categories become codes with labels (texts in a .xpt, which has no labels), dates become dates. Columns that are in
    `source`, the file that was read, keep its codes, and what it says of them.
    """
    meta = None
    if source is not None and source.suffix.lower() in FAMILIES:
        with contextlib.suppress(DataError):  # texts in an encoding that only the reader was told
            meta = parsed(source, source, source.suffix.lower(), metadataonly=True)[1]
    save(table, path, meta)


def _check_start(path: Path) -> None:
    """Raise a DataError for files that are of another kind, encrypted or newer."""
    with path.open("rb") as file:
        start = file.read(512)
        file.seek(-min(path.stat().st_size, 32), 2)
        last = file.read()
    end, name = path.suffix.lower(), repr(str(path))
    if not start:
        raise DataError(f"{name} is empty")
    if start[8:20] == b"ENCRYPTEDSAV":
        raise DataError(f"{name} is encrypted with a password: save it in SPSS without one (SAVE OUTFILE without PASSWORD)")
    if start.startswith(b"**COMPRESSED**"):
        raise DataError(f"{name} was written by PROC CPORT, which only SAS reads: write it with LIBNAME ... XPORT")
    release = re.match(rb"<stata_dta><header><release>(\d+)<", start)
    if release and int(release[1]) > NEWEST:
        newer = f"{name} is of a newer Stata (release {int(release[1])} of its files; read are those up to {NEWEST})"
        raise DataError(f"{newer}: save it with saveold")
    if end == ".dta" and release and b"</stata_dta>" not in last:
        raise DataError(f"{name} is cut off: it does not end with </stata_dta>")
    begins = {
        ".sav": start.startswith((b"$FL2", b"$FL3")),
        ".dta": release is not None or 102 <= start[0] <= 115,
        ".sas7bdat": SAS7BDAT in start[:64],
        ".xpt": start.startswith(LIBRARY),
    }
    if not begins.get(".sav" if end == ".zsav" else end, True):
        raise DataError(f"{name} is no file of {FAMILIES[end]}, as its name says: it begins with {start[:12]!r}")


def _known(encoding: str | None) -> str | None:
    """The name by which ReadStat knows an encoding."""
    try:
        return encoding and codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(
            f"encoding={encoding!r}: there is no such encoding; known are, for example, utf-8 and cp1252"
        ) from None


def _check_letters(path: Path, name: str, values: pa.Array) -> None:
    """Warn of texts in UTF-8 that were read as if they were in cp1252, as old files are."""
    if not pa.types.is_string(values.type):
        return
    found = pc.unique(values.filter(pc.match_substring_regex(values, r"[^\x00-\x7f]")))[:LOOKED_AT].to_pylist()
    try:
        right = [text.encode("cp1252").decode() for text in found]
    except UnicodeError:
        return
    if found:
        warn(f"{str(path)!r}: column {name!r} holds {found[0]!r}; if {right[0]!r} is meant, say encoding='utf-8'")


def _column(name: str, values: pa.Array, meta: Any, family: str, tags: Counter[str], said: Decided) -> pa.Array:
    """As it counts: without what is declared missing, dates as dates, categories where all values have labels."""
    texts = pa.types.is_string(values.type)
    labels = {code: label for code, label in meta.variable_value_labels.get(name, {}).items() if (type(code) is str) == texts}
    ranges = meta.missing_ranges.get(name, [])
    declared = within(values, ranges)
    if n := int(pc.sum(declared).as_py() or 0):
        said.count("values that the file declares missing are missing", f"{name!r} {n:,}")
        values = pc.if_else(declared, pa.scalar(None, values.type), values)
    if tags:
        letters = ", ".join(f".{tag} {n:,}" for tag, n in sorted(tags.items()))
        said.count("missing values with letters are missing", f"{name!r} {letters}")
    labels = {
        code: label
        for code, label in labels.items()
        if not within(pa.array([code], values.type if texts else None), ranges)[0].as_py()
    }
    if texts and "" not in labels:
        empty = pc.equal(values, "")
        if n := int(pc.sum(empty).as_py() or 0):
            said.count("empty texts are missing", f"{name!r} {n:,}")
            values = pc.if_else(empty, pa.scalar(None, values.type), values)
    form = meta.original_variable_types[name]
    if not texts:
        dates, reason = read_as(values, form, family)
        if dates is not None:
            return dates
        if reason:
            said.each("stay numbers", f"column {name!r} stays a number: {reason}")
    set_name = meta.variable_to_label.get(name)
    if family == "SAS" and form and not BUILT_IN.fullmatch(form):
        said.count("labels of formats of one's own lie in a catalog (.sas7bcat), which is not read", f"{name!r} {form}")
    elif family != "SAS" and set_name and name not in meta.variable_value_labels:
        said.count("labels are named, but not in the file", f"{name!r} {set_name}")
    return labeled(name, values, labels, meta.variable_measure[name] == "ordinal", said)


def _told(path: Path, meta: Any, end: str, said: Decided) -> None:
    """What the file says besides its columns, and is not used."""
    if meta.file_label:
        said.once(f"its label: {meta.file_label!r}")
    if asked := [name for name, label in meta.column_names_to_labels.items() if label]:
        n, first = len(asked), asked[0]
        said.once(
            f"{n:,} of {len(meta.column_names):,} columns have a label of their own, which is not used, "
            f"such as {first!r}: {meta.column_names_to_labels[first]!r}"
        )
    if end in (".sav", ".zsav") and (weight := spss.weight(path, meta)):
        said.once(f"rows are weighted by {weight!r} in SPSS: it is a column like the others here, and weights are not used")
    if meta.mr_sets:
        sets = "; ".join(f"{name!r} of {', '.join(map(repr, s['variable_list'][:SHOWN]))}" for name, s in meta.mr_sets.items())
        said.once(f"multiple response sets are not used: {sets}")
    if end == ".por":
        said.once("values that the file declares missing are missing; how many, is not known")
    if meta.file_encoding and meta.file_encoding.upper().replace("-", "") not in ("UTF8", "USASCII", "ASCII"):
        said.once(f"texts are in {meta.file_encoding} (another: encoding=)")
