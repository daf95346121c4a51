"""What a verb gives back goes into a file: a table, an array, a folder of pictures or a sheet of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..deferred import is_sparse
from ..errors import DataError

if TYPE_CHECKING:
    from ..estimators.base import System


def save_fitted(model: System, output: Path) -> None:
    """Save a model that was trained to its end; one that Ctrl-C has stopped goes beside, and the command ends."""
    if not model.history_.interrupted:
        model.save(output)
        return
    beside = output.with_name(f"{output.stem}.interrupted{output.suffix}")
    model.save(beside)
    there = f"{str(output)!r} is left as it was" if output.exists() else f"{str(output)!r} is not written"
    raise click.Abort(f"the weights so far are in {str(beside)!r}; {there}")


def save(X: Any, names: Sequence[str], output: Path, source: Path | None = None, how: Any = None) -> None:
    """Write what a model gives back to a file of the kind its name says; pictures into a folder, or on one sheet.

    `source` is the file that was read, with which some kinds of files go on; a text file is written as `how` reads it.
    """
    import numpy as np

    from ..formats import write_table
    from ..storage import atomic

    array = output.suffix.lower() == ".npy"
    if isinstance(X, np.ndarray) and X.ndim > 2 and not array:
        save_pictures(X, output)
    elif array:
        check_numbers(X)
        with atomic(output) as file:
            np.save(file, np.asarray(X), allow_pickle=False)
    else:
        write_table(as_table(X, names), output, source, how)


def check_numbers(X: Any) -> None:
    """Raise a DataError for a table that holds more than numbers, which a .npy does not hold."""
    import pyarrow as pa

    def plain(t: Any) -> bool:
        return bool(pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t))

    other = next((c for c in X.schema if not plain(c.type)), None) if isinstance(X, pa.Table) else None
    if other is not None:
        raise DataError(
            f"a .npy holds numbers alone, but column {other.name!r} is of the type {other.type}: write a .csv or a .parquet"
        )


def reading_of(model: Any) -> Any:
    """How the model reads text files, and its rows are written to them."""
    return getattr(model.format_, "reading", None)


def told_by(model: Any) -> Any:
    """How to write what a model tells about rows: as it reads text files, but with a header."""
    from dataclasses import replace

    return (how := reading_of(model)) and replace(how, header=True)


def save_pieces(tables: Iterator[Any], output: Path, how: Any = None) -> None:
    """Write tables with numbers as they come, if that kind of file can be; else all of them at once."""
    import pyarrow as pa

    from ..formats.layout import ending
    from ..formats.names import READABLE
    from ..formats.output import write_pieces

    if ending(output).endswith(READABLE):
        write_pieces(tables, output, how)
    else:
        save(pa.concat_tables(tables), [], output, how=how)


def as_table(X: Any, names: Sequence[str]) -> Any:
    """Whatever a model gives back, as an Arrow table."""
    import numpy as np
    import pyarrow as pa

    if isinstance(X, pa.Table):
        return X
    if isinstance(X, list):
        return pa.table({"text": X})
    if type(X).__module__.startswith("pandas"):
        return pa.Table.from_pandas(X, preserve_index=False)
    if hasattr(X, "to_arrow"):
        return X.to_arrow()
    X = X.toarray() if is_sparse(X) else np.asarray(X)
    return pa.table([X[:, j] for j in range(X.shape[1])], names=list(names))


def beside(known: dict[str, Any], found: Any) -> Any:
    """The table `found` with other columns before its own."""
    for i, (name, values) in enumerate(known.items()):
        if name in found.column_names:
            raise DataError(f"--keep: what is written has a column {name!r} already: rename it in DATA")
        if len(values) != found.num_rows:
            raise DataError(f"--keep: {len(values):,} rows were read, but {found.num_rows:,} are written")
        found = found.add_column(i, name, values if hasattr(values, "type") else [values])
    return found


def code_names(k: int) -> list[str]:
    return [f"z{j + 1}" for j in range(k)]


def save_pictures(X: Any, output: Path) -> None:
    """Pictures (n, H, W) or (n, H, W, 3) as files 0.png ... in a folder of their own, or side by side in one .png."""
    from ..images.picture import read

    if output.suffix not in ("", ".png"):
        raise DataError(f"--output {str(output)!r}: pictures go into a new folder, onto one sheet (.png), or into a .npy")
    if output.suffix:
        read(sheet(X)).save(sheet(X), output)
        return
    named = {f"{i:0{len(str(len(X) - 1))}d}.png": picture for i, picture in enumerate(X)}
    output.mkdir(exist_ok=True)
    for name in there(output, named):
        del named[name]
    for name, picture in named.items():
        read(picture).save(picture, output / name)


def there(folder: Path, named: dict[str, Any]) -> list[str]:
    """Which pictures a run that was stopped has written already; others in the folder are an error."""
    import numpy as np

    from ..images.album import SUFFIXES
    from ..images.picture import read

    files = sorted(path.name for path in folder.iterdir())
    found = [name for name in files if name in named or (name.lower().endswith(SUFFIXES) and not name.startswith("."))]
    for name in found:
        place = f"--output {str(folder / name)!r}"
        if name not in named:
            raise DataError(f"{place} is there, and is none of these pictures: choose a new folder")
        if not np.array_equal(read(folder / name).pixels, read(named[name]).pixels):
            raise DataError(f"{place} is there, and is another picture than that of this run: choose a new folder")
    return found


def into_folder(model: Path, output: Path) -> bool:
    """Whether pictures are written into a folder, in which those of a run that was stopped may be."""
    from ..storage import header

    return not output.suffix and header(model).meta.get("format", {}).get("kind") == "images"


def sheet(X: Any) -> Any:
    """Pictures (n, H, W, ...) side by side in about a square."""
    import numpy as np

    across = int(np.ceil(len(X) ** 0.5))
    rows = -(-len(X) // across)
    blank = np.zeros((rows * across - len(X), *X.shape[1:]), X.dtype)
    grid = np.concatenate([X, blank]).reshape(rows, across, *X.shape[1:])
    return np.concatenate([np.concatenate(list(row), 1) for row in grid])
