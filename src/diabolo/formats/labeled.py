"""One table that holds both: what is known of a row, and its labels; and what a fitted model takes of such a table.

columns of 0 and 1          Y, an Arrow table: 1 yes, 0 no, null not known
a column of lists           Y, a list of labels for each row: lists as they are, "urgent;bug" with a sign between
a column of classes         Y, the class of each row that has one; the other rows are left out
the column `text`           X, its texts
the column `image`          X, the files it names, as seen from the table's folder
all other columns           X, a table; or if one is left that is plainly texts, or names of pictures, these
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from ..deferred import is_sparse
from ..errors import DataError, an, check_columns
from ..images.album import BROKEN_NAMED, SUFFIXES, ImageCollection
from .answers import (
    Answers,
    are_classes,
    classes_in,
    classes_of_rows,
    columns_of_labels,
    lists_of_labels,
    nothing_known,
    split_cells,
    zeros_and_ones,
)
from .base import SAMPLE, Format
from .blocks import parts_of
from .documents import Documents
from .files import Reading, Sample, is_table, read_table, sampled
from .gaps import Gaps
from .labels import combined
from .listing import listed
from .matrices import len_, matrix, names_of, read_array
from .parts import Parts, is_path
from .readers import Dataset, as_dataset, reads
from .schema import is_text
from .tables import Tables
from .texts import looks_like_texts, texts_in

MAX_COLUMNS_SHOWN = 1000  # a wide matrix is no table
ON_PAGE = 100_000  # rows of a data set that a page is made of
AT_ONCE = 1 << 16  # rows of a data set whose labels are read at once
LOOKED_AT = 10_000  # rows of it that show whether its only column holds texts

__all__ = ["check_names", "columns_taken", "label_lists", "read_for", "read_labeled", "read_targets", "sample_for", "yes_no"]


def read_labeled(
    data: str | Path | pa.Table,
    labels: str | Sequence[str],
    *,
    labels_sep: str | None = None,
    text: str | None = None,
    image: str | None = None,
    drop: Sequence[str] = (),
    format: str | Format = "auto",
    folder: str | Path | None = None,
    reading: Reading | None = None,
) -> tuple[Any, Any]:
    """X and Y out of one table that holds both, as MultiLabelClassifier takes them.

    Parameters
    ----------
    data : path or Arrow table
        A ``.csv``, ``.tsv``, ``.parquet``, ``.feather`` or ``.jsonl``; of a DataFrame, pandas itself takes the columns. A data
        set of more than 200,000 rows (a Parquet file, a folder, a pattern, a list) is not read as a whole.
    labels : str or sequence of str
        The columns of 0, 1 and empty cells (not known), one for each label; or the one column of lists; or the one column that
        names the class of each row: texts that repeat, or a few whole numbers. Rows without a class are left out.
    labels_sep : str, default=None
        What stands between the labels of a column of texts such as "urgent;bug"; an empty cell has none.
    text, image : str, default=None
        The column that alone is X: texts, or the names of files.
    drop : sequence of str, default=()
        Columns that are left out.
    format : {"auto", "tables", "documents", "images"} or fitted Format, default="auto"
        What X has to be, such as ``encoder.format_`` of a fitted encoder. "auto" looks: a single column that is left is read as
        texts if most of them are unlike the others and hold a space, or as names of pictures if most end so.
    folder : path, default=None
        From which the names of files are seen; by default that of the table.
    reading : Reading, default=None
        How a text file is written.

    Returns
    -------
    X : Arrow table, list of str or list of Path; of a large data set its ``Parts``
    Y : Arrow table of 0, 1 and null, or list of lists of str, or list of classes; of a large data set ``Answers``

    Raises
    ------
    DataError
        A column is not there, or named twice; a label is neither 0 nor 1; nothing is left for X; a picture is not there.

    Examples
    --------
    >>> table = pa.table({"body": ["a b", "c d"], "bug": [1, 0], "urgent": [None, 1]})
    >>> X, Y = read_labeled(table, ["bug", "urgent"], text="body")
    >>> X, Y.to_pylist()
    (['a b', 'c d'], [{'bug': 1.0, 'urgent': None}, {'bug': 0.0, 'urgent': 1.0}])
    >>> read_labeled(pa.table({"size": [1, 2], "tags": ["bug;new", None]}), "tags", labels_sep=";")[1]
    [['bug', 'new'], []]
    >>> read_labeled(pa.table({"size": [1, 2, 9, 8], "kind": ["cat", "cat", "dog", "dog"]}), "kind")[1]
    ['cat', 'cat', 'dog', 'dog']
    """
    if reading is not None and reading.dates and (text or image):
        raise DataError(f"dates={reading.dates!r} (--date) is for columns of a table, but only {text or image!r} is read as X")
    names = [labels] if isinstance(labels, str) else list(labels)
    if (parts := large(data, {*names, *drop}, text or image, format, reading)) is not None:
        check_names(parts.schema, names, "labels")
        if drop:
            check_names(parts.schema, list(drop), "drop")
        return parts.without([*names, *drop]), of_parts(parts, names, labels_sep, reading)
    table = table_of(data, reading)
    check_names(table, names, "labels")
    if drop:
        check_names(table, list(drop), "drop")
    lists = are_lists(table.schema, names, labels_sep)
    classes: list[Any] | None = None
    if not lists and len(names) == 1 and are_classes(table[names[0]]):
        table, classes = classes_in(table, names[0])
    rest = table.drop_columns([*names, *drop])
    if not rest.num_columns:
        raise DataError("no column is left besides the labels and the dropped columns: give at least one column to learn from")
    where = Path(folder) if folder is not None else Path(data).parent if isinstance(data, (str, Path)) else Path()
    Y: Any = classes
    if classes is None:
        Y = label_lists(table, names[0], labels_sep) if lists else pa.table({name: answers(table, name) for name in names})
    return rows_in(rest, where, text, image, format), Y


def columns_taken(df: Any, labels: str | Sequence[str]) -> tuple[Any, Any]:
    """A DataFrame without the columns of its labels, and these; one column of classes, or of lists, as such.

    >>> import pandas as pd
    >>> X, y = columns_taken(pd.DataFrame({"size": [1, 2], "ill": [0, 1]}), ["ill"])
    >>> list(X), y.columns.tolist()
    (['size'], ['ill'])
    """
    names = [labels] if isinstance(labels, str) else list(labels)
    check_columns("labels", names, [str(name) for name in df.columns])
    X = df.drop(columns=names) if hasattr(df, "iloc") else df.drop(names)
    cells = df[names[0]].drop_nulls() if hasattr(df, "null_count") else df[names[0]].dropna()
    several = len(names) > 1 or all(np.isscalar(cell) and cell in (0, 1) for cell in cells)
    return X, df[names] if several else df[names[0]]


def read_targets(
    data: str | Path,
    targets: Sequence[str],
    *,
    text: str | None = None,
    drop: Sequence[str] = (),
    format: str | Format = "auto",
    reading: Reading | None = None,
) -> tuple[Any, pa.Table]:
    """X, and the columns of a table in a file that are to be predicted from it; the parameters are those of `read_labeled`.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "homes.csv"
    >>> _ = file.write_text("rooms,price\\n2,100\\n3,180\\n")
    >>> X, y = read_targets(file, ["price"])
    >>> X.column_names, y.to_pydict()
    (['rooms'], {'price': [100, 180]})
    """
    names = list(targets)
    if (parts := large(data, {*names, *drop}, text, format, reading)) is not None:
        check_names(parts.schema, names, "targets")
        check_columns("drop", drop, parts.schema.names)
        return parts.without([*names, *drop]), pa.concat_tables(parts.pieces(AT_ONCE, names))
    table = table_of(data, reading)
    check_names(table, names, "targets")
    check_columns("drop", drop, table.column_names)
    rest = table.drop_columns([*dict.fromkeys([*names, *drop])])
    if not rest.num_columns:
        raise DataError("no column is left besides the targets and the dropped columns: give at least one column to learn from")
    return rows_in(rest, Path(data).parent, text, None, format), table.select(names)


def read_for(format: Format, path: str | Path, sample: Sample | None = None) -> tuple[pa.Table, Any]:
    """What is in a file as a table, or in a sample of a data set, and what a model fitted with `format` takes of it.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "new.csv"
    >>> _ = file.write_text("id,body\\n7,a mail\\n8,a letter\\n")
    >>> table, X = read_for(Documents().fit(["a mail", "a letter"]), file)
    >>> table.column_names, X
    (['id', 'body'], ['a mail', 'a letter'])
    """
    path = Path(path)
    if takes_pictures(format) and ImageCollection.accepts(path):
        album = ImageCollection(path)
        return pa.table({"file": album.names}), album
    if has_columns(format):
        fitted = cast(Tables, format)
        if sample is not None:
            return with_names(sample.table), taken(format, sample.table, path.parent)
        table = read_table(path, None, fitted.reading, fitted.types, rest=True, levels=fitted.levels)
        labeled = with_labels(table, as_dataset(path, format.options)) if reads(path, "table", known=format.options) else table
        return with_names(labeled), taken(format, table, path.parent)
    named = getattr(format, "column", None) is not None and not (path.is_dir() or path.suffix.lower() == ".txt")
    if is_table(path) or named:
        table = table_of(path, Reading(encoding=getattr(format, "encoding", None)))
        return table, taken(format, table, path.parent)
    if isinstance(format, Documents) and format.texts and Documents.accepts(path):
        texts = format.read(path)
        files = {"file": [file.name for file in texts_in(path)]} if path.is_dir() and not listed(path) else {}
        return pa.table(files | {"text": texts}), texts
    if not reads(path):
        X = read_array(path)
        return numbered(X, str(path)), X
    dataset = as_dataset(path, format.options)
    return with_labels(of_rows(dataset, str(path)), dataset), dataset.values


def sample_for(format: Format, path: Any) -> Sample | None:
    """Rows of a large data set that fit on a page, as a model of tables takes them; None, if all do."""
    if not has_columns(format):
        return None
    fitted = cast(Tables, format)
    return sampled(path, ON_PAGE, fitted.reading, fitted.types, fitted.levels)


def numbered(X: Any, said: str) -> pa.Table:
    """The columns of an array; of a wide one the numbers of its rows."""
    if len(X.shape) != 2:
        raise DataError(f"{said!r} holds an array of shape {X.shape}: give one row (d,) for each example")
    numbers = matrix(X)
    if numbers.shape[1] > MAX_COLUMNS_SHOWN:
        return pa.table({"row": np.arange(len_(numbers))})
    dense = numbers.toarray() if hasattr(numbers, "toarray") else np.asarray(numbers)
    return pa.table(list(dense.T), names=names_of(X) or [f"x{j}" for j in range(X.shape[1])])


def of_rows(dataset: Dataset, said: str) -> pa.Table:
    """What is said of each row: its name, if rows have names; of pictures its number; else its columns."""
    if dataset.rows is not None:
        return pa.table({"name": dataset.rows})
    return pa.table({"row": np.arange(len(dataset.X))}) if len(dataset.shape) > 2 else numbered(dataset.values, said)


def with_labels(table: pa.Table, dataset: Dataset) -> pa.Table:
    """The table with a further column for each label that the file has; one class for each row is none of them."""
    for name, column in label_columns(dataset).items():
        table = table.append_column(name, column if isinstance(column, pa.ChunkedArray) else [column])
    return table


def label_columns(dataset: Dataset) -> dict[str, Any]:
    """Name -> 0, 1 or null for each row."""
    Y = dataset.Y
    if isinstance(Y, pa.Table):
        return dict(zip(Y.column_names, Y.columns, strict=True))
    if dataset.labels is None:
        return {}
    return dict(zip(dataset.labels, (Y.toarray() if is_sparse(Y) else np.asarray(Y)).T, strict=True))


def table_of(data: Any, reading: Reading | None = None) -> pa.Table:
    """The table in a file, or the table itself; each of its columns has a name of its own."""
    if isinstance(data, (str, Path)):
        data = read_table(data, None, reading or Reading(), {}, rest=True)
    if isinstance(data, pa.Table):
        return with_names(Gaps(reading.na).table(data) if reading is not None else data)
    raise DataError(f"data is {an(type(data).__name__)}: give a path or a table")


def with_names(table: pa.Table) -> pa.Table:
    """The same table; raises a DataError if two columns have one name."""
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise DataError(f"column names must be unique, but {name!r} is repeated: rename them")
    return table


def check_names(table: pa.Table | pa.Schema, names: Sequence[str], said: str, hint: str = "") -> None:
    """Raise a DataError unless each name is that of a column, and is said once; `said` is how the names were given."""
    if not names:
        raise DataError(f"{said} names no column")
    there = table.names if isinstance(table, pa.Schema) else table.column_names
    check_columns(said, names, there, hint)
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{said} names {name!r} twice")


# ── Y ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


HINT = "; --labels-sep ';', or labels_sep=';', reads a column of names with this separator between; classes, one for each row, "
HINT += "are read of a single column of texts that repeat"


def answers(table: pa.Table, name: str) -> pa.Array:
    """The cells of a column of 0 and 1; null where one is empty."""
    return pa.array(yes_no(table, name, HINT), from_pandas=True)


def yes_no(table: pa.Table, name: str, hint: str = "", numbers: Iterable[int] | None = None) -> np.ndarray:
    """(n,) 0, 1, or NaN where a cell is empty; some cell is not. `numbers` are those of the rows."""
    found = zeros_and_ones(table, name, hint, numbers)
    if np.isnan(found).all():
        raise nothing_known(name)
    return found


def label_lists(table: pa.Table, name: str, sep: str | None) -> list[list[str]]:
    """The labels of each row, of a column such as "urgent;bug", or of lists; an empty cell has none."""
    said = list(split_cells(table, name, sep))
    combined([*dict.fromkeys(label for row in said for label in row)])
    return said


def are_lists(schema: pa.Schema, names: Sequence[str], sep: str | None) -> bool:
    """Whether the labels are in one column of lists."""
    lists = bool(sep) or (len(names) == 1 and pa.types.is_nested(schema.field(names[0]).type))
    if lists and len(names) > 1:
        raise DataError(f"labels_sep={sep!r} is for one column of lists, but labels names {len(names)}")
    return lists


def large(data: Any, left: set[str], column: str | None, format: str | Format, reading: Reading | None = None) -> Parts | None:
    """A data set of more rows than are read as a whole, if all its columns but those that are left out are X."""
    parts = parts_of(data, reading) if is_path(data) and column is None else None
    tables = has_columns(format) if isinstance(format, Format) else format in ("auto", "tables")
    if parts is None or parts.rows <= SAMPLE or not tables:
        return None
    rest = [name for name in parts.schema.names if name not in left]
    if len(rest) == 1 and format == "auto" and is_text(parts.schema.field(rest[0]).type):
        alone = parts.without([name for name in parts.schema.names if name != rest[0]]).head(LOOKED_AT).column(0)
        return None if is_pictures(alone) or looks_like_texts(alone) else parts
    return parts if rest else None


def of_parts(parts: Parts, names: Sequence[str], sep: str | None, reading: Reading | None) -> Answers:
    """The labels in a data set that is larger than memory."""
    gaps = Gaps(reading.na if reading is not None else ())
    pieces = (gaps.table(piece) for piece in parts.pieces(AT_ONCE, names))
    if not are_lists(parts.schema, names, sep):
        if len(names) == 1 and are_classes(gaps.table(next(parts.pieces(AT_ONCE, names))).column(0)):
            return classes_of_rows(pieces, names[0])
        return columns_of_labels(pieces, parts.rows, names, HINT)
    found = lists_of_labels(pieces, names[0], sep)
    combined(found.names)
    return found


# ── X ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def rows_in(rest: pa.Table, folder: Path, text: str | None, image: str | None, format: str | Format) -> Any:
    """What is not a label: a table; texts or pictures, if it is one column of them, or if that is asked for."""
    if text is not None:
        check_names(rest, [text], "text")
        return texts(rest, text)
    if image is not None:
        check_names(rest, [image], "image")
        return pictures(rest.select([image]), folder)
    if isinstance(format, Format):
        if takes_texts(format) and rest.num_columns > 1:
            columns = ", ".join(map(repr, rest.column_names))
            raise DataError(f"the encoder takes texts, but {columns} are left: drop all but one with drop= (--drop)")
        return taken(format, rest, folder)
    if format not in ("auto", "tables", "documents", "images"):
        raise ValueError(f"format={format!r}: allowed are 'auto', 'tables', 'documents', 'images', and a fitted Format")
    alone = rest.column(0) if format == "auto" and rest.num_columns == 1 else None
    if format == "images" or (alone is not None and is_pictures(alone)):
        return pictures(rest, folder)
    return texts(rest) if format == "documents" or (alone is not None and looks_like_texts(alone)) else rest


def taken(format: Format, table: pa.Table, folder: Path) -> Any:
    """What a model of this format takes of a table in `folder`: its columns, their numbers, the texts, or the pictures."""
    if takes_pictures(format):
        return pictures(table, folder)
    if takes_texts(format):
        return texts(table, getattr(format, "column", None))
    check_columns("what the model was fitted with", format.sources, table.column_names)
    X = table.select(format.sources)
    return X if has_columns(format) else np.column_stack([column.to_numpy() for column in X.columns])


def has_columns(format: Format) -> bool:
    return format.kind == "tables"


def takes_texts(format: Format) -> bool:
    return format.kind == "documents" and cast(Documents, format).texts


def takes_pictures(format: Format) -> bool:
    return format.kind == "images"


def pictures(table: pa.Table, folder: Path) -> list[Path]:
    """The files that a column names, as seen from the table's folder."""
    columns = [name for name in table.column_names if is_pictures(table[name])]
    if len(columns) != 1:
        found = ", ".join(map(repr, columns)) or "none"
        raise DataError(f"pictures are read from one column of file names, such as photos/1.jpg; such columns: {found}")
    names = table[columns[0]].to_pylist()
    files = [folder / (name or "") for name in names]
    if absent := [row for row, file in enumerate(files) if not file.is_file()]:
        why = [f"there is no file {str(files[row])!r}" if names[row] else "the name is empty" for row in absent[:BROKEN_NAMED]]
        said = "; ".join(f"row {row}: {reason}" for row, reason in zip(absent, why, strict=False))
        more = f"; and {len(absent) - len(why):,} more such rows" if len(absent) > len(why) else ""
        raise DataError(
            f"column {columns[0]!r}, {said}{more}. Names are relative to {str(folder)!r}: correct or remove these rows"
        )
    return files


def texts(table: pa.Table, column: str | None = None) -> list[str]:
    """The column of texts: the one named, the only one of strings, or the only one that looks like texts."""
    if column is not None and column in table.column_names:
        return ["" if value is None else str(value) for value in table[column].to_pylist()]
    names = [name for name in table.column_names if is_text(table[name].type)]
    if len(names) > 1:
        names = [name for name in names if looks_like_texts(table[name])] or names
    if len(names) != 1:
        found = f"{len(names)} columns look like texts: {', '.join(map(repr, names))}" if names else "no column holds texts"
        raise DataError(f"the model takes one column of texts, but {found}")
    return [value or "" for value in table[names[0]].to_pylist()]


def is_pictures(column: pa.ChunkedArray) -> bool:
    """Whether most values are names of pictures."""
    values = [value for value in column.to_pylist() if value] if is_text(column.type) else []
    return sum(value.lower().endswith(SUFFIXES) for value in values) > len(values) / 2
