"""A fitted model over a table that is larger than memory, on one machine or on many.

    Applied(model, "encode")         an Arrow table -> an Arrow table, row for row; it can be sent to other processes, and
                                     each of them reads the model once
    run(model, data, "codes/")       a Parquet file of the results for each part of the data

A part of the results is whole or not there, and notes of which rows and of which model it is: a second run goes on where the
first one ended. Which parts a process does follows from its number: RANK and WORLD_SIZE as torchrun sets them, or the array of
Slurm, or both. Rows keep their order: the parts of the results, sorted by name, are those of the data.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from warnings import catch_warnings, simplefilter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from . import engine as light
from .engine import Fitted, NoProgram
from .errors import DataError, missing_extra, no_column, suggest
from .formats.labeled import taken
from .formats.layout import Reading
from .formats.parts import Part, Parts, parts_of, shown
from .formats.tables import Tables
from .loading import load
from .progress import progress
from .storage import atomic, header

__all__ = ["ENGINES", "VERBS", "Applied", "Done", "Unit", "check_sep", "run", "shard", "tagged", "units"]

UNIT = 1 << 20  # rows of a part of the results, about
AT_ONCE = 1 << 16  # rows that a model is given at once, at most
RETRIES = 3  # of an actor that was killed, and of its part
PRECISIONS = ("float64", "float32")
KEY = b"diabolo"  # in the schema of a part: what it holds

T = TypeVar("T")


# ── a table -> a table ───────────────────────────────────────────────────────────────────────────────────────────────


def encoded(model: Any, X: Any) -> dict[str, Any]:
    if isinstance(model, Fitted) and isinstance(model.format_, Tables):  # column by column, as Arrow has them
        codes = model.encoder.run(model.format_.to_array(X, model.encoder.dtype, "F"))
    else:
        codes = model.transform(X)
    return {f"z{j + 1}": z for j, z in enumerate(np.ascontiguousarray(codes.T))}


def scored(model: Any, X: Any) -> dict[str, Any]:
    errors = model.reconstruction_errors(X)
    return {"error": errors.sum(1)} | {f"error {name}": e for name, e in zip(model.format_.columns, errors.T, strict=True)}


def judged(model: Any, X: Any) -> dict[str, Any]:
    score = model.score_samples(X)
    return {"log p": score, "outlier": score < model.offset_}


def tagged(model: Any, X: Any, sep: str = ";", top: int | None = None, proba: bool = False) -> dict[str, Any]:
    """The names of each row's labels, whatever Y was; and more of them, if asked for."""
    named = copy(model)
    named.labels_ = model.labels_.as_lists()
    rows = [row if isinstance(row, tuple) else (row,) for row in named.predict(X)]
    added: dict[str, Any] = {"labels": [sep.join(map(str, row)) for row in rows]}
    if top:
        added["top"] = [f"{sep} ".join(f"{name} {p:.2f}" for name, p in row) for row in model.top(X, top)]
    if proba:
        added |= {f"p {name}": p for name, p in zip(model.labels_.names, model.predict_proba(X).T, strict=True)}
    return added


def check_sep(clf: Any, sep: str) -> None:
    """Raise a DataError if joined labels could not be split again."""
    if not sep:
        raise DataError("--sep '': an empty separator separates nothing")
    for name in map(str, clf.labels_.names):
        if sep in name:
            raise DataError(f"--sep {sep!r}: the label {name!r} contains it: choose another separator")


def restored(model: Any, X: Any) -> dict[str, Any]:
    filled = model.impute(X)
    if not isinstance(filled, pa.Table):
        raise DataError("restore needs a model of a table, such as one that was fitted to a DataFrame or a Parquet file")
    return dict(zip(filled.column_names, filled.columns, strict=True))


VERBS: dict[str, tuple[Callable[..., dict[str, Any]], tuple[str, ...], bool]] = {
    "encode": (encoded, ("Autoencoder",), True),
    "score": (scored, ("Autoencoder",), False),
    "outliers": (judged, ("OutlierDetector",), False),
    "tag": (tagged, ("MultiLabelClassifier", "IndependentClassifiers"), False),
    "restore": (restored, ("Autoencoder",), True),
}  # what is done, the models that can, and whether NumPy is tried first


