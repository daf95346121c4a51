"""What a page sends to be encoded, as rows of the fitted format: a picture, a row of a table, a text, numbers.

    image/png, image/jpeg, image/webp    a picture of at most 40 million pixels, counted before it is decoded
    application/json                     {"age": 41, "town": "Oslo"}, "a text", or [0.1, 0.2]

What is sent is never a name: a text is not looked up as a file, and a picture is of no other type than these.
"""

from __future__ import annotations

import io
import json
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from ..errors import DataError, check_columns
from ..formats import Format, Tables
from ..formats.cells import typed
from ..images.pillow import explained

__all__ = ["rows"]

PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
PIXELS = 40_000_000


def rows(format: Format, body: bytes, kind: str) -> Any:
    """One row, as ``format.to_array`` takes it.

    Parameters
    ----------
    format : Format
        That of the model, which says what it takes.
    body : bytes
        A file of a picture, or JSON.
    kind : str
        Its media type.

    Raises
    ------
    DataError
        Saying what is wrong with it.

    Examples
    --------
    >>> import pandas as pd
    >>> format = Tables().fit(pd.DataFrame({"age": [20, 40, 60]}))
    >>> rows(format, b'{"age": "41"}', "application/json").to_pydict()
    {'age': [41]}
    """
    if format.kind == "images":
        return [picture(body, kind)]
    thing = read(body, kind)
    if isinstance(format, Tables):
        return table(format, thing)
    if format.kind == "documents":
        return [text(thing)]
    return numbers(format, thing)


def picture(body: bytes, kind: str) -> Image.Image:
    """Its header is read, no more; which type it is, the media type says, and not what it begins with."""
    if kind not in PICTURES:
        raise DataError(f"the picture is of the type {kind!r}: allowed are {', '.join(PICTURES)}")
    with explained("picture", body[:16]), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is lower
        image = Image.open(io.BytesIO(body), formats=[PICTURES[kind]])
    if image.width * image.height > PIXELS:
        size = f"{image.width:,} x {image.height:,} pixels"
        raise DataError(f"the picture has {size}, the limit is {PIXELS / 1e6:.0f} million: make it smaller first")
    return image


def read(body: bytes, kind: str) -> Any:
    """JSON without what is no JSON, such as NaN, and without whole numbers that no type holds."""
    if kind != "application/json":
        raise DataError(f"what was sent is of the type {kind!r}, but this model takes application/json")
    try:
        return json.loads(body, parse_constant=refused, parse_int=whole)
    except (ValueError, RecursionError) as error:
        raise DataError(f"what was sent is no JSON: {error}") from None


def refused(name: str) -> Any:
    raise ValueError(f"{name} is no number; null is a missing value")


def whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 19 else float(digits)


def table(format: Tables, cells: Any) -> pa.Table:
    """A table of one row; texts are read as a file's cells are: dates, numbers, levels."""
    if not isinstance(cells, dict):
        raise DataError("this model takes rows of a table: send an object of column to value")
    check_columns("the row", cells, format.sources)
    types, levels = format.types, format.levels
    return pa.table({name: cell(cells.get(name), types[name], name, levels.get(name, [])) for name in format.sources})


def cell(value: Any, t: pa.DataType, name: str, levels: list[Any]) -> pa.Array:
    """A column of one cell; an empty text is a missing one, unless it was a level."""
    if value is None or (value == "" and "" not in levels):
        return pa.nulls(1, t)
    if not isinstance(value, (str, int, float)):
        raise DataError(f"column {name!r} holds {value!r}: give a text, a number, true, false or null")
    return typed(pa.array([value]), t, name) if isinstance(value, str) else pa.array([value])


def text(thing: Any) -> str:
    if not isinstance(thing, str):
        raise DataError("this model takes texts: send one as a string of JSON")
    return thing


def numbers(format: Format, thing: Any) -> np.ndarray:
    """(1, d); null is a missing value."""
    right = isinstance(thing, list) and all(v is None or type(v) in (int, float) for v in thing)
    if not right or len(thing) != len(format.columns):
        raise DataError(
            f"this model takes rows of {len(format.columns):,} numbers: send a list of these, null if one is missing"
        )
    return np.array([[np.nan if v is None else v for v in thing]], dtype=np.float64)
