"""One ``.diabolo`` file = safetensors, with one metadata key that holds canonical JSON.

    8 bytes n | n bytes of JSON: {"__metadata__": {"diabolo": meta}, name: {dtype, shape, data_offsets}} | tensors

    meta = {"format": 2, "kind": ..., "digest": sha256 over everything else, "meta": ...}

No pickle, no class paths, nothing executable. Two saves of one model are byte-identical. Every byte is checked: first the
sizes, before anything is allocated; then the digest (safetensors itself loads a flipped data bit silently); then whether all
values are finite. This module only needs numpy, so that ``diabolo info`` works without torch.

References
----------
Safetensors, a simple, safe way to store tensors, https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as dump_tensors

from .errors import DataError, FormatError

if sys.platform != "win32":
    import fcntl

__all__ = ["FORMAT", "Header", "atomic", "check_writable", "header", "read", "tensors", "under", "write"]

FORMAT = 2
KEY = "diabolo"
MAX_HEADER = 100_000_000  # bytes, as many as safetensors reads: about 150,000 columns
MAX_TENSORS = 100_000
DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "U8": "uint8"}
FOREIGN = {
    b"\x80": "a Python pickle, which diabolo never opens",
    b"PK\x03\x04": "a zip archive (a PyTorch or Keras file?)",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet table: that is data, not a model",
    b"\x1f\x8b": "a gzip file: that is data, not a model",
    b"<": "an HTML or XML page",
}


class ReplacedError(FormatError):
    """Another file has taken the place of one between the reading of its header and that of its tensors."""


@dataclass(frozen=True)
class Header:
    """The header of a file, without its tensors."""

    kind: str
    meta: dict[str, Any]
    digest: str
    shapes: dict[str, tuple[str, tuple[int, ...]]] = field(repr=False)
    bytes: int = 0
    path: Path = Path()


def write(path: str | os.PathLike[str], kind: str, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write a file atomically: complete and on disk, or not at all.

    Parameters
    ----------
    path : path
        The name of the file. An existing file is replaced only when the new one is complete.
    kind : str
        Kind of the file: the name of an estimator, or "checkpoint".
    meta : dict
        Everything that is not a tensor; JSON values only, no NaN.
    arrays : dict of ndarray
        The tensors.

    Raises
    ------
    DataError
        The file could not be read again: it would have too many columns, labels, words or tensors. Nothing is written.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    body = canonical({"format": FORMAT, "kind": kind, "meta": meta})
    blob = dump_tensors(arrays, {KEY: canonical({"digest": digest(body, arrays), "body": body})})
    check_size(path, int.from_bytes(blob[:8], "little"), len(arrays))
    with atomic(path) as file:
        file.write(blob)


def check_size(path: str | os.PathLike[str], count: int, tensors: int) -> None:
    """Raise a DataError if a file with a header of so many bytes, and so many tensors, could not be read again."""
    if count > MAX_HEADER or tensors > MAX_TENSORS:
        raise DataError(
            f"cannot write {str(path)!r}: the names and units of columns, labels and words would take {count:,} bytes (allowed "
            f"are {MAX_HEADER:,}) beside {tensors:,} tensors (allowed are {MAX_TENSORS:,}): fit fewer columns, or an array, "
            "X.to_numpy(), which has no names"
        )


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The ``meta`` and the tensors of a file of the given kind."""
    while True:
        head = header(path)
        if head.kind != kind:
            raise FormatError(f"cannot load {str(path)!r}: it holds {head.kind!r}, not {kind!r}")
        with contextlib.suppress(ReplacedError):
            return head.meta, tensors(head)


