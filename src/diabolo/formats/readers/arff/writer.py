"""A table -> an ARFF file that reads back as the same table.

numbers             numeric          whole numbers beyond 2 ** 53, which WEKA's doubles cannot tell apart: string
categories          {all, values}    true and false: {0,1}
dates               date "yyyy-MM-dd", with "HH:mm:ss", ".SSS" and "XXX" as far as needed
texts, all others   string           missing: ?
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ....errors import DataError, warn
from ....storage import atomic
from ...layout import ending
from ...schema import is_text
from ...written import written
from .dates import Pattern, pattern_of
from .header import Attribute, Header, Source
from .labels import found_labels
from .words import quoted

__all__ = ["write"]

ROWS = 10_000  # written at once
EXACT = 2**53  # whole numbers up to here are doubles


def write(table: pa.Table, path: str | Path, source: str | Path | None = None) -> None:
    """Write a table as ARFF, atomically.

    Parameters
    ----------
    table : pyarrow.Table
        With columns of numbers, categories, booleans, dates or texts.
    path : path
        The name of the file, ``.arff`` or ``.arff.gz``.
    source : path, optional
        The file that the rows come from. Of an ARFF file, the relation keeps its name, and attributes of the same name keep
        their declaration, where their values still fit it.
    """
    path, names = Path(path), table.column_names
    double = next((name for i, name in enumerate(names) if name in names[:i]), None) if len({*names}) < len(names) else None
    if double is not None:
        raise DataError(f"cannot write {str(path)!r}: two columns are named {double!r}")
    header, places = _before(source)
    before = {attribute.name: attribute for attribute in header.attributes} if header else {}
    columns = [_column(name, table.column(name), before.get(name)) for name in names]
    relation = _relation(header, places, names) if header else re.sub(r"\.arff(\.gz)?$", "", path.name)
    with atomic(path) as file:
        if ending(path).endswith(".gz"):
            with gzip.GzipFile(path.name[:-3], "wb", fileobj=file, mtime=0) as packed:
                _write(packed, relation, names, columns, table)
        else:
            _write(file, relation, names, columns, table)


def _write(
    file: Any, relation: str, names: list[str], columns: list[tuple[str, Callable[[Any], list[str]]]], table: pa.Table
) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="\n", write_through=True)
    text.write(f"@relation {quoted(relation)}\n\n")
    text.writelines(f"@attribute {quoted(name)} {declared}\n" for name, (declared, _) in zip(names, columns, strict=True))
    text.write("\n@data\n")
    for start in range(0, table.num_rows, ROWS):
        piece = table.slice(start, ROWS)
        cells = [words(piece.column(j)) for j, (_, words) in enumerate(columns)]
        text.writelines(",".join(row) + "\n" for row in zip(*cells, strict=True))
    text.flush()
    text.detach()


def _before(source: str | Path | None) -> tuple[Header | None, list[int]]:
    """The header of the file that the rows come from, and where its labels stand; None, if it has none that can be read."""
    if source is None or not ending(source).endswith((".arff", ".arff.gz")):
        return None, []
    try:
        header = Source(Path(source)).header
        return header, found_labels(Path(source), header, None).places
    except (DataError, OSError):  # it was read with options of its own, or is gone
        return None, []


def _relation(header: Header, places: list[int], names: list[str]) -> str:
    """The name of the relation, with MEKA's -C only if it still says which columns are the labels."""
    own, sign, _ = header.relation.partition(":")
    labels = [header.attributes[j].name for j in places]
    first = places == list(range(len(places)))
    there = names[: len(labels)] if first else names[len(names) - len(labels) :]
    return header.relation if not sign or (there == labels and len(names) > len(labels)) else own