@dataclass(frozen=True)
class Applied:
    """A model, applied to an Arrow table: it gives a table with as many rows, in the same order.

    It holds the path of the model only, so that it can be sent to other processes; each of them reads the model once.

    Parameters
    ----------
    model : path
        A ``.diabolo`` file.
    verb : {"encode", "score", "outliers", "tag", "restore"}
        Columns of the result: ``z1`` ... of the codes; ``error`` and ``error COLUMN``; ``log p`` and ``outlier``; ``labels``,
        and with ``top=3, proba=True`` also ``top`` and ``p LABEL``; the columns themselves, with their gaps filled.
    keep : sequence of str, optional
        Columns of the table that go before these; None: all of them.
    options : dict, optional
        Those of the verb; ``alpha`` of "outliers".
    reading : dict, optional
        Fields of ``Reading`` in which the new table differs from that of fit, such as ``{"na": ("?",)}``.
    precision : {"float64", "float32"}, default="float64"
        Of the arithmetic and the results of "encode" and "restore" where NumPy runs the model. "float64" is what ``transform``
        gives; "float32" is twice as fast, and differs by about 1e-6.

    Examples
    --------
    >>> import tempfile
    >>> from diabolo import Autoencoder
    >>> table = pa.table({"id": [1, 2, 3, 4], "a": [0.5, 1.5, 2.0, 4.0], "b": [1.0, 3.0, 4.0, 8.0]})
    >>> path = tempfile.mkdtemp() + "/m.diabolo"
    >>> Autoencoder(1, epochs=1, random_state=0).fit(table.select(["a", "b"])).save(path)
    >>> Applied(path, keep=("id",))(table).schema.names
    ['id', 'z1']
    """

    model: str
    verb: str = "encode"
    keep: Sequence[str] | None = ()
    options: dict[str, Any] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)
    precision: str = "float64"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            allowed = " and ".join(map(repr, PRECISIONS))
            raise ValueError(f"precision={self.precision!r}: allowed are {allowed}{suggest(self.precision, PRECISIONS)}")
        if self.verb not in VERBS:
            raise ValueError(f"verb={self.verb!r}: allowed are {', '.join(map(repr, VERBS))}{suggest(self.verb, VERBS)}")
        object.__setattr__(self, "model", os.path.abspath(self.model))
        object.__setattr__(self, "keep", None if self.keep is None else tuple(self.keep))

    def __call__(self, table: pa.Table) -> pa.Table:
        if not table.num_rows:  # of one row without values, to know the columns
            one = pa.table([pa.nulls(1, t) for t in table.schema.types], schema=table.schema)
            with catch_warnings():
                simplefilter("ignore")
                return self(one).slice(0, 0)
        act, model = VERBS[self.verb][0], self.loaded()
        options = {name: value for name, value in self.options.items() if name != "alpha"}
        found = act(model, taken(model.format_, table, Path()), **options)
        return self._beside(table, found)

    def _beside(self, table: pa.Table, found: dict[str, Any]) -> pa.Table:
        kept = table.column_names if self.keep is None else list(self.keep)
        for name in kept:
            if name not in table.column_names:
                raise no_column("--keep", name, table.column_names)
            if name in found and self.verb != "restore":
                raise DataError(f"what is written has a column {name!r} already: rename it in the data, or do not keep it")
        columns = {name: found.get(name, table[name]) for name in kept} | found
        return pa.table([v if isinstance(v, pa.ChunkedArray) else pa.array(v) for v in columns.values()], names=[*columns])

    def loaded(self) -> Any:
        """The model, read once in each process."""
        stat = os.stat(self.model)
        said = json.dumps([self.options, self.reading, self.precision])
        return loaded(self.model, self.verb, said, stat.st_mtime_ns, stat.st_size)

    @property
    def columns(self) -> list[str] | None:
        """The columns of a table that are needed; None: all of them."""
        format = self.loaded().format_
        if self.keep is None or format.kind not in ("tables", "arrays"):
            return None
        return [*dict.fromkeys([*self.keep, *format.columns])]

    def note(self) -> dict[str, Any]:
        """What results of other models, or of other options, do not share."""
        said = {"options": self.options, "reading": self.reading, "keep": self.keep, "precision": self.precision}
        found: dict[str, Any] = json.loads(json.dumps({"model": header(self.model).digest, "verb": self.verb, **said}))
        return found


