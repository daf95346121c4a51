"""Texts in lists, series, arrays, a column of a table, files and folders of files.

Of JSON lines, the text is the field ``text`` or ``body`` (after its ``title``), else the field of the longest strings.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError, an, warn
from ..images.album import SUFFIXES, ImageCollection, pictures_in
from .files import Reading, is_table, read_table
from .frames import arrow
from .layout import ending
from .listing import listed
from .names import READABLE as TABLES
from .names import kind_of, shown
from .schema import is_text

__all__ = [
    "READABLE",
    "absent",
    "exists",
    "holds_texts",
    "is_texts",
    "looks_like_texts",
    "read_documents",
    "tell_markup",
    "tell_mixed",
    "text_column",
]

READABLE = (".jsonl", ".jsonl.gz", ".txt")
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LOOKED_AT = 1 << 16  # items of a list that say what it holds
MARKED, SOME = 1000, 0.1  # texts that are looked at; the share of them that holds HTML
TAG = r"</?(p|br|div|span|a|b|i|em|strong|li|ul|ol|td|tr|table|h[1-6]|img|html|body)(\s+[\w-]+ *=[^<>]*)?\s*/?>"
MARKUP = re.compile(rf"{TAG}|&(nbsp|amp|quot|lt|gt|#\d+);", re.IGNORECASE)
LINES = 50  # of a file that show whether it is a table
NUMBER = re.compile(r'\s*"?[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?"?\s*')
MANY_TIMES = 20  # times as many of another kind, beside which a file or two are not meant


def holds_texts(path: Path) -> bool:
    """Whether there are texts in a folder of no tables, more than pictures, or in a file, as far as its beginning tells."""
    if path.is_dir():
        return listed(path) is None and len(texts_in(path)) > sum(1 for _ in pictures_in(path))
    return ending(path).endswith(READABLE) and not is_table(path)


def texts_in(folder: Path) -> list[Path]:
    """The texts in a folder by name, without hidden files, which systems put there."""
    return sorted(f for f in folder.iterdir() if ending(f).endswith(".txt") and not f.name.startswith("."))


def tell_mixed(folder: Path) -> None:
    """Warn of a folder that holds both texts and pictures, unless nearly all are of one kind; or texts and tables."""
    texts, pictures = len(texts_in(folder)), sum(1 for _ in pictures_in(folder))
    tables = sorted(file.name for file in folder.iterdir() if kind_of(file) and shown(file.name))
    if texts > pictures and tables and listed(folder) is None:
        warn(
            f"the folder {str(folder)!r} holds {texts:,} .txt files, which are read, and tables, such as {tables[0]!r}, which "
            "are not: a pattern names these, such as folder/*.csv"
        )
    if MANY_TIMES * min(texts, pictures) >= max(texts, pictures) > 0:
        read, other = ("texts", "images") if texts > pictures else ("pictures", "documents")
        warn(
            f"the folder {str(folder)!r} holds {pictures:,} pictures and {texts:,} .txt files: the {read} are read; "
            f"format={other!r} reads the others"
        )


def is_texts(X: Any) -> bool:
    """Whether X looks like a list of texts; :func:`read_documents` says what is wrong with them."""
    if isinstance(X, (str, bytes, Mapping, ImageCollection)) or hasattr(X, "columns") or not hasattr(X, "__len__"):
        return False
    if isinstance(X, np.ndarray) and (X.ndim != 1 or X.dtype.kind not in "UOTS"):
        return False
    some = list(islice(iter(X) if isinstance(X, (list, tuple, set, frozenset, np.ndarray)) else iter(_listed(X)), LOOKED_AT))
    if some and all(isinstance(x, str) and x.lower().endswith((*SUFFIXES, ".npy")) for x in some):
        if isinstance(X, (list, tuple)):
            return False  # names of pictures, or of arrays
        raise DataError(
            f"X is {an(type(X).__name__)} of names of files, such as {str(some[0])!r}: give the list of them, X.tolist()"
        )
    if some and all(isinstance(x, (str, Path)) and exists(x) for x in some):
        return _are_texts(some)
    return any(isinstance(x, (str, bytes)) or (isinstance(x, Path) and ending(x).endswith(".txt")) for x in some)


def _are_texts(files: list[Any]) -> bool:
    """Whether files are texts; an error if they are no pictures or arrays, either: their names would be learned."""
    if all(isinstance(x, Path) and ending(x).endswith(".txt") for x in files):
        return True
    if ImageCollection.accepts(files) or all(ending(x).endswith(".npy") for x in files):
        return False
    raise DataError(
        f"X is a list of names of files, such as {str(files[0])!r}: give tables of one kind (.parquet, .csv, .jsonl, "
        ".feather), arrays (.npy), pictures or folders of these, or for texts the Path of each .txt"
    )


def tell_markup(texts: Sequence[str]) -> None:
    """Warn of tags and entities of HTML, whose names would count as words."""
    found = [hit[0] for text in texts[:MARKED] if (hit := MARKUP.search(text))]
    if len(found) > SOME * len(texts[:MARKED]):
        warn(
            f"the texts hold HTML, such as {found[0]!r:.40}, and its tags count as words: take it out first, for example with "
            "html.unescape(re.sub('<[^>]+>', ' ', text))"
        )


def looks_like_texts(column: pa.ChunkedArray) -> bool:
    """Whether most values are different and contain a space, so that they are neither names nor categories."""
    if not is_text(column.type):
        return False
    known = column.drop_null()
    half = len(known) / 2
    return bool(pc.count_distinct(known).as_py() > half and pc.match_substring(known, " ").to_pylist().count(True) > half)


def text_column(X: Any, encoding: str | None = None) -> str | None:
    """The only column that looks like texts, of a table or of a file of one; None if there are more, or none."""
    if isinstance(X, (str, Path)):
        if not exists(X) or not is_table(X):
            return None
        X = read_table(X, None, Reading(encoding=encoding), {}, rest=True)
    table = arrow(X) if hasattr(X, "columns") else None
    names = [] if table is None else [name for name in table.column_names if looks_like_texts(table[name])]
    return names[0] if len(names) == 1 else None


def read_documents(X: Any, column: str | None = None, encoding: str | None = None) -> list[str]:
    """A list of strings from any container of texts.

    Parameters
    ----------
    X : list, tuple, Series, array, Arrow array, table, path
        Texts, paths of ``.txt`` files, or a table with a column of texts.
    column : str, optional
        Which one.
    encoding : str, optional
        Of files; None: UTF-8, or what a mark at their beginning says.

    Raises
    ------
    DataError
        Naming the row or the file, and what to do.
    """
    if isinstance(X, (str, Path)):
        if not exists(X):
            raise absent(X)
        return _read(Path(X), column, encoding)
    X = X.collect() if hasattr(X, "collect") else X  # a LazyFrame
    if hasattr(X, "columns"):
        return _column(X, column)
    texts = [_decoded(x, encoding) if isinstance(x, Path) else x for x in _listed(X)]
    wrong = [i for i, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        more = f" (and {len(wrong) - 1:,} more)" if len(wrong) > 1 else ""
        raise DataError(f"document {wrong[0]}{more} is {_wrong(texts[wrong[0]])}")
    return texts


def exists(path: str | Path) -> bool:
    """Whether there is a file, or a data set of files; a text can be too long for a file name."""
    try:
        return bool(str(path).strip()) and (Path(path).exists() or listed(path) is not None)  # '' would be this folder
    except DataError:  # reading tells
        return True
    except (OSError, ValueError):
        return False


def absent(path: str | Path) -> Exception:
    """The error if there is no such file: perhaps it is not a name, but a text.

    >>> absent("the bank")
    DataError("X is one text, 'the bank', and there is no file of this name: give a list of texts, ['the bank']")
    """
    name = str(path)
    if re.search(r"[*?[]", name) and "\n" not in name and (files := glob(name, recursive=True)):
        return DataError(
            f"{name!r} matches {len(files):,} file(s), but a pattern names the parts of a table (.parquet, .csv, .jsonl, "
            ".feather): in Python give a list of the files, sorted(glob(...)); pictures and texts may be a folder"
        )
    named = re.search(r"\.\w{1,8}$", name) or (re.search(r"[/\\]", name) and not re.search(r"\s", name))
    if isinstance(path, Path) or (named and "\n" not in name):
        return FileNotFoundError(2, f"there is no file {name!r}")
    short = name if len(name) <= 40 else f"{name[:40]}..."
    return DataError(f"X is one text, {short!r}, and there is no file of this name: give a list of texts, [{short!r}]")


# ── in memory ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _listed(X: Any) -> list[Any]:
    if isinstance(X, (set, frozenset, Mapping, bytes)):
        raise DataError(f"X is {an(type(X).__name__)}, which has no rows in order: give a list of texts")
    made = next((getattr(X, name) for name in ("to_pylist", "to_list", "tolist") if hasattr(X, name)), lambda: list(X))
    values = made()
    if not isinstance(values, list) or not values:
        raise DataError("Found array with 0 sample(s): X is empty" if values == [] else f"X is {X!r}: give a list of texts")
    return values


def _missing(value: Any) -> bool:
    """None, NaN, NaT and NA: what is not equal to itself."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)


