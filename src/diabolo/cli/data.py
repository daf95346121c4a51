"""What the verbs share: a model, data, and whether they are a data set."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..deferred import is_sparse
from ..errors import DataError, check_columns, no_column, some, warn, wrong_kind
from .several import first_tells

if TYPE_CHECKING:
    from ..estimators.base import System
    from ..formats.files import Reading
    from ..formats.parts import Parts


class Where(click.Path):
    """A file or a folder; or a data set of Parquet files: a pattern such as part-*.parquet, or a URL (formats/parts.py)."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if param and param.name in ("data", "codes", "examples") and str(value).endswith(".diabolo"):
            first = any(p.name == "model" for p in ctx.command.params) if ctx else False
            self.fail(f"{str(value)!r} is a model, not data{': give MODEL before it' * first}", param, ctx)
        if not Path(value).exists() and re.search(r"[*?\[]|^[a-z][a-z0-9+.-]+:/", str(value)):
            from ..formats.listing import listed

            if listed(value):
                return Path(value)
            from ..formats.texts import absent

            if isinstance(error := absent(value), DataError):
                raise error
        return super().convert(value, param, ctx)


MODEL = click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
DATA = click.argument("data", type=Where(exists=True, path_type=Path))
IN_MEMORY = 100_000  # rows of a Parquet file, from which on results are written as they come
READ = {
    *[".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp", ".txt", ".ttf", ".otf", ".ttc", ".woff", ".woff2"]
}  # of which folders are inputs
MOST_LABELS = 1000  # that are columns of a table
KEEP = click.option(
    "--keep", multiple=True, metavar="COLUMN", help="Write this column of DATA, too, before all others (repeatable)."
)
OUTPUT = click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write.")
PARTS = (
    " DATA may be a folder of parts (.parquet, .csv, .jsonl, .feather), or a pattern in quotes, such as "
    '"parts/2024-*.parquet". Of these, or of pictures, a name of the output without an ending is a folder: it gets a part for '
    "each of theirs, or for each 1,000 pictures."
)
ENGINE = click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="What writes a folder of parts: this process (one of several, if torchrun or Slurm says so), or Ray.",
)


def open_data(path: Path, drop: Sequence[str] = (), text: str | None = None) -> Any:
    """The data in `path`: the path itself, or a table without the columns `drop`, read as was said."""
    from ..formats.base import SAMPLE
    from ..formats.blocks import parts_of
    from ..formats.cells import guessed
    from ..formats.files import Reading, is_table, read_table
    from ..formats.readers import read_dataset, reads
    from ..formats.schema import is_text, words
    from .options import said

    if not drop and (text is None or not is_table(path)):
        return path

    if text is None and (parts := parts_of(path, Reading(**said()))) is not None and parts.rows > SAMPLE:
        check_columns("--drop", drop, parts.schema.names)
        return parts.without(drop)
    if text is not None and said().get("dates"):
        raise click.UsageError(f"--date is for columns of a table, but with --text only the column {text!r} is read")
    dataset = read_dataset(path) if text is None and reads(path, "table") else None
    table = read_table(path, None, Reading(**said()), {}, rest=text is None) if dataset is None else dataset.X
    for option, names in (("--drop", drop), ("--text", () if text is None else (text,))):
        check_columns(option, names, table.column_names)
    if text is not None and is_text(table[text].type) and not is_text((found := guessed(table[text])).type):
        warn(f"--text: column {text!r} holds {words(found.type)}, such as {table[text][0].as_py()!r}: each is read as a word")
    table = table.drop_columns(list(drop))
    return table if dataset is None else replace(dataset, X=table)


def without_groups(X: Any, name: str | None) -> tuple[Any, Any]:
    """A table without the column that says which rows belong together, and this column."""
    import pyarrow as pa

    from ..formats.parts import Parts

    if name is None:
        return X, None
    if isinstance(X, Parts):
        check_columns("--groups", [name], X.schema.names)
        return X.without([name]), pa.concat_tables(X.pieces(1 << 16, [name])).column(0)
    if not isinstance(X, pa.Table):
        raise click.UsageError(f"--groups {name}: what is learned from is no table; in Python: fit(X, y, groups=...)")
    check_columns("--groups", [name], X.column_names)
    return X.drop_columns([name]), X[name]


def load_model(path: Path, verb: str, kind: str = "Autoencoder", *others: str) -> Any:
    """The model in `path`, which must be of a kind that `verb` can use."""
    from .. import estimators

    model = estimators.load(path)
    if not isinstance(model, tuple(getattr(estimators, name) for name in (kind, *others))):
        raise wrong_kind(path, type(model).__name__, verb, kind)
    from .options import reread

    assert isinstance(model, estimators.base.System)
    return reread(model)