@lru_cache(maxsize=4)
def loaded(path: str, verb: str, said: str, *changed: int) -> Any:
    """The model in a file, with these options; in NumPy where that suffices, for PyTorch takes memory and seconds."""
    _, kinds, in_numpy = VERBS[verb]
    options, reading, precision = json.loads(said)
    kind = header(path).kind
    if kind not in kinds:
        raise DataError(f"{path!r} holds a model of the kind {kind}, but {verb} needs {' or '.join(kinds)}")
    model: Any = None
    if in_numpy:
        with suppress(NoProgram):
            model = light.load(path, None if precision == "float64" else np.float32)
    model = load(path) if model is None else model
    if options.get("alpha"):
        model.at(options["alpha"])
    if "sep" in options:
        check_sep(model, options["sep"])
    if reading:
        was = model.format_.reading
        now = reading | {"na": tuple(reading.get("na", was.na)), "dates": was.dates | reading.get("dates", {})}
        model.format_.reading = Reading(**vars(was) | now)
    return model


# ── which rows, and where they go ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Unit:
    """Rows that are done together: part number `part` of the data, or some of its row groups; `rows` of them."""

    part: int
    name: str  # of the part of the results, below the folder
    rows: int
    groups: tuple[int, ...] | None = None


def units(parts: Parts) -> list[Unit]:
    """The work: a part of the data each; a part of more than a million rows is cut between its row groups."""
    found = []
    for i, name in enumerate(names_of(parts.files)):
        cut = grouped(parts.groups[i])
        stem, end = name[: -len(".parquet")], ".parquet"
        if len(cut) < 2:
            found.append(Unit(i, stem + end, parts.sizes[i]))
            continue
        for k, groups in enumerate(cut):
            rows = sum(parts.groups[i][g] for g in groups)
            found.append(Unit(i, f"{stem}.{k:05d}-of-{len(cut):05d}{end}", rows, tuple(groups)))
    return found


def names_of(files: Sequence[Part]) -> list[str]:
    """Names that, sorted, keep the order of the parts: their own, or with a number before them."""
    names = [part.name for part in files]
    if all(a < b for a, b in pairwise(names)):
        return names
    return [f"{i:05d}-{os.path.basename(name)}" for i, name in enumerate(names)]


def grouped(sizes: Sequence[int]) -> list[list[int]]:
    """Numbers of row groups that are done together: about as many rows each.

    >>> grouped([600_000, 600_000, 10, 1_200_000])
    [[0, 1], [2, 3]]
    """
    found: list[list[int]] = [[]]
    rows = 0
    for g, n in enumerate(sizes):
        if rows >= UNIT:
            found, rows = [*found, []], 0
        found[-1].append(g)
        rows += n
    return found


def shard() -> tuple[int, int]:
    """The number of this process, and how many there are: as torchrun and the arrays of Slurm say it.

    >>> shard()
    (0, 1)
    """
    env = os.environ
    rank, world = int(env.get("RANK", "0")), int(env.get("WORLD_SIZE", "1"))
    first, step = int(env.get("SLURM_ARRAY_TASK_MIN", "0")), int(env.get("SLURM_ARRAY_TASK_STEP", "1"))
    task = (int(env.get("SLURM_ARRAY_TASK_ID", first)) - first) // max(1, step)
    return task * world + rank, int(env.get("SLURM_ARRAY_TASK_COUNT", "1")) * world