def _quantity(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wrong(value: Any) -> str:
    """What a value is that should be a text, and what to do."""
    remedy = "give str(...) of it"
    if _missing(value):
        remedy = "give '' for an empty one, or leave its row out"
    elif isinstance(value, bytes):
        remedy = "decode it, as in text.decode('utf-8')"
    elif isinstance(value, (list, tuple, np.ndarray)):
        remedy = "give one text for each row, of words such as ' '.join(words)"
    elif isinstance(value, Mapping):
        remedy = "give the text in it, or all as a table, pd.DataFrame(X)"
    return f"{an(type(value).__name__)}, not a string: {remedy}"


def _column(X: Any, column: str | None) -> list[str]:
    """The texts in a column of a table; missing ones are empty."""
    names = list(X.column_names if hasattr(X, "column_names") else X.columns)
    found = names if column is None and len(names) == 1 else [name for name in names if str(name) == column]
    if len(found) != 1:
        columns = ", ".join(repr(str(name)) for name in names[:20])
        what = "X is a table" if column is None else f"{len(found)} columns of X are named {column!r}"
        raise DataError(f"{what}: say which column holds the texts, Documents(column=...); the columns are {columns}")
    return _filled(_listed(X[found[0]]), f"column {str(found[0])!r}")


def _filled(values: list[Any], place: str) -> list[str]:
    """Texts; a missing one is empty, with a warning."""
    texts = ["" if _missing(value) else value for value in values]
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"{place}, row {row}: {text!r:.40} is {_wrong(text)}")
    missing = sum(map(_missing, values))
    if missing:
        warn(f"{place}: texts are missing in {missing:,} of {len(values):,} rows, and are read as empty texts")
    return texts


