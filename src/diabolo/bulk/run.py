"""All parts of the results, by this process or by the actors of Ray."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..errors import DataError, missing_extra, suggest
from ..formats.files import tell_unused
from ..formats.layout import ending
from ..formats.names import READABLE, kind_of, shown, would_be_read
from ..formats.output import write_pieces
from ..formats.parts import Parts
from ..progress import progress
from ..ranks import check_alone
from .applied import Applied
from .units import Unit, shard, units
from .work import AT_ONCE, Work, applied_to, needed, write

__all__ = ["ENGINES", "Done", "run"]

SAME_FILE = "impute", "tag", "predict"  # their rows stand as in the data; those of others have a header of their own
RETRIES = 3  # of an actor that was killed, and of its part


def by_local(work: Work, todo: Sequence[Unit], tell: Callable[[int], None]) -> int:
    """One after the other, in this process; a thread reads ahead."""
    rows = 0
    for done in work.do(todo):
        rows += done
        tell(done)
    return rows


def by_ray(work: Work, todo: Sequence[Unit], tell: Callable[[int], None]) -> int:
    """Each unit in an actor of Ray, one per core, that holds the model; if it is killed, another does its unit."""
    try:
        ray = import_module("ray.data")
    except ImportError:
        raise missing_extra("ray", "ray", "parts that Ray does (engine='ray')") from None

    class Actor:
        def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
            return {"rows": sum(work.do([todo[row["id"]]])), "done": todo[row["id"]].rows}

    cores = (
        int(import_module("ray").available_resources().get("CPU", 2))
        if import_module("ray").is_initialized()
        else (os.cpu_count() or 2)
    )
    actors = ray.ActorPoolStrategy(size=max(1, min(cores - 1, len(todo))))  # a core is left to the tasks that read
    capped = {"max_restarts": RETRIES, "max_task_retries": RETRIES}
    found = ray.range(len(todo), override_num_blocks=len(todo)).map(Actor, compute=actors, **capped)
    rows = 0
    for row in found.iter_rows():
        rows += int(row["rows"])
        tell(int(row["done"]))
    return rows


ENGINES: dict[str, Callable[[Work, Sequence[Unit], Callable[[int], None]], int]] = {"local": by_local, "ray": by_ray}


@dataclass(frozen=True)
class Done:
    """Rows of this shard, those of them that were done now, the parts they are in, and the pictures that cannot be read."""

    rows: int
    now: int
    parts: int
    failed: tuple[str, ...] = field(default=(), repr=False)


def run(
    model: str | os.PathLike[str],
    data: Any,
    output: str | os.PathLike[str],
    verb: str = "encode",
    *,
    keep: Sequence[str] | None = (),
    engine: str = "local",
    reading: dict[str, Any] | None = None,
    precision: str = "float64",
    verbose: bool = True,
    **options: Any,
) -> Done:
    """Apply a model to a data set of Parquet files, or to pictures, and write the results as they come, in little memory.

    Parameters
    ----------
    model : path
        A ``.diabolo`` file.
    data : path, or list of paths
        A Parquet file, a folder of such, a pattern, a URL (formats/parts.py). Of a model of pictures: a folder or zip of them,
        and the results, in a folder, begin with the column ``picture``.
    output : path
        A ``.parquet`` or ``.csv``, or a folder: there every part of the data has a part of the same name. Parts that are
        finished are skipped, and where several processes run, each does its own (:func:`shard`).
    verb, keep, reading, precision, options
        See :class:`Applied`.
    engine : {"local", "ray"}, default="local"
        "ray" does the parts of a folder on a cluster, all of whose machines see the same files.

    Examples
    --------
    >>> import tempfile
    >>> import pyarrow as pa
    >>> import pyarrow.parquet as pq
    >>> from diabolo import Autoencoder
    >>> folder = tempfile.mkdtemp()
    >>> pq.write_table(pa.table({"a": [0.5, 1.5, 2.0, 4.0], "b": [1.0, 3.0, 4.0, 8.0]}), folder + "/x.parquet")
    >>> Autoencoder(1, epochs=1, random_state=0).fit(folder + "/x.parquet").save(folder + "/m.diabolo")
    >>> run(folder + "/m.diabolo", folder + "/x.parquet", folder + "/codes")
    Done(rows=4, now=4, parts=1)
    >>> run(folder + "/m.diabolo", folder + "/x.parquet", folder + "/codes")
    Done(rows=4, now=0, parts=1)
    """
    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r}: allowed are {', '.join(map(repr, ENGINES))}{suggest(engine, ENGINES)}")
    applied = Applied(str(model), verb, keep, options, reading or {}, precision)
    if applied.loaded().format_.kind == "images":
        applied = replace(applied, pictures=os.path.abspath(data), keep=("picture", *(keep or ())))
    work = Work(applied, data, Path(output))
    if not work.parts.rows:
        raise DataError(f"{str(data)!r} has columns, but no rows")
    if any(os.path.realpath(part.path) == os.path.realpath(work.folder) for part in work.parts.files):
        raise DataError(f"{str(output)!r} is one of the files that are read: choose another name")
    if applied.pictures and is_file(work):
        raise DataError(f"{str(output)!r} is a file: give the name of a folder for results of pictures")
    if not applied.pictures:
        check_place(work)
        if verbose:
            tell_rest(work)
    if is_file(work):
        return _one_file(work, verbose)
    if work.folder.exists() and not work.folder.is_dir():
        raise DataError(f"{str(output)!r} is a file: give a name that ends in {', '.join(READABLE)}, or that of a folder")
    everything = units(work.parts)
    check_folder(work, everything)
    number, count = (0, 1) if engine == "ray" else shard()
    mine = everything[number::count]
    todo = [unit for unit in mine if not work.done(unit)]
    rows, done = sum(unit.rows for unit in mine), sum(unit.rows for unit in mine if unit not in todo)
    with progress(verb if verbose else None, rows, done) as at:

        def tell(more: int) -> None:
            nonlocal done
            done += more
            at(done, f"{done:,} of {rows:,} rows")

        try:
            now = ENGINES[engine](work, todo, tell) if todo else 0
        except KeyboardInterrupt:
            there = sum(map(work.done, mine))
            raise KeyboardInterrupt(f"{there:,} of {len(mine):,} parts are done; the same again does the rest") from None
    return Done(rows, now, len(mine), tuple(name for unit in mine for name in work.without_results(unit)))


def _one_file(work: Work, verbose: bool) -> Done:
    """The results of all parts in one file."""
    check_alone(f"would write all rows into {os.fspath(work.folder)!r}", shard()[1])
    parts, done = work.parts, 0
    assert isinstance(parts, Parts)
    with progress(work.applied.verb if verbose else None, parts.rows) as at:

        def counted(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
            nonlocal done
            for table in tables:
                done += table.num_rows
                at(done, f"{done:,} of {parts.rows:,} rows")
                yield table

        columns = needed(work.applied, parts)
        tables = counted(applied_to(work.applied, parts.pieces(parts.at_once(AT_ONCE, columns), columns)))
        if not ending(work.folder).endswith(".parquet"):
            how = work.applied.loaded().format_.reading  # as the model reads them
            write_pieces(tables, work.folder, how if work.applied.verb in SAME_FILE else replace(how, header=True))
            return Done(done, done, 1)
        note = json.dumps(work.applied.note(), sort_keys=True).encode()
        rows = write(work.folder, tables, parts.read_schema, work.applied, note)
    return Done(rows, rows, 1)


def is_file(work: Work) -> bool:
    """Whether all results go into one file."""
    return ending(work.folder).endswith(READABLE) and not work.folder.is_dir()


def tell_rest(work: Work) -> None:
    """Say which columns are neither used nor kept."""
    format, keep = work.applied.loaded().format_, work.applied.keep
    if format.kind == "tables" and keep is not None:
        tell_unused(work.data, work.parts.schema.names, [*format.sources, *keep], format.left_out)


def check_place(work: Work) -> None:
    """The results are not where they would be read as data the next time."""
    if is_file(work) and kind_of(work.folder) not in ("parquet", kind_of(work.parts.files[0].path)):
        return
    data = work.data if isinstance(work.data, (list, tuple)) else [work.data]
    found = [work.folder] if is_file(work) else [work.folder / unit.name for unit in units(work.parts)]
    inputs = {os.path.realpath(part.path) for part in work.parts.files}
    for path in found:
        if os.path.realpath(path) not in inputs and any(would_be_read(path, str(given)) for given in data):
            raise DataError(
                f"{str(work.folder)!r} lies within the data, and would be read with them: choose a place beside them"
            )


def check_folder(work: Work, all_of_it: Sequence[Unit]) -> None:
    """The folder of the results is not that of the data, and holds nothing that would be read with them."""
    if not work.folder.is_dir():
        return
    if any(
        Path(part.path).resolve().parent == work.folder.resolve()
        for part in work.parts.files
        if kind_of(part.path) != "parquet"
    ):
        raise DataError(f"{str(work.folder)!r} is the folder of the data: choose another one for the results")
    inputs = {os.path.realpath(part.path) for part in work.parts.files}
    expected = {unit.name for unit in all_of_it}
    for path in sorted(path for path in work.folder.rglob("*.parquet") if path.is_file()):
        name = path.relative_to(work.folder).as_posix()
        if os.path.realpath(path) in inputs:
            raise DataError(f"{str(work.folder)!r} is the folder of the data: choose another one for the results")
        if name not in expected and all(map(shown, name.split("/"))):
            raise DataError(
                f"{str(path)!r} belongs to no part of the data, and would be read with the results: choose another folder"
            )
