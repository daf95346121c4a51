"""What the verbs on labels share: columns of 0 and 1, lists of labels, and the rows, texts or pictures that a model takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from . import options
from .data import absent, as_table, is_strings, loaded

IMAGENET = "imagenet"  # an encoder that is no file


def learn(
    table: Any,
    path: Path,
    output: Path,
    formats: tuple[Any, Any],
    text: str | None,
    labels: str | None,
    label: tuple[str, ...],
    labels_sep: str | None,
    encoder: Path | str | None,
    loss: str,
    **params: Any,
) -> None:
    """Fit a MultiLabelClassifier to the table of a file, save it, and tell of it; `formats`: of documents, and of tables."""
    import numpy as np

    from ..estimators import MultiLabelClassifier

    table = table_of(table)
    names = [*([labels] if labels_sep and labels else listing(labels)), *label]
    check_names(table, names, "--labels")
    if labels_sep and len(names) > 1:
        raise DataError("--labels-sep is for one column of lists, but --labels names more")
    hint = "; a column of lists of labels needs --labels-sep"
    Y = listed(table, names[0], labels_sep) if labels_sep else np.column_stack([yes_no(table, name, hint) for name in names])
    pretrained = loaded(encoder, "fit --encoder") if isinstance(encoder, Path) else encoder
    X = others(table, names, pretrained, path.parent, text)
    documents = isinstance(X, list) and all(isinstance(x, str) for x in X)
    kind = "documents" if documents else "tables" if hasattr(X, "schema") else "images"
    options.check_data(click.get_current_context(), path, kind)
    read = {"documents": formats[0], "tables": formats[1]}.get(kind, "auto")
    params |= {"loss": "logistic" if loss == "auto" else loss, "format": read}
    clf = MultiLabelClassifier(encoder=pretrained, **params).fit(X, Y)
    for c, name in enumerate([] if labels_sep else names):
        clf.rename_label(c, name)  # an array has no names, and a DataFrame would need pandas
    clf.save(output)
    if clf.verbose:
        from . import printing

        printing.labelled(clf, len(Y), output)


def listing(names: str | None) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in (names or "").split(",") if name.strip()]


def others(table: Any, names: list[str], pretrained: Any, folder: Path, text: str | None = None) -> Any:
    """What is not a label: a table; texts or pictures, if it is one column of them, or if that is what an encoder takes."""
    rest = table.drop_columns(names)
    if not rest.num_columns:
        raise DataError("--labels and --drop name all columns: none is left that says what a row is")
    if text is not None:
        check_names(rest, [text], "--text")
        return texts(rest, text)
    if pretrained == IMAGENET:
        return pictures(rest, folder)
    if pretrained is not None:
        if takes_texts(pretrained.format_) and rest.num_columns > 1:
            columns = ", ".join(map(repr, rest.column_names))
            raise DataError(f"the encoder takes texts, but {columns} are left: leave out all but one with --drop")
        return taken(pretrained.format_, rest, folder)
    if rest.num_columns == 1 and is_pictures(rest.column(0)):
        return pictures(rest, folder)
    return texts(rest) if rest.num_columns == 1 and is_texts(rest.column(0)) else rest


# ── columns that say which labels a row has ──────────────────────────────────────────────────────────────────────────


def check_names(table: Any, names: list[str], option: str, hint: str = "") -> None:
    """Raise a DataError unless each name is that of a column, and is said once."""
    if not names:
        raise DataError(f"{option} names no column")
    for name in names:
        if name not in table.column_names:
            raise absent(option, name, table.column_names, hint)
        if names.count(name) > 1:
            raise DataError(f"{option} names {name!r} twice")


def yes_no(table: Any, name: str, hint: str = "") -> Any:
    """(n,) 0, 1, or NaN where a cell is empty."""
    import numpy as np

    from ..formats.targets import NO, YES

    values = table[name].to_pylist()
    if not any(value == value and value is not None for value in values):
        raise DataError(f"column {name!r} is empty: 1 says that a row has the label, 0 that it has not")
    for row, value in enumerate(values):
        if not (value is None or value != value or value in (0, 1, "0", "1")):
            raise DataError(
                f"column {name!r} holds {value!r} in row {row}: allowed are 0, 1, and an empty cell, which means not known"
                + ("; write 1 for yes, and 0 for no" if str(value).strip().lower() in (*YES, *NO) else "")
                + (hint if isinstance(value, (str, list)) else "")
            )
    return np.array([np.nan if value is None else float(value) for value in values])


def listed(table: Any, name: str, sep: str) -> list[list[str]]:
    """The labels of each row, of a column such as "urgent;bug", or of lists; an empty cell has none."""
    from ..formats.labels import combined

    rows = [v if isinstance(v, list) else [] if v is None else str(v).split(sep) for v in table[name].to_pylist()]
    said = [[label for v in row if v is not None and (label := str(v).strip())] for row in rows]
    combined([*dict.fromkeys(label for row in said for label in row)])
    return said


# ── rows that a model takes ──────────────────────────────────────────────────────────────────────────────────────────


def opened_for(model: Any, path: Path) -> tuple[Any, Any]:
    """What is in `path` as a table, and what `model` takes of it."""
    import pyarrow as pa

    from ..formats import Documents
    from ..formats.arrays import read_array
    from ..formats.files import is_table, read_table
    from ..images.album import Album

    if takes_pictures(model.format_) and Album.accepts(path):
        album = Album(path)
        return pa.table({"file": album.names}), album
    named = getattr(model.format_, "column", None) is not None
    if not is_table(path) and not named and not has_columns(model.format_):
        if takes_texts(model.format_) and Documents.accepts(path):
            X: Any = model.format_.read(path)
            return as_table(X, []), X
        X = read_array(path)
        if len(X.shape) != 2:
            raise DataError(f"{str(path)!r} holds an array of shape {X.shape}: it takes one row (d,) for each example")
        return as_table(X, [f"x{j}" for j in range(X.shape[1])]), X
    if has_columns(model.format_):
        format = model.format_
        table = table_of(read_table(path, None, format.reading, format.types, rest=True, levels=format.levels))
    else:
        table = table_of(path, getattr(model.format_, "encoding", None))
    return table, taken(model.format_, table, path.parent)


def table_of(data: Any, encoding: str | None = None) -> Any:
    """The table in a file, or the table itself; each of its columns has a name of its own."""
    from ..formats.files import Reading, read_table

    reading = Reading(**{"encoding": encoding} | options.said())
    table = read_table(data, None, reading, {}, rest=True) if isinstance(data, Path) else data
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise DataError(f"column names must be unique, but {name!r} is repeated: rename them")
    return table


def taken(format: Any, table: Any, folder: Path) -> Any:
    """What a model of this format takes of a table in `folder`: its columns, their numbers, the texts, or the pictures."""
    import numpy as np

    if takes_pictures(format):
        return pictures(table, folder)
    if takes_texts(format):
        return texts(table, getattr(format, "column", None))
    missing = [name for name in format.columns if name not in table.column_names]
    if missing:
        raise absent("DATA", missing[0], table.column_names, ", but the model was fitted with it")
    X = table.select(format.columns)
    return X if has_columns(format) else np.column_stack([column.to_numpy() for column in X.columns])


def has_columns(format: Any) -> bool:
    return bool(format.kind == "tables")


def takes_texts(format: Any) -> bool:
    return bool(format.kind == "documents" and format.texts)


def takes_pictures(format: Any) -> bool:
    return bool(format.kind == "images")


def pictures(table: Any, folder: Path) -> list[Path]:
    """The files that a column names, as seen from the table's folder."""
    columns = [name for name in table.column_names if is_pictures(table[name])]
    if len(columns) != 1:
        found = ", ".join(map(repr, columns)) or "none"
        raise DataError(f"pictures are taken, from one column of names of files, such as photos/1.jpg; such columns: {found}")
    names = table[columns[0]].to_pylist()
    files = [folder / (name or "") for name in names]
    for row, (name, file) in enumerate(zip(names, files, strict=True)):
        if not name:
            raise DataError(f"column {columns[0]!r}, row {row}: the name of the picture is empty: leave this row out")
        if not file.is_file():
            raise DataError(
                f"column {columns[0]!r}, row {row}: there is no file {str(file)!r}; names are seen from {str(folder)!r}"
            )
    return files