def header(path: str | os.PathLike[str]) -> Header:
    """Read and check the header alone; the time does not depend on the size of the model.

    Raises
    ------
    FormatError
        The message says what is wrong with the file.
    """
    path = Path(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        raise FormatError(f"cannot load {str(path)!r}: it is a device or a pipe, no file")
    with open(path, "rb") as file, explained(path):
        size = os.fstat(file.fileno()).st_size
        entries = _entries(file, size)
        wrapped = _parse(entries.pop("__metadata__", None))
        body = _json(wrapped["body"])
        if not isinstance(body, dict) or type(body.get("format")) is not int or not isinstance(body.get("kind"), str):
            raise FormatError("its metadata names no format and kind")
        if body["format"] > FORMAT:
            raise FormatError(
                f"it was written by a newer diabolo (file format {body['format']}, this one reads {FORMAT}): "
                "pip install -U diabolo"
            )
        if body["format"] < FORMAT:
            raise FormatError(
                f"it was written by an older diabolo (file format {body['format']}, this one reads {FORMAT}): "
                "fit the model again"
            )
        if not isinstance(body.get("meta"), dict):
            raise FormatError("its metadata has no 'meta'")
        return Header(body["kind"], body["meta"], wrapped["digest"], _shapes(entries, size), size, path)


def tensors(head: Header) -> dict[str, np.ndarray]:
    """The tensors of the file, after checking their digest and that every value is finite."""
    with explained(head.path):
        blob = head.path.read_bytes()
        arrays = parse_tensors(blob)
        body = canonical({"format": FORMAT, "kind": head.kind, "meta": head.meta})
        if digest(body, arrays) != head.digest:
            if header(head.path).digest != head.digest:
                raise ReplacedError(f"cannot load {str(head.path)!r}: it was replaced while it was read: load it again")
            raise FormatError("its contents do not match its checksum: part of it was changed or damaged")
        for name, array in arrays.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise FormatError(f"tensor {name!r} contains values that are not finite")
        return arrays


def under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Those whose names begin with `prefix` and a dot, without it."""
    return {name[len(prefix) + 1 :]: v for name, v in arrays.items() if name.startswith(prefix + ".")}


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def digest(body: str, arrays: dict[str, np.ndarray]) -> str:
    """sha256 over the metadata and the names, types, shapes and bytes of all tensors."""
    total = hashlib.sha256(body.encode())
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"{name}|{array.dtype.str}|{array.shape}".encode())
        total.update(np.ascontiguousarray(array).data if array.size else b"")
    return total.hexdigest()


def _entries(file: IO[bytes], size: int) -> dict[str, Any]:
    start = file.read(8)
    for magic, what in FOREIGN.items():
        if start.startswith(magic) and not _plausible(start, size):
            raise FormatError(f"it is {what}")
    if not _plausible(start, size):
        short = size < 10 or 2 <= int.from_bytes(start, "little") <= MAX_HEADER
        raise FormatError("it is empty or cut off" if short else "it does not begin like a .diabolo file")
    count = int.from_bytes(start, "little")
    if count > MAX_HEADER:
        raise FormatError(f"its header claims {count:,} bytes; allowed are {MAX_HEADER:,}")
    entries = _json(file.read(count).decode("utf-8"))
    if not isinstance(entries, dict):
        raise FormatError("its header is not a table of tensors")
    return entries


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise FormatError(f"its header contains {name}, which is not JSON")


def _plausible(start: bytes, size: int) -> bool:
    return len(start) == 8 and 2 <= int.from_bytes(start, "little") <= size - 8


def _parse(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or set(metadata) != {KEY}:
        raise FormatError("it is a safetensors file, but not one written by diabolo")
    wrapped = _json(metadata[KEY])
    if not isinstance(wrapped, dict) or {type(wrapped.get(k)) for k in ("body", "digest")} != {str}:
        raise FormatError("its metadata is not what diabolo writes")
    return wrapped


def _shapes(entries: dict[str, Any], size: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    if len(entries) > MAX_TENSORS:
        raise FormatError(f"it holds {len(entries):,} tensors; allowed are {MAX_TENSORS:,}")
    shapes = {}
    for name, entry in entries.items():
        dtype, shape, (start, stop) = DTYPES[entry["dtype"]], tuple(entry["shape"]), entry["data_offsets"]
        if not all(isinstance(n, int) and n >= 0 for n in (*shape, start, stop)):
            raise FormatError(f"tensor {name!r} has an impossible shape")
        count = 1
        for n in shape:
            count *= n
        if count * np.dtype(dtype).itemsize != stop - start or stop > size:
            raise FormatError(f"tensor {name!r} says shape {shape}, but {stop - start:,} bytes (is the file cut off?)")
        shapes[name] = (dtype, shape)
    return shapes


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn any error inside into a FormatError that names the file."""
    try:
        yield
    except FormatError as error:
        if str(error).startswith("cannot load "):
            raise
        raise FormatError(f"cannot load {str(path)!r}: {error}") from None
    except SafetensorError as error:
        raise FormatError(f"cannot load {str(path)!r}: it is damaged or cut off ({error})") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise FormatError(f"cannot load {str(path)!r}: its header cannot be read ({error!r:.120})") from None


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file that appears at `path` complete, or not at all; an existing file stays until then, and its permissions, always.

    Until then it is a locked file beside it, ``.NAME.MACHINE-xxxxxxxx.diabolo.part``; those of dead processes are removed. A
    link stays one: the file that it leads to is written.
    """
    path, temporary = Path(os.path.realpath(path)), None
    try:
        handle, temporary = _part(path)
        with open(handle, "wb") as file:
            _clear(temporary, int(os.fstat(handle).st_mtime // AGE))
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there; elsewhere it stays locked until it has its name
            os.replace(temporary, path)
            temporary = None
        _sync(path.parent)
    except OSError as error:
        raise _with_remedy(error, path) from error
    finally:
        if temporary is not None:
            _remove(temporary)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise, before any work, the error that writing `path` would end in; what is there is not touched."""
    path = Path(os.path.realpath(path))
    try:
        handle, temporary = _part(path)
        os.close(handle)
        _remove(temporary)
    except OSError as error:
        raise _with_remedy(error, path) from error


PART = ".diabolo.part"
AGE = 3600  # seconds without a write, by the clock of the file system, after which a part of another machine may be a leftover


@functools.cache
def _machine() -> str:
    """A name of this machine since it was started, within which processes see each other's locks; empty if it has none."""
    try:
        start = Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        return ""
    return hashlib.sha256(f"{start}{platform.node()}".encode()).hexdigest()[:8] + "-"


def _part(path: Path) -> tuple[int, str]:
    """A new file beside `path`, locked for as long as it is open: a lock ends with its process, whatever ends that."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        raise DataError(f"{str(path)!r} is a device or a pipe, no file: choose another name")
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(errno.EROFS, "it may only be read")
    name = os.fsencode(path.name)[:100].decode(errors="ignore")
    while True:
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.{_machine()}", suffix=PART, dir=path.parent)
        if _locked(handle) is not False and os.path.exists(temporary):
            return handle, temporary
        os.close(handle)  # another process took it for a leftover before it was locked


def _locked(handle: int) -> bool | None:
    """Lock an open file: whether it was free; None where there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # this file system has none
        return None
    return True


def _clear(own: str, hour: int) -> None:
    """Remove the parts of dead processes beside our own one: not locked, and of this machine or older than the hour before.

    A folder is looked through once an hour, for in one of n pictures each look would take n entries. The age is for file
    systems whose locks other machines do not see; where nothing is locked, though it was asked for, all parts stay.
    """
    folder = os.path.dirname(own)
    if LOOKED.get(folder) == hour:
        return
    if len(LOOKED) >= MOST_LOOKED:
        LOOKED.clear()
    LOOKED[folder] = hour
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        if sys.platform != "win32":
            with _free(own) as free:
                if free:
                    return
        for entry in entries:
            if not (entry.name.startswith(".") and entry.name.endswith(PART) and entry.is_file(follow_symlinks=False)):
                continue
            ours = _machine() and f".{_machine()}" in entry.name
            if ours or entry.stat(follow_symlinks=False).st_mtime // AGE < hour - 1:
                _remove_if_dead(entry.path)


LOOKED: dict[str, int] = {}  # folders, and the hour in which each was looked through
MOST_LOOKED = 256


@contextlib.contextmanager
def _free(part: str) -> Iterator[bool]:
    """Whether nobody has locked a file; inside, it is locked by us."""
    handle = os.open(part, os.O_RDWR)
    try:
        yield bool(_locked(handle))
    finally:
        os.close(handle)


def _remove_if_dead(part: str) -> None:
    with contextlib.suppress(OSError):  # it is gone, or not ours
        if sys.platform == "win32":
            os.unlink(part)  # an open file cannot be removed there
            return
        with _free(part) as free:
            if free:
                os.unlink(part)


def _remove(temporary: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # interrupted just after the renaming, or its folder was removed
        os.unlink(temporary)


REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "your disk quota is used up: free some space",
    errno.EACCES: "you have no permission to write into this folder: choose another one",
    errno.EPERM: "you have no permission to write into this folder: choose another one",
    errno.EROFS: "this file or disk is read-only: choose another one",
    errno.ENOENT: "its folder does not exist: create it first",
    errno.ENOTDIR: "its folder does not exist: create it first",
    errno.EISDIR: "there is a folder of this name: choose another name",
    errno.EFBIG: "the file is larger than this disk or process may write",
}


def _with_remedy(error: OSError, path: Path) -> OSError:
    remedy = REMEDIES.get(error.errno or 0, "nothing was written")
    if error.errno == errno.ENOENT and path.parent.is_dir():
        remedy = "its unfinished file was removed while it was written: do so again"
    kept = "; the previous file is untouched" if path.is_file() else ""
    return type(error)(error.errno, f"cannot write {str(path)!r} ({error.strerror}): {remedy}{kept}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some systems cannot open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