# ── in files ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(path: Path, column: str | None, encoding: str | None) -> list[str]:
    if path.is_dir():
        files = texts_in(path)
        if not files:
            raise DataError(f"the folder {str(path)!r} holds no .txt file")
        return [_decoded(file, encoding) for file in files]
    if ending(path).endswith(".txt"):
        return _lines(path, encoding)
    if not ending(path).endswith(READABLE):
        if not ending(path).endswith(TABLES):
            raise DataError(f"{str(path)!r} holds no texts that can be read: its name ends in none of {', '.join(READABLE)}")
        return _column(read_table(path, reading=Reading(encoding=encoding)), column)
    records = list(_records(path, encoding))
    if column is None:
        return _texts(records, str(path))
    if not any(isinstance(record, dict) and column in record for record in records):
        raise DataError(f"{str(path)!r}: no object has a field {column!r}")
    return _filled([record.get(column) if isinstance(record, dict) else record for record in records], f"{str(path)!r}")


def _lines(path: Path, encoding: str | None) -> list[str]:
    """One text per line; empty lines are skipped."""
    lines = _decoded(path, encoding).rstrip().split("\n")
    texts = [line for line in lines if line.strip()]
    if not texts:
        raise DataError(f"{str(path)!r} is empty")
    if len(texts) < len(lines):
        warn(f"{str(path)!r}: {len(lines) - len(texts):,} of {len(lines):,} lines are empty, and are skipped")
    if sep := _separator(texts[:LINES]):
        warn(
            f"{str(path)!r}: each line has as many cells, separated by {sep!r}, as the rows of a table, and is read as a text: "
            "if it is a table, give the file a name that ends in .csv or .tsv"
        )
    return texts