@dataclass(frozen=True)
class Work:
    """Results of the units of a data set, in a folder."""

    applied: Applied
    data: Any
    folder: Path

    @cached_property
    def parts(self) -> Parts:
        """The files are listed once."""
        found = parts_of(self.data)
        if found is None:
            raise DataError(f"{str(self.data)!r} is no Parquet file, nor a folder of such: results go to a file instead")
        return found

    def note(self, unit: Unit) -> bytes:
        """What a part of the results notes: which rows it is of, of which model, with which options."""
        source = {"source": self.parts.files[unit.part].mark, "groups": unit.groups, "rows": unit.rows}
        return json.dumps(self.applied.note() | source, sort_keys=True).encode()

    def done(self, unit: Unit) -> bool:
        """Whether its results are there; results of something else are an error."""
        path = self.folder / unit.name
        if not path.exists():
            return False
        try:
            found = (pq.read_schema(path).metadata or {}).get(KEY)
        except (pa.ArrowInvalid, OSError):  # cut off by something else: made again
            return False
        now = self.note(unit)
        if found is not None and found != now and not same_model(found, now):
            raise DataError(f"{str(path)!r} holds results of another model, or with other options: choose another folder")
        if found is None:
            raise DataError(f"{str(path)!r} was not written by diabolo: choose another folder")
        return found == now

    def do(self, unit: Unit) -> int:
        """Write the results of a unit, if they are not there; how many rows were done."""
        if self.done(unit):
            return 0
        path = self.folder / unit.name
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = self.parts
        tables = parts.batches(unit.part, AT_ONCE, needed(self.applied, parts), unit.groups)
        rows = write(path, applied_to(self.applied, tables), parts.schema, self.applied, self.note(unit))
        if rows != unit.rows:
            path.unlink()
            raise DataError(f"{parts.files[unit.part].path!r}: {unit.rows:,} rows were expected, and {rows:,} were read")
        return rows


def same_model(one: bytes, other: bytes) -> bool:
    a, b = ({k: v for k, v in json.loads(note).items() if k not in ("source", "groups", "rows")} for note in (one, other))
    return a == b


def needed(applied: Applied, parts: Parts) -> list[str] | None:
    """The columns that are read; if some are not there, the model says so."""
    names = applied.columns
    return None if names is None else [name for name in names if name in parts.schema.names] or None


def ahead(tables: Iterable[T]) -> Iterator[T]:
    """The same; a thread reads the next one."""
    source, end = iter(tables), object()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(next, source, end)
        while (table := future.result()) is not end:
            future = pool.submit(next, source, end)
            yield table  # type: ignore[misc]


