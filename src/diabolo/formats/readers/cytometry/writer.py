"""A table of numbers as FCS 3.1: HEADER, TEXT, events in numbers of 4 or 8 bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ....errors import DataError
from ....storage import atomic
from ...schema import floats, words
from .layout import HEADER, data_sets

__all__ = ["save"]

MOST = 99_999_999  # that the header can say
EVENTS = 1 << 16  # at a time
EXACT = 1 << 53
ABOUT_DATA = re.compile(
    r"\$?P\d+\D.*|\$(BEGIN|END)\w+|\$(PAR|TOT|DATATYPE|BYTEORD|MODE|NEXTDATA|TIMESTEP|DFC\d+TO\d+|COMP|UNICODE)|\$?SPILL(OVER)?"
)
BACK = re.compile(r"(?P<n>.+) \((?P<s>.+)\)")


def save(table: Any, path: Path, source: Path | None) -> None:
    """Write a table; of `source`, what is not about its data is kept."""
    narrow = {pa.float32(), pa.float16(), pa.uint16(), pa.int16(), pa.uint8(), pa.int8(), pa.bool_()}
    for field in table.schema:
        t = field.type
        if not (pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t)):
            raise DataError(
                f"cannot write {str(path)!r}: column {field.name!r} holds {words(t)}, and .fcs files hold numbers only"
            )
        if not field.name.strip():
            raise DataError(f"cannot write {str(path)!r}: a column has no name")
    if not table.num_rows or not table.num_columns:
        raise DataError(f"cannot write {str(path)!r}: the table has {table.num_rows} rows and {table.num_columns} columns")
    size = 4 if {field.type for field in table.schema} <= narrow else 8
    text = _text(table, size, source)
    length = sum(len(key.encode()) + len(value.encode()) + 2 for key, value in text.items()) + 1
    first = HEADER + length
    last = first + table.num_rows * table.num_columns * size - 1
    text |= {"$BEGINDATA": f"{first:012}", "$ENDDATA": f"{last:012}"}
    data = (first, last) if last <= MOST else (0, 0)
    with atomic(path) as file:
        file.write(b"FCS3.1    " + "".join(f"{n:>8}" for n in (HEADER, first - 1, *data, 0, 0)).encode())
        file.write(("\f" + "".join(f"{key}\f{value}\f" for key, value in text.items())).encode())
        for start in range(0, table.num_rows, EVENTS):
            piece = table.slice(start, EVENTS)
            values = [_exact(piece.column(name), name, path) for name in piece.column_names]
            file.write(np.stack(values, 1).astype(f"<f{size}").tobytes())


def _exact(column: Any, name: str, path: Path) -> np.ndarray:
    values = floats(pa.concat_arrays(column.chunks))
    if pa.types.is_integer(column.type) and (most := float(np.nanmax(np.abs(values), initial=0))) >= EXACT:
        raise DataError(f"cannot write {str(path)!r}: column {name!r} holds {most:g}, which a number of 8 bytes cannot")
    return values


def _text(table: Any, size: int, source: Path | None) -> dict[str, str]:
    """The keywords; where the data lies is filled in later."""
    known: dict[str, str] = {}
    if source is not None and source.suffix.lower() == ".fcs":
        with source.open("rb") as file:
            known = data_sets(file, source)[0].text
    text = {"$BEGINANALYSIS": "0", "$ENDANALYSIS": "0", "$BEGINSTEXT": "0", "$ENDSTEXT": "0", "$MODE": "L", "$NEXTDATA": "0"}
    text |= {"$BYTEORD": "1,2,3,4", "$DATATYPE": "FD"[size == 8], "$PAR": str(table.num_columns), "$TOT": str(table.num_rows)}
    text |= {"$BEGINDATA": "0" * 12, "$ENDDATA": "0" * 12}
    detectors = []
    for n, name in enumerate(table.column_names, 1):
        both = BACK.fullmatch(name)
        detectors.append(both["n"] if both else name)
        text |= {f"$P{n}B": str(8 * size), f"$P{n}E": "0,0", f"$P{n}N": detectors[-1], f"$P{n}R": "262144"}
        if both:
            text[f"$P{n}S"] = both["s"]
    if "$TIMESTEP" in known:
        text["$TIMESTEP"] = "1"  # the times are in seconds
    kept = {key: value for key, value in known.items() if value and not ABOUT_DATA.fullmatch(key)}
    for key in ("$SPILLOVER", "SPILL"):
        names = known.get(key, "").split(",")
        if names[0].strip().isdigit() and {*names[1 : 1 + int(names[0])]} <= {*detectors}:
            kept[key] = known[key]
    return {key: value.replace("\f", " ") for key, value in (text | kept).items()}