def texts(table: Any, column: str | None = None) -> list[str]:
    """The column of texts: the one named, the only one of strings, or the only one that looks like texts."""
    if column is not None and column in table.column_names:
        return ["" if value is None else str(value) for value in table[column].to_pylist()]
    names = [name for name in table.column_names if is_strings(table[name])]
    if len(names) > 1:
        names = [name for name in names if is_texts(table[name])] or names
    if len(names) != 1:
        found = f"{len(names)} columns look like texts: {', '.join(map(repr, names))}" if names else "no column holds texts"
        raise DataError(f"the model takes texts, one column of them, but {found}")
    return [value or "" for value in table[names[0]].to_pylist()]


def is_pictures(column: Any) -> bool:
    """Whether most values are names of pictures."""
    from ..images.album import SUFFIXES

    values = [value for value in column.to_pylist() if value] if is_strings(column) else []
    return sum(value.lower().endswith(SUFFIXES) for value in values) > len(values) / 2


def is_texts(column: Any) -> bool:
    """Whether most values are unlike the others and contain a space: no names, no categories."""
    import pyarrow.compute as pc

    if not is_strings(column):
        return False
    known = column.drop_null()
    half = len(known) / 2
    return bool(pc.count_distinct(known).as_py() > half and pc.match_substring(known, " ").to_pylist().count(True) > half)