def applied_to(applied: Applied, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The model on each table, in order; in NumPy several at once, on one core each."""
    several = cores() if isinstance(applied.loaded(), Fitted) else 1
    if several < 2:
        yield from map(applied, ahead(tables))
        return
    waiting: deque[Future[pa.Table]] = deque()
    with threadpool_limits(limits=1), ThreadPoolExecutor(several) as pool:
        for table in ahead(tables):
            waiting.append(pool.submit(applied, table))
            if len(waiting) > several:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def cores() -> int:
    """The cores that this process may use: torchrun says 1 to each of several."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdecimal() and int(said):
        return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def write(path: Path, tables: Iterator[pa.Table], schema: pa.Schema, applied: Applied, note: bytes) -> int:
    """Write tables into one file, a row group each, as they come; it is there when it is whole. Returns the rows."""
    first = next(tables, None)
    first = applied(schema.empty_table()) if first is None else first
    schema = first.schema.with_metadata({**(first.schema.metadata or {}), KEY: note})
    words = [f.name for f in schema if not pa.types.is_floating(f.type)]
    rows = 0
    with atomic(path) as file, pq.ParquetWriter(file, schema, use_dictionary=words) as writer:
        for table in (first, *()) if not first.num_rows else joined(first, tables):
            writer.write_table(table.cast(schema))
            rows += table.num_rows
    return rows


def joined(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest


# ── engines ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def by_local(work: Work, todo: Sequence[Unit], tell: Callable[[int], None]) -> int:
    """One after the other, in this process; a thread reads ahead."""
    rows = 0
    for unit in todo:
        rows += work.do(unit)
        tell(unit.rows)
    return rows


def by_ray(work: Work, todo: Sequence[Unit], tell: Callable[[int], None]) -> int:
    """Each unit in an actor of Ray, one per core, that holds the model; if it is killed, another does its unit."""
    try:
        ray = import_module("ray.data")
    except ImportError:
        raise missing_extra("ray", "ray", "engine='ray'") from None

    class Actor:
        def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
            return {"rows": work.do(todo[row["id"]]), "done": todo[row["id"]].rows}

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
    """Rows of this shard, those of them that were done now, and the parts they are in."""

    rows: int
    now: int
    parts: int


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
    """Apply a model to a data set of Parquet files, and write the results as they come; memory is that of a few batches.

    Parameters
    ----------
    model : path
        A ``.diabolo`` file.
    data : path, or list of paths
        A Parquet file, a folder of such, a pattern, a URL (formats/parts.py).
    output : path
        A ``.parquet``, or a folder: there every part of the data has a part of the same name. Parts that are finished are
        skipped, and where several processes run, each does its own (:func:`shard`).
    verb, keep, reading, precision, options
        See :class:`Applied`.
    engine : {"local", "ray"}, default="local"
        "ray" does the parts of a folder on a cluster, all of whose machines see the same files.

    Examples
    --------
    >>> import tempfile
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
    work = Work(Applied(str(model), verb, keep, options, reading or {}, precision), data, Path(output))
    if not work.parts.rows:
        raise DataError(f"{str(data)!r} has columns, but no rows")
    if any(os.path.realpath(part.path) == os.path.realpath(work.folder) for part in work.parts.files):
        raise DataError(f"{str(output)!r} is one of the files that are read: choose another name")
    if work.folder.suffix == ".parquet" and not work.folder.is_dir():
        return _one_file(work, verbose)
    if work.folder.exists() and not work.folder.is_dir():
        raise DataError(f"{str(output)!r} is a file: give a name that ends in .parquet, or that of a folder")
    everything = units(work.parts)
    check_folder(work, everything)
    number, count = (0, 1) if engine == "ray" else shard()
    mine = everything[number::count]
    todo = [unit for unit in mine if not work.done(unit)]
    rows, done = sum(unit.rows for unit in mine), sum(unit.rows for unit in mine if unit not in todo)
    with progress(verb if verbose else None, rows) as at:

        def tell(more: int) -> None:
            nonlocal done
            done += more
            at(done, f"{done:,} of {rows:,} rows")

        now = ENGINES[engine](work, todo, tell) if todo else 0
    return Done(rows, now, len(mine))


def _one_file(work: Work, verbose: bool) -> Done:
    """The results of all parts in one file."""
    if shard()[1] > 1:
        raise DataError(f"{str(work.folder)!r} is one file, but {shard()[1]} processes run: give the name of a folder")
    parts, done = work.parts, 0
    with progress(work.applied.verb if verbose else None, parts.rows) as at:

        def counted(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
            nonlocal done
            for table in tables:
                done += table.num_rows
                at(done, f"{done:,} of {parts.rows:,} rows")
                yield table

        columns = needed(work.applied, parts)
        tables = counted(applied_to(work.applied, parts.pieces(parts.at_once(AT_ONCE, columns), columns)))
        note = json.dumps(work.applied.note(), sort_keys=True).encode()
        rows = write(work.folder, tables, parts.schema, work.applied, note)
    return Done(rows, rows, 1)


def check_folder(work: Work, all_of_it: Sequence[Unit]) -> None:
    """The folder of the results is not that of the data, and holds nothing that would be read with them."""
    if not work.folder.is_dir():
        return
    inputs = {os.path.realpath(part.path) for part in work.parts.files}
    expected = {unit.name for unit in all_of_it}
    for path in sorted(work.folder.rglob("*.parquet")):
        name = path.relative_to(work.folder).as_posix()
        if os.path.realpath(path) in inputs:
            raise DataError(f"{str(work.folder)!r} is the folder of the data: choose another one for the results")
        if name not in expected and all(map(shown, name.split("/"))):
            raise DataError(
                f"{str(path)!r} belongs to no part of the data, and would be read with the results: choose another folder"
            )