def light_model(path: Path, verb: str, kind: str = "Autoencoder", *others: str) -> Any:
    """The model in `path`; in NumPy where it runs in NumPy, for PyTorch takes seconds to be imported."""
    from .. import engine, storage
    from .options import reread

    if storage.header(path).kind in (kind, *others):
        with contextlib.suppress(engine.NoProgram):
            found = engine.load(path)
            if found.format_.shape is None:  # pictures are read and convolved by PyTorch
                return reread(found)
    return load_model(path, verb, kind, *others)


class NoPandas:
    """Within it there is no pandas to import. Arrow would, to find out whether what it is given is of pandas: nothing is."""

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)

    def __exit__(self, *error: object) -> None:
        sys.meta_path.remove(self)

    def find_spec(self, name: str, *where: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def check_shared(output: Path | None) -> None:
    """Of several processes each would do all rows, if they print them or write one file."""
    if output is None or not (output.is_dir() or not output.suffix):
        first_tells("would print all rows" if output is None else f"would write all rows into {str(output)!r}")


def in_bulk(
    verb: str, model: Path, data: Path, output: Path, keep: Sequence[str] | None, engine: str = "local", **options: Any
) -> bool:
    """Write the results of a data set as they come, if the output is a folder or the file of a table; else False."""
    from ..formats.blocks import parts_of
    from ..formats.layout import Reading, ending
    from ..formats.names import READABLE, kind_of
    from ..storage import header
    from .options import check_reading, said

    folder = output.is_dir() or not output.suffix
    given: Any = [data] if folder and data.is_file() and kind_of(data) else data  # of a small file, too, there is a part
    format = header(model).meta.get("format", {})
    if format.get("kind") == "images":
        from ..images.album import ImageCollection

        if not folder or not ImageCollection.accepts(data):
            return False
    elif not (folder or ending(output).endswith(READABLE)) or format.get("kind") != "tables":
        return False
    else:
        how = Reading(**format.get("reading", {})).but(said())
        if (parts := parts_of(given, how)) is None or (not folder and engine == "local" and parts.rows <= IN_MEMORY):
            return False
        check_columns("--keep", keep or (), parts.schema.names)
    from .. import bulk

    check_reading(data)
    if engine != "local" and not folder:
        raise DataError(f"--engine {engine} writes a folder of parts: --output {str(output)!r} is a file")
    with NoPandas() if verb == "encode" and engine == "local" else contextlib.nullcontext():
        done = bulk.run(model, given, output, verb, keep=keep, engine=engine, reading=said(), **options)
    skipped = f" ({done.rows - done.now:,} were there already)" if done.now < done.rows else ""
    number, count = (0, 1) if engine == "ray" else bulk.shard()
    share = f", those of process {number + 1:,} of {count:,}" if count > 1 else ""
    failed = f"; {len(done.failed):,} failed" if done.failed else ""
    click.echo(f"{done.rows:,} rows{share}{skipped}: wrote {output}{failed}")
    if done.failed:
        click.echo(f"diabolo: no results for {some(done.failed)}", err=True)
        sys.exit(1)
    return True


def check_page(output: Path, option: str = "--output") -> None:
    """A page has the name of one: a .pdf that holds HTML would open nowhere."""
    if output.suffix.lower() not in ("", ".html", ".htm"):
        said = f"the page is an .html, not {output.name!r}; a browser prints it, as a .pdf, too"
        raise click.BadParameter(said, param_hint=option)


def never_onto_input(output: Path, *inputs: Path, option: str = "--output", folder: bool = False) -> None:
    """Inputs are never overwritten, and a place that takes no file is found out before the work."""
    from ..formats.listing import listed

    if output.is_dir() and not folder:
        raise DataError(f"{option} {str(output)!r}: there is a folder of this name: choose another name")
    for path in inputs:
        if output.exists() and path.exists() and output.samefile(path):
            raise DataError(f"{option} {str(output)!r} is the input: choose another name")
        if output.exists() and any(
            os.path.samefile(output, part.path) for part in listed(path) or [] if os.path.exists(part.path)
        ):
            raise DataError(f"{option} {str(output)!r} is one of the files that are read: choose another name")
        if output.suffix.lower() in READ and output.exists() and path.is_dir() and path.resolve() in output.resolve().parents:
            raise DataError(f"{option} {str(output)!r} is one of the files that are read: choose another name")
        if not path.is_file() and within(output, path):
            raise DataError(
                f"{option} {str(output)!r} lies within the data, and would be read with them: choose a place beside them"
            )


def within(output: Path, data: Path) -> bool:
    """Whether a file of this name would be one of a data set."""
    from ..formats.names import kind_of, would_be_read

    if kind_of(output) is None or not would_be_read(output, str(data)):
        return False
    from ..formats.listing import listed

    return any(kind_of(output) in ("parquet", kind_of(part.path)) for part in listed(data) or ())


def kept_columns(model: System, data: Path, names: Sequence[str], named: bool = True) -> dict[str, Any]:
    """What is known of each row of `data` and goes before what a model says of it: names of rows, columns to keep."""
    found: dict[str, Any] = row_names(model, data) if named else {}
    if not names:
        return found
    taken(model.format_, names)
    from ..formats.blocks import parts_of
    from ..formats.readers import reads

    if reads(data):
        return found | said_columns(data, names, "--keep", model.format_)
    if (parts := parts_of(data, getattr(model.format_, "reading", None))) is not None:
        return found | data_set_columns(parts.as_written(), names, "--keep")
    table = as_they_stand(model, data)
    check_columns("--keep", names, table.column_names)
    return found | {name: table[name] for name in names}


def taken(format: Any, names: Sequence[str]) -> None:
    """These columns are used by the command: no warning says that the model does not."""
    if format.kind == "tables":
        format.left_out = [*format.left_out, *names]


def data_set_columns(parts: Parts, names: Sequence[str], option: str, how: Reading | None = None) -> dict[str, Any]:
    """Columns of a data set, and no others of it; of texts each is held once."""
    import pyarrow as pa

    from ..formats.files import table_pieces
    from ..formats.schema import is_text

    check_columns(option, names, parts.schema.names)
    held: dict[str, list[Any]] = {name: [] for name in names}
    for piece in table_pieces(parts, 1 << 16, how, None, list(names)):
        for name in names:
            column = piece[name].combine_chunks()
            held[name].append(column.dictionary_encode() if is_text(column.type) else column)
    columns = {name: pa.chunked_array(chunks) for name, chunks in held.items()}
    return {name: v.unify_dictionaries() if pa.types.is_dictionary(v.type) else v for name, v in columns.items()}


def said_columns(data: Path, names: Sequence[str], option: str, format: Any) -> dict[str, Any]:
    """What a file of the field says of its rows: columns, labels, those of obs; y: the class or number of each row."""
    from ..formats.labeled import label_columns
    from ..formats.layout import ending
    from ..formats.readers import as_dataset, read_dataset

    dataset = as_dataset(data, format.options)
    there = list(getattr(dataset.X, "column_names", dataset.columns or []))
    known = label_columns(dataset) | ({"y": dataset.Y} if getattr(dataset.Y, "ndim", 0) == 1 else {})

    def found(name: str) -> Any:
        if name in known:
            return known[name]
        if name in there and hasattr(dataset.X, "column_names"):
            return dataset.X[name]
        if name in there:
            column = dataset.X[:, [there.index(name)]]
            return (column.toarray() if is_sparse(column) else column).ravel()
        if ending(data).endswith(".h5ad"):
            return read_dataset(data, labels=name).Y
        raise no_column(option, [name], [*known, *there])

    return {name: found(name) for name in names}


def as_they_stand(model: System, data: Path) -> Any:
    """The table in a file; cells of a text file as texts."""
    from ..formats.files import Reading, is_table, read_table
    from ..formats.layout import ending
    from .options import said

    if (labels := file_labels(data, model.format_)) is not None:
        return labels
    if not is_table(data, model.format_.options) and not ending(data).endswith((".jsonl", ".jsonl.gz")):
        raise DataError(f"--keep: {str(data)!r} is no table: it has no columns to keep")
    known: dict[str, Any] = {"encoding": getattr(model.format_, "encoding", None)}
    return read_table(data, None, getattr(model.format_, "reading", None) or Reading(**known | said()), {})


def file_labels(data: Path, format: Any) -> Any:
    """Of a file of the field with labels: its columns and its labels, or its classes `y`, as an Arrow table; else None."""
    import pyarrow as pa

    from ..formats.readers import as_dataset

    found = as_dataset(data, format.options)
    Y = getattr(found, "Y", None)
    if Y is None or (is_sparse(Y) and Y.shape[1] > MOST_LABELS):
        return None
    if not hasattr(Y, "column_names"):
        dense = Y.toarray() if is_sparse(Y) else Y.reshape(len(Y), -1)
        Y = pa.table(list(dense.T), names=found.labels or ["y"])
    X = found.X if hasattr(found.X, "column_names") else Y.select([])
    new = [name for name in Y.column_names if name not in X.column_names]
    return pa.table([*X.columns, *Y.select(new).columns], names=[*X.column_names, *new])


def row_names(model: System, data: Any) -> dict[str, list[str]]:
    """What the rows of `data` are called, under a heading: files that are pictures, texts in a folder, names in a file."""
    from ..formats.readers import as_dataset, reader

    if reader(data) is not None:
        found = as_dataset(data, model.format_.options).rows
        return {} if found is None else {"name": found}
    if model.format_.kind == "documents" and Path(data).is_dir():
        from ..formats.listing import listed
        from ..formats.texts import texts_in

        return {} if listed(data) else {"file": [file.name for file in texts_in(Path(data))]}
    if model.format_.kind != "images":
        return {}
    from ..images.album import ImageCollection

    return {"picture": ImageCollection(data).written}