def _separator(lines: list[str]) -> str | None:
    """What separates cells, if all lines have as many, and numbers in one column below the first line.

    >>> _separator(["a,b", "1,x", "2.5,y"]), _separator(["a, b", "c, d", "e, f"])
    (',', None)
    """
    for sep in "\t;,|":
        rows = [line.split(sep) for line in lines]
        if len(rows) < 3 or {len(row) for row in rows} != {len(rows[0])} or len(rows[0]) == 1:
            continue
        if any(all(NUMBER.fullmatch(cell) for cell in cells) for cells in zip(*rows[1:], strict=True)):
            return sep
    return None


def _decoded(path: Path, encoding: str | None) -> str:
    """The text of a file; an error, if its encoding is another one."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if ending(path).endswith(".gz") else data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from None
    code = encoding or next((name for bom, name in BOMS.items() if data.startswith(bom)), "utf-8")
    hint = "give its encoding, such as 'latin-1' or 'utf-16-le': Documents(encoding=...), or --encoding"
    try:
        text = data.decode(code)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"cannot read {str(path)!r}: line {line} is not {code} (byte {data[error.start]:#04x}): {hint}"
        ) from None
    except LookupError:
        raise ValueError(f"encoding={encoding!r} is not known: allowed are None and names such as 'latin-1'") from None
    if "\0" in text:
        raise DataError(f"cannot read {str(path)!r}: it holds zero bytes, and is not {code}: {hint}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _records(path: Path, encoding: str | None) -> Iterator[Any]:
    """The strings and objects in JSON lines."""
    some = False
    for number, line in enumerate(_decoded(path, encoding).split("\n"), 1):
        if not line.strip():
            continue
        some = True
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"cannot read {str(path)!r}: line {number} is not JSON ({error.msg})") from None
        if not isinstance(record, (str, dict)):
            raise DataError(f"cannot read {str(path)!r}: line {number} is neither a string nor an object")
        yield record
    if not some:
        raise DataError(f"{str(path)!r} is empty")


def _texts(records: list[Any], place: str) -> list[str]:
    lengths: Counter[str] = Counter()
    for record in records:
        if isinstance(record, dict) and not ("text" in record or "body" in record):
            lengths.update({key: len(value) for key, value in record.items() if isinstance(value, str)})
    longest = lengths.most_common(1)[0][0] if lengths else "text"
    if lengths and (others := sorted({key for r in records if isinstance(r, dict) for key in r if _quantity(r[key])})):
        warn(
            f"{place}: the texts are taken from the field {longest!r}, the longest; left out are numbers, "
            f"{', '.join(others[:5])}: format='tables' reads all as a table, "
            f"Documents(column={longest!r}) the texts without this warning"
        )

    def body(record: Any) -> Any:
        return record if isinstance(record, str) else record.get("text", record.get("body", record.get(longest)))

    texts = _filled([body(record) for record in records], place)
    titles = [record.get("title") if isinstance(record, dict) else None for record in records]
    return [f"{a}\n{b}" if isinstance(a, str) and a and a != b else b for a, b in zip(titles, texts, strict=True)]
