"""A data set of Parquet files: one table in parts, which is never read as a whole.

    a.parquet            one part
    folder/              all .parquet files in it and below it, but for those whose names begin with "." or "_"
    folder/part-*        those that match
    [a.parquet, ...]     these
    s3://bucket/folder   the same somewhere else: what pyarrow.fs can open, or fsspec

The rows are those of the parts one after the other, and the parts are sorted by name; a list keeps its order. Memory is bounded
by the rows of a piece: row groups are decoded a piece at a time, however large they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.fs as pa_fs
import pyarrow.parquet as pq

from ..errors import DataError, warn

__all__ = ["Part", "Parts", "is_path", "parts_of", "spread"]

END = ".parquet"
URL = re.compile(r"^([a-z][a-z0-9+.-]+):/+(.*)$", re.DOTALL)  # two letters at least: C:/ is a disk; pathlib keeps one slash
PATTERN = re.compile(r"[*?\[]")
OTHERS = (
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
    ".txt",
)  # files that make a folder one of another kind
PIECE = 1 << 22  # cells that are decoded at once, at most
BUFFERED = 1 << 26  # bytes of the file that are held at once, of all columns together
LEAST_BUFFER, MOST_BUFFER = 1 << 16, 1 << 23  # of one column


@dataclass(frozen=True)
class Part:
    """A file of a data set: its place, its name below the folder, its size in bytes, and when it was written."""

    path: str
    name: str
    size: int
    written: int | None
    system: Any = field(default=None, compare=False)  # of pyarrow.fs

    def open(self, columns: int = 1, whole: bool = False) -> pq.ParquetFile:
        """To be closed; the buffer of a column holds no more than its share, unless `whole` row groups are read at once."""
        buffer = 0 if whole else min(max(BUFFERED // max(columns, 1), LEAST_BUFFER), MOST_BUFFER)
        with naming(self.path):
            return pq.ParquetFile(self.system.open_input_file(self.path), buffer_size=buffer, pre_buffer=whole)

    @property
    def mark(self) -> str:
        """Equal for equal contents, as far as its size, its time, and the footer of the file tell."""
        with self.system.open_input_file(self.path) as file:
            file.seek(max(0, self.size - 8))
            length = int.from_bytes(file.read(8)[:4], "little")
            file.seek(max(0, self.size - 8 - length))
            footer = file.read(length)
        return blake2b(footer + f"{self.size} {self.written}".encode(), digest_size=16).hexdigest()


class Parts:
    """The parts of a data set, with the schema that all have."""

    def __init__(self, files: Sequence[Part]) -> None:
        self.files = list(files)
        self.groups: list[list[int]] = []  # rows of each row group of each part
        self.schema = self._read_footers()

    def _read_footers(self) -> pa.Schema:
        found: pa.Schema | None = None
        for part in self.files:
            with part.open() as file, naming(part.path):
                meta, schema = file.metadata, file.schema_arrow
                self.groups.append([meta.row_group(i).num_rows for i in range(meta.num_row_groups)])
            found = schema if found is None else agreed(found, schema, self.files[0].path, part.path)
        assert found is not None
        return found

    @property
    def sizes(self) -> list[int]:
        """Rows of each part."""
        return [sum(groups) for groups in self.groups]

    @property
    def rows(self) -> int:
        return sum(self.sizes)

    def __len__(self) -> int:
        return len(self.files)

    def at_once(self, most: int, columns: Sequence[str] | None = None) -> int:
        """Rows of a piece: at most so many, and fewer of a wide table."""
        wide = len(self.schema) if columns is None else len(columns)
        return max(1, min(most, max(4096, PIECE // max(1, wide) // 4096 * 4096)))

    def pieces(self, rows: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows in order, at most so many at a time; those of small parts together."""
        return gathered((batch for i in range(len(self)) for batch in self.batches(i, rows, columns)), rows)

    def batches(
        self, i: int, rows: int, columns: Sequence[str] | None = None, groups: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        """The rows of part i, or of some of its row groups, at most so many at a time."""
        names = self.schema.names if columns is None else list(columns)
        schema = pa.schema([self.schema.field(name) for name in names], self.schema.metadata)
        size, sizes = self.at_once(rows, names), self.groups[i]
        some = [g for g in (range(len(sizes)) if groups is None else groups) if sizes[g]]
        if not some:
            return
        small = max(sizes[g] for g in some) <= size
        with self.files[i].open(len(names), small) as file, naming(self.files[i].path):
            for run in runs(some, sizes, size):  # a batch out of two row groups costs as much again
                if small:  # two thirds of the time of batches
                    yield as_agreed(file.read_row_groups(run, names, use_threads=False), schema)
                    continue
                for batch in file.iter_batches(size, row_groups=run, columns=names):
                    yield as_agreed(pa.Table.from_batches([batch]), schema)

    def head(self, most: int) -> pa.Table:
        """About so many rows, from row groups that are spread over all parts; all rows, if there are no more."""
        places = [(i, g) for i, groups in enumerate(self.groups) for g, n in enumerate(groups) if n]
        wanted = min(len(places), max(1, round(len(places) * most / max(1, self.rows))))
        found = []
        for k in range(wanted):
            i, g = places[k * len(places) // wanted]
            whole = self.rows <= most
            of_group = self.batches(i, 1 << 20 if whole else max(1, -(-most // wanted)), None, [g])
            found += [*of_group] if whole else [next(of_group)]
        return pa.concat_tables(found) if found else self.schema.empty_table()

    def read(self) -> pa.Table:
        """All rows at once."""
        return pa.concat_tables([self.schema.empty_table(), *self.pieces(1 << 20)])


def runs(groups: Sequence[int], sizes: Sequence[int], most: int) -> list[list[int]]:
    """Row groups that are read together, because they have no more than so many rows; each larger one by itself.

    >>> runs([0, 1, 2, 3], [10, 20, 500, 5], 30)
    [[0, 1], [2], [3]]
    """
    found: list[list[int]] = []
    rows = most
    for g in groups:
        if rows + sizes[g] > most:
            found, rows = [*found, []], 0
        found[-1].append(g)
        rows += sizes[g]
    return found


def gathered(tables: Iterator[pa.Table], most: int) -> Iterator[pa.Table]:
    """Small tables together, as long as they have no more than so many rows.

    >>> [t.num_rows for t in gathered((pa.table({"a": range(n)}) for n in (1, 2, 3, 4)), 4)]
    [3, 3, 4]
    """
    kept: list[pa.Table] = []
    for table in tables:
        if kept and sum(t.num_rows for t in kept) + table.num_rows > most:
            yield pa.concat_tables(kept)
            kept = []
        kept.append(table)
    if kept:
        yield pa.concat_tables(kept)


def spread(n: int, most: int, seed: int = 0) -> np.ndarray:
    """Numbers of `most` of n rows, in order: one at random of each of as many equal stretches.

    >>> spread(1000, 4).tolist()
    [159, 317, 510, 754]
    """
    m = min(n, most)
    return ((np.arange(m) + np.random.default_rng(seed).random(m)) * (n / m)).astype(np.int64).clip(max=n - 1)


# ── one schema ───────────────────────────────────────────────────────────────────────────────────────────────────────


def agreed(one: pa.Schema, other: pa.Schema, first: str, path: str) -> pa.Schema:
    """The schema of both; a column without values in one part has the type that it has in the other."""
    for name in [*one.names, *other.names]:
        a, b = one.get_field_index(name), other.get_field_index(name)
        if min(a, b) < 0:
            has, lacks = (path, first) if a < 0 else (first, path)
            raise DataError(
                f"the parts of a data set have the same columns, but {name!r} is in {has!r} and not in {lacks!r}: "
                "write all with one schema, or name the files that belong together"
            )
        types = one.field(a).type, other.field(b).type
        if types[0] != types[1] and not any(pa.types.is_null(t) for t in types):
            raise DataError(
                f"the parts of a data set have the same types, but column {name!r} is {types[0]} in {first!r}, and "
                f"{types[1]} in {path!r}: write all with one schema, or name the files that belong together"
            )
        if pa.types.is_null(types[0]) and not pa.types.is_null(types[1]):
            one = one.set(a, other.field(b))
    return one


def as_agreed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A part with its columns in the order of the data set; one without any values gets the type that others have."""
    if table.schema.equals(schema, check_metadata=True):
        return table
    table = table.select(schema.names)
    for i, column in enumerate(schema):
        if pa.types.is_null(table.schema.field(i).type) and not pa.types.is_null(column.type):
            table = table.set_column(i, column, pa.nulls(table.num_rows, column.type))
    return table.replace_schema_metadata(schema.metadata)


# ── which files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def is_path(X: Any) -> bool:
    """Whether X is the path of a file or a folder, or a list of the paths of Parquet files.

    >>> is_path("a.csv"), is_path(["a.parquet", "b.parquet"]), is_path(["some text"])
    (True, True, False)
    """
    return isinstance(X, (str, Path)) or is_list(X)


def is_list(X: Any) -> bool:
    return isinstance(X, (list, tuple)) and len(X) > 0 and all(isinstance(x, (str, Path)) and ends(x) for x in X)


def ends(path: str | Path) -> bool:
    text = str(path)
    return text.lower().endswith(END) and "\n" not in text


def parts_of(X: Any) -> Parts | None:
    """The parts of a data set of Parquet files; None, if X is something else.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    DataError
        The parts have different columns or types, or columns that stand in the names of folders.
    """
    files = listed(X)
    return None if files is None else opened(tuple(files))


@lru_cache(maxsize=8)
def opened(files: tuple[Part, ...]) -> Parts:
    """The footers are read once, as long as no file changes."""
    return Parts(files)


def listed(X: Any) -> list[Part] | None:
    """The files of a data set, with their names below its folder; None, if X is none."""
    if is_list(X):
        return [part for x in X for part in listed(x) or []]
    if not isinstance(X, (str, Path)):
        return None
    text = str(X)
    if URL.match(text) and not re.search(r"\s", text):
        return _elsewhere(text)
    if ends(text) and (os.path.exists(text) or not PATTERN.search(text)):
        return _below(pa_fs.LocalFileSystem(), text) if os.path.isdir(text) else [_local(Path(text))]
    if PATTERN.search(text) and "\n" not in text and (ends(text) or _matches(text)) and not os.path.exists(text):
        return _matching(pa_fs.LocalFileSystem(), text, text)
    return _below(pa_fs.LocalFileSystem(), text) if is_folder(text) else None


def is_folder(text: str) -> bool:
    """Whether a folder holds Parquet files, and neither pictures nor texts."""
    try:
        if not os.path.isdir(text):
            return False
    except ValueError:  # a text is no name
        return False
    found = False
    for _, folders, names in os.walk(text):
        folders[:] = sorted(name for name in folders if shown(name))
        for name in filter(shown, names):
            if name.lower().endswith(OTHERS):
                return False
            found = found or ends(name)
    return found


def _matches(text: str) -> bool:
    """Whether a pattern without .parquet at its end matches such a file."""
    folder = Path(text).parent
    try:
        return folder.is_dir() and any(ends(path) for path in folder.glob(Path(text).name))
    except (OSError, ValueError, NotImplementedError):
        return False


def shown(name: str) -> bool:
    """Whether a file is data: not _SUCCESS, not .part"""
    return not name.startswith((".", "_"))


def _local(path: Path) -> Part:
    stat = path.stat()
    return Part(str(path), path.name, stat.st_size, stat.st_mtime_ns, pa_fs.LocalFileSystem())


def _elsewhere(text: str) -> list[Part] | None:
    """Files that a URL names."""
    scheme, rest = URL.findall(text)[0]
    url = f"file:///{rest}" if scheme == "file" else f"{scheme}://{rest}"
    if PATTERN.search(url):
        stem = PATTERN.split(url)[0].rpartition("/")[0]
        system, path = system_of(stem)
        return _matching(system, f"{path.rstrip('/')}/{url[len(stem) + 1 :]}", url)
    system, path = system_of(url)
    with naming(url):
        info = system.get_file_info(path)
    if info.type == pa_fs.FileType.NotFound:
        raise FileNotFoundError(2, f"there is no file {url!r}")
    if info.type == pa_fs.FileType.Directory:
        return _below(system, path) or None
    return [_part(info, system, info.base_name)] if ends(path) else None


def system_of(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    with naming(url):
        try:
            found: tuple[Any, str] = pa_fs.FileSystem.from_uri(url)
            return found
        except pa.ArrowInvalid:
            try:
                fsspec = import_module("fsspec")
            except ImportError:
                raise DataError(f"cannot open {url!r}: pyarrow.fs knows no such place: pip install fsspec") from None
            system, path = fsspec.core.url_to_fs(url)
            return pa_fs.PyFileSystem(pa_fs.FSSpecHandler(system)), path


def _matching(system: Any, pattern: str, said: str) -> list[Part]:
    """Files that match a pattern such as folder/part-*.parquet, each part of it a folder's or a file's name."""
    root = PATTERN.split(pattern)[0].rpartition("/")[0]
    names = pattern[len(root) :].strip("/").split("/")
    with naming(said):
        infos = system.get_file_info(
            pa_fs.FileSelector(root or ("/" if pattern[0] == "/" else "."), recursive=True, allow_not_found=True)
        )
    below = [(info, os.path.relpath(info.path, root or ".").split("/")) for info in infos if info.is_file]
    found = [
        (info, name)
        for info, name in below
        if len(name) == len(names) and all(map(fnmatchcase, name, names)) and ends(info.path) and all(map(shown, name))
    ]
    if not found:
        raise FileNotFoundError(2, f"there is no file {said!r}")
    return sorted((_part(info, system, "/".join(name)) for info, name in found), key=lambda part: part.name)


def _below(system: Any, folder: str) -> list[Part]:
    """The Parquet files in a folder and below it, sorted by name."""
    with naming(folder):
        infos = [info for info in system.get_file_info(pa_fs.FileSelector(folder, recursive=True)) if info.is_file]
    named = [(info, os.path.relpath(info.path, folder)) for info in infos]
    seen = [(info, name) for info, name in named if all(map(shown, name.split("/")))]
    for _, name in seen:
        if ends(name) and "=" in os.path.dirname(name):
            raise DataError(
                f"{folder!r} holds columns in the names of folders, such as {os.path.dirname(name)!r}, which are not read: "
                "write them into the files, or name the files, such as a list of their paths"
            )
    others = [name for _, name in seen if not ends(name)]
    found = [_part(info, system, name) for info, name in seen if ends(name)]
    if found and others:
        more = f", and {len(others) - 3:,} more" if len(others) > 3 else ""
        warn(f"{folder!r}: only the {len(found):,} .parquet files are read, and not {', '.join(map(repr, others[:3]))}{more}")
    return sorted(found, key=lambda part: part.name)


def _part(info: Any, system: Any, name: str) -> Part:
    return Part(info.path, name, info.size, info.mtime_ns, system)


class naming:  # noqa: N801 - reads as a word
    """Every error of Arrow about a file becomes a DataError that names it."""

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError, DataError)):
            return
        if isinstance(error, (pa.ArrowInvalid, pa.ArrowKeyError, OSError, EOFError, UnicodeDecodeError)):
            reason = str(error).splitlines()[0][:300]
            raise DataError(f"cannot read {os.fspath(self.path)!r}: {reason}") from None