def _column(name: str, values: pa.ChunkedArray, before: Attribute | None) -> tuple[str, Callable[[Any], list[str]]]:
    """What a column is declared as, and what writes its cells."""
    t = values.type
    if pa.types.is_dictionary(t):
        levels = _levels(values)
        return _nominal(levels, before), _cells(lambda v: quoted(_text(v)))
    if pa.types.is_boolean(t):
        return _nominal(["0", "1"], before), _cells(lambda v: str(int(v)))
    if pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t):
        if pa.types.is_integer(t) and _beyond(values):
            warn(
                f"column {name!r} holds whole numbers beyond 2 ** 53, which ARFF's numbers cannot tell apart: written as texts"
            )
            return "string", _cells(str)
        if (
            before is not None
            and before.kind == "nominal"
            and {*map(_number, pc.unique(values).drop_null().to_pylist())} <= {*before.values}
        ):
            return _nominal([*before.values], before), _cells(_number)
        return (_again(before) if before is not None and before.kind == "number" else "numeric"), _cells(_number)
    if pa.types.is_date(t) or pa.types.is_timestamp(t):
        return _dates(name, values, before)
    if is_text(t):
        if before is not None and before.kind == "nominal" and {*pc.unique(values).drop_null().to_pylist()} <= {*before.values}:
            return _nominal([*before.values], before), _cells(quoted)
        return "string", _cells(quoted)
    if pa.types.is_temporal(t):
        return "string", lambda piece: [quoted(v) if v else "?" for v in written(piece.combine_chunks())]
    raise DataError(f"column {name!r} is of type {t}, which ARFF cannot hold: leave it out")


def _cells(word: Callable[[Any], str]) -> Callable[[Any], list[str]]:
    return lambda piece: ["?" if v is None else word(v) for v in piece.to_pylist()]


def _number(v: Any) -> str:
    """As few digits as say which number it is."""
    if isinstance(v, float):
        return "?" if v != v else repr(v).removesuffix(".0").replace("inf", "Infinity")
    return str(v)


def _text(v: Any) -> str:
    return str(int(v)) if isinstance(v, bool) else v if isinstance(v, str) else _number(v)


def _levels(values: pa.ChunkedArray) -> list[str]:
    chunks = values.unify_dictionaries().chunks
    levels = chunks[0].dictionary.to_pylist() if chunks else []
    return list(dict.fromkeys(_text(v) for v in levels if v is not None))


def _nominal(levels: list[str], before: Attribute | None) -> str:
    if before is not None and before.kind == "nominal" and {*levels} <= {*before.values}:
        return _again(before)
    return "{" + ",".join(map(quoted, levels)) + "}"


def _again(before: Attribute) -> str:
    """The declaration without the name."""
    return before.declared[len(quoted(before.name)) :].strip()


def _beyond(values: pa.ChunkedArray) -> bool:
    ends = pc.min_max(values).as_py()
    return ends["max"] is not None and (ends["max"] > EXACT or ends["min"] < -EXACT)


def _dates(name: str, values: pa.ChunkedArray, before: Attribute | None) -> tuple[str, Callable[[Any], list[str]]]:
    t = values.type
    zoned = getattr(t, "tz", None) is not None
    whole = pc.cast(values, pa.timestamp("ms", "UTC" if zoned else None), safe=False)
    if not pa.types.is_date(t) and pc.any(pc.not_equal(whole.cast(pa.timestamp(t.unit, t.tz), safe=False), values)).as_py():
        warn(f"column {name!r} holds parts of milliseconds, which dates of ARFF lack: they are cut off")
    try:
        moments = pc.unique(whole).to_pylist()
    except (ValueError, OverflowError):
        raise DataError(
            f"column {name!r} holds dates beyond the years 1 to 9999, which cannot be written: leave it out"
        ) from None
    if before is not None and before.kind == "date":
        pattern = pattern_of(before.pattern)
        if pattern.known and pattern.zoned == zoned and pattern.days == pa.types.is_date(t) and _keeps(pattern, moments):
            return _again(before), _moments(pattern)
    parts = [v for v in moments if v is not None]
    days = pa.types.is_date(t)
    text = "yyyy-MM-dd" if days else "yyyy-MM-dd HH:mm:ss" + ".SSS" * any(v.microsecond for v in parts) + "XXX" * zoned
    return f"date {quoted(text)}", _moments(Pattern(text))


def _moments(pattern: Pattern) -> Callable[[Any], list[str]]:
    def words(piece: Any) -> list[str]:
        found = pc.cast(piece, pa.timestamp("ms", getattr(piece.type, "tz", None) and "UTC"), safe=False).to_pylist()
        return ["?" if v is None else quoted(pattern.write(v)) for v in found]

    return words


def _keeps(pattern: Pattern, moments: list[Any]) -> bool:
    """Whether all moments come back when they are written like this."""
    plain = {v.astimezone(UTC).replace(tzinfo=None) if v.tzinfo else v for v in moments if v is not None}
    return all(pattern.read(pattern.write(v)) == v for v in plain)
