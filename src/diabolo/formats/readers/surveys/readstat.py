"""Columns as pyreadstat gives them, a piece at a time, whatever a header says of their length."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from ....errors import DataError, missing_extra

__all__ = ["columns_of", "parsed"]

CELLS = 1 << 21  # read at a time, as Python's objects
TYPES = {"string": pa.string(), "float": pa.float32(), "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32()}
CALLS = {"zsav": "read_sav", "xpt": "read_xport"}


def columns_of(
    path: Path, source: Any, end: str, options: dict[str, Any]
) -> tuple[dict[str, Any], Any, dict[int, Counter[str]]]:
    """Its columns as stored, its description, and how often each tag such as .a stands in a column."""
    _, meta = parsed(path, source, end, metadataonly=True, **options)
    if not meta.column_names:
        raise DataError(f"{str(path)!r} has no columns")
    rows = max(1, CELLS // len(meta.column_names))
    pieces: list[list[pa.Array]] = [[] for _ in meta.column_names]
    tags: dict[int, Counter[str]] = {}
    done = 0
    while True:  # never more at a time, whatever a header says
        data, meta = parsed(path, source, end, row_limit=rows, row_offset=done, **options)
        for i, (name, values) in enumerate(data.items()):
            if name in meta.missing_user_values:
                tags.setdefault(i, Counter()).update(v for v in values if type(v) is str)
                values = [None if type(v) is str else v for v in values]
            pieces[i].append(pa.array(values, TYPES.get(meta.readstat_variable_types[name], pa.float64()), from_pandas=True))
        found = len(next(iter(data.values())))
        done += found
        if found < rows:
            break
    return {name: pa.chunked_array(piece) for name, piece in zip(data, pieces, strict=True)}, meta, tags


def parsed(path: Path, source: Any, end: str, **options: Any) -> tuple[dict[str, list[Any]], Any]:
    """Columns as lists, and what the file says of them; every error of pyreadstat names the file."""
    try:
        import pyreadstat
    except ImportError:
        raise missing_extra("pyreadstat", "formats", f"files ending in {end}") from None
    if source is not path:
        source.seek(0)
    call = getattr(pyreadstat, CALLS.get(end[1:], f"read_{end[1:]}"))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data, meta = call(source, output_format="dict", disable_datetime_conversion=True, **options)
    except UnicodeDecodeError as error:
        near = error.object[max(0, error.start - 20) : error.end + 10]
        raise DataError(
            f"cannot read {str(path)!r}: {near!r} is not written in UTF-8: say how, such as encoding='windows-1252'"
        ) from None
    except MemoryError:
        raise DataError(f"cannot read {str(path)!r}: its header says more than it can hold") from None
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        hint = ": say how its texts are written, such as encoding='windows-1252'" if "ncod" in reason else " (is it cut off?)"
        raise DataError(f"cannot read {str(path)!r}: {reason}{hint}") from None
    twice = [str(w.message) for w in caught if "duplicated" in str(w.message)]
    if twice:
        raise DataError(
            f"{str(path)!r}: column names must be unique, but {twice[0].split(chr(39))[1]!r} is repeated: rename them"
        )
    return data, meta
