"""Which files make a data set: those of one kind that a path, a folder, a pattern, a URL or a list names.

    a.parquet            the file
    folder/              all .parquet files in it and below it, but for those whose names begin with "." or "_"; or, if it
                         holds tables of one other kind, and beside them only such files as README.md, these
    folder/part-*        those that match; ** is any number of folders
    [a.csv, ...]         these
    s3://bucket/folder   the same somewhere else: what pyarrow.fs can open, or fsspec

They are sorted by name; a list keeps its order.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pa_fs
import pyarrow.parquet as pq

from ..errors import DataError, warn
from .names import KINDS, PATTERN, check_links, check_no_hive, ends, kind_of, kind_within, matches, shown
from .records import is_records

__all__ = ["Part", "is_list", "listed", "naming"]

LARGE = 1 << 26  # bytes of a single file that is read as a data set; a packed one grows
PACKED = 4
URL = re.compile(r"^([a-z][a-z0-9+.-]+):/+(.*)$", re.DOTALL)  # two letters at least: C:/ is a disk; pathlib keeps one slash
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")  # a table beside them is one of labels
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
    def stem(self) -> str:
        """The name without its ending."""
        end = max((e for ends in KINDS.values() for e in ends if self.name.lower().endswith(e)), key=len)
        return self.name[: -len(end)]

    @property
    def mark(self) -> str:
        """Equal for equal contents, as far as its size, its time, and the footer or end of the file tell."""
        with self.system.open_input_file(self.path) as file:
            file.seek(max(0, self.size - 8))
            length = int.from_bytes(file.read(8)[:4], "little") if ends(self.path) else LEAST_BUFFER
            file.seek(max(0, self.size - 8 - length))
            footer = file.read(length)
        return blake2b(footer + f"{self.size} {self.written}".encode(), digest_size=16).hexdigest()


def is_list(X: Any) -> bool:
    """Whether X is a list of the paths of tables."""
    if not isinstance(X, (list, tuple)) or not X or not all(isinstance(x, (str, Path)) and kind_of(x) for x in X):
        return False
    return kind_of(X[0]) != "json" or is_records(Path(X[0]))


def listed(X: Any) -> list[Part] | None:
    """The files of a data set, with their names below its folder; None, if X is none."""
    if is_list(X):
        return of_one_kind([part for x in X for part in listed(x) or [_local(Path(x))]], f"a list such as {str(X[0])!r}", True)
    if not isinstance(X, (str, Path)):
        return None
    text = str(X)
    if URL.match(text) and not re.search(r"\s", text):
        return _elsewhere(text)
    if ends(text) and (os.path.exists(text) or not PATTERN.search(text)):
        return _below(pa_fs.LocalFileSystem(), text) if os.path.isdir(text) else [_local(Path(text))]
    if PATTERN.search(text) and "\n" not in text and (kind_of(text) or _matches(text)) and not os.path.exists(text):
        return _matching(pa_fs.LocalFileSystem(), text, text)
    if kind_of(text) and os.path.isfile(text):
        size = os.path.getsize(text) * (PACKED if text.lower().endswith(".gz") else 1)
        known = size > LARGE and (kind_of(text) != "json" or is_records(Path(text)))
        return [_local(Path(text))] if known else None
    return _below(pa_fs.LocalFileSystem(), text) if is_folder(text) else None


def of_one_kind(files: list[Part], said: str, named: bool = False) -> list[Part]:
    """The Parquet files, if there are any; all tables, if they are of one other kind, which lies on a disk.

    Of files each of which was `named`, none is left out.
    """
    kinds = {kind for part in files if (kind := kind_of(part.path))}
    kind = "parquet" if "parquet" in kinds else min(kinds)
    if len(kinds) > 1 and (named or kind != "parquet"):
        raise DataError(f"{said} names files of several kinds, {', '.join(sorted(kinds))}: name those of one kind")
    found = [part for part in files if kind_of(part.path) == kind]
    if kind != "parquet" and not all(isinstance(part.system, pa_fs.LocalFileSystem) for part in found):
        raise DataError(f"{said} is not here, and elsewhere only Parquet is read: copy the files, or write them as Parquet")
    tell_others(said, found, [part.name for part in files if kind_of(part.path) != kind])
    return found


def tell_others(said: str, found: list[Part], others: list[str]) -> None:
    if others:
        end = found[0].name[len(found[0].stem) :]
        read = f"{len(found):,} {end} files are" if len(found) > 1 else f"{end} file is"
        more = f", and {len(others) - 3:,} more" if len(others) > 3 else ""
        warn(f"{said}: only the {read} read, and not {', '.join(map(repr, others[:3]))}{more}")


def is_folder(text: str) -> bool:
    """Whether a folder holds Parquet files, and no pictures; or tables of one other kind, and beside them nothing but notes."""
    try:
        if not os.path.isdir(text):
            return False
    except ValueError:  # a text is no name
        return False
    found = []
    for where, folders, names in os.walk(text):
        folders[:] = sorted(name for name in folders if shown(name))
        found += [os.path.join(where, name) for name in sorted(filter(shown, names))]
        if any(name.lower().endswith(PICTURES) for name in found):
            return False
    kind = kind_within(found)
    return kind is not None and (kind != "json" or is_records(Path(next(name for name in found if kind_of(name))), broken=True))


def _matches(text: str) -> bool:
    """Whether a pattern whose end does not say so matches tables."""
    root = PATTERN.split(text)[0].rpartition("/")[0]
    try:
        return Path(root).is_dir() and any(kind_of(path) for path in Path(root or ".").glob(text[len(root) :].strip("/")))
    except (OSError, ValueError, NotImplementedError):
        return False


def _local(path: Path) -> Part:
    if not path.exists():
        raise FileNotFoundError(2, f"there is no file {str(path)!r}")
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
    return of_one_kind([_part(info, system, info.base_name)], repr(url)) if kind_of(path) else None


def system_of(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    with naming(url):
        try:
            found: tuple[Any, str] = pa_fs.FileSystem.from_uri(url)
            return found
        except pa.ArrowInvalid:
            try:
                system, path = import_module("fsspec").core.url_to_fs(url)
            except (ValueError, ImportError) as error:  # no such place, or a package is missing
                raise DataError(f"cannot open {url!r}: pyarrow.fs knows no such place, and with fsspec: {error}") from None
            return pa_fs.PyFileSystem(pa_fs.FSSpecHandler(system)), path


def _matching(system: Any, pattern: str, said: str) -> list[Part]:
    """Files that match a pattern such as folder/part-*.parquet, and those in and below folders that do."""
    root = PATTERN.split(pattern)[0].rpartition("/")[0]
    names = pattern[len(root) :].strip("/").split("/")
    inside = _inside(system, root or ("/" if pattern[0] == "/" else "."), said)
    found = [(info, name) for info, name in inside if kind_of(name) and matches(name.split("/"), names)]
    if not found:
        raise FileNotFoundError(2, f"there is no file {said!r}")
    if "=" not in pattern:
        check_no_hive(said, [name for _, name in found])
    return of_one_kind(_parts(system, found, said), repr(said))


def _below(system: Any, folder: str) -> list[Part]:
    """The files of a data set in a folder and below it, sorted by name."""
    seen = _inside(system, folder, folder)
    check_no_hive(folder, [name for _, name in seen if kind_of(name)])
    tables = kind_within([name for _, name in seen]) or all(kind_of(name) for _, name in seen)  # several kinds are an error
    return of_one_kind(_parts(system, seen, folder), repr(folder)) if seen and tables else []


def _inside(system: Any, folder: str, said: str) -> list[tuple[Any, str]]:
    """What the system says of each file in a folder and below it, and its name there; without those that are no data."""
    with naming(said):
        infos = system.get_file_info(pa_fs.FileSelector(folder, recursive=True, allow_not_found=True))
        named = [(info, os.path.relpath(info.path, folder)) for info in infos if info.is_file]
    if isinstance(system, pa_fs.LocalFileSystem):
        check_links(folder)
        if odd := [name for name in (os.path.relpath(i.path, folder) for i in infos if i.type == OTHER) if kind_of(name)]:
            warn(f"{said!r}: {', '.join(map(repr, odd[:3]))} is a pipe or a device, no file, and is not read")
    return [(info, name) for info, name in named if all(map(shown, name.split("/")))]


def _parts(system: Any, found: Sequence[tuple[Any, str]], said: str) -> list[Part]:
    """Sorted by name; a file to which links lead is there once, by its own or shortest name."""
    real: Any = lru_cache(64)(os.path.realpath) if isinstance(system, pa_fs.LocalFileSystem) else str  # of few folders in turn
    parts: dict[str, Part] = {}
    for info, name in sorted(found, key=lambda one: (os.path.islink(one[0].path), len(one[1]), one[1])):
        place = real(info.path) if os.path.islink(info.path) else f"{real(os.path.dirname(info.path))}/{info.base_name}"
        parts.setdefault(place, _part(info, system, name))
    if len(parts) < len(found):
        warn(
            f"{said!r}: {len(found) - len(parts):,} of the {len(found):,} files are links to others of them, and are read once"
        )
    return sorted(parts.values(), key=lambda part: part.name)


def _part(info: Any, system: Any, name: str) -> Part:
    return Part(info.path, name, info.size, info.mtime_ns, system)


OTHER = pa_fs.FileType.Unknown  # neither file nor folder


class naming:  # noqa: N801 - reads as a word
    """Every error of Arrow about a file becomes a DataError that names it."""

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, (FileNotFoundError, PermissionError, IsADirectoryError, DataError)):
            return
        if isinstance(error, (pa.ArrowInvalid, pa.ArrowKeyError, OSError, EOFError, zlib.error, UnicodeDecodeError)):
            reason = str(error).splitlines()[0][:300]
            raise DataError(f"cannot read {os.fspath(self.path)!r}: {reason}") from None
