"""A table as a text file is to spell it: the other way round of :class:`Reading`.

1234.5      1234,5             with decimal=","
2024-12-31  31.12.2024         with dates={"day": "%d.%m.%Y"}
"""

from __future__ import annotations

import codecs
import io
from contextlib import suppress
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ..errors import DataError, warn
from .layout import Reading

__all__ = ["Recoded", "layout_of", "spelled"]


def layout_of(end: str, how: Reading) -> pa_csv.WriteOptions:
    """Separator and header of a file whose name ends so; a .tsv has tabs, unless something else was said."""
    sep = how.sep or ("\t" if ".tsv" in end else ";" if how.decimal == "," else ",")
    return pa_csv.WriteOptions(include_header=how.header, delimiter=sep, quoting_style="needed")


def spelled(table: pa.Table, how: Reading) -> pa.Table:
    """Numbers with other signs before their decimals, and dates in formats of their own, as texts.

    >>> day = pa.array([20000], pa.date32())
    >>> spelled(pa.table({"x": [0.5], "day": day}), Reading(decimal=",", dates={"day": "%d.%m.%Y"})).to_pylist()
    [{'x': '0,5', 'day': '04.10.2024'}]
    """
    for i, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        if name in how.dates and pa.types.is_temporal(column.type):
            texts = dated(column, how.dates[name])
            tell_lost(name, column, texts, how.dates[name])
            table = table.set_column(i, name, texts)
        elif how.decimal != "." and (pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
            table = table.set_column(i, name, pc.replace_substring(column.cast(pa.string()), ".", how.decimal))
    return table


def dated(column: Any, form: str) -> Any:
    """Dates in the format of ``datetime.strftime``; Arrow, which is faster, has fractions of a second where %S stands."""
    if "%f" in form:
        return pa.chunked_array([pa.array([t and t.strftime(form) for t in column.to_pylist()], pa.string())])
    if pa.types.is_timestamp(column.type):
        with suppress(pa.ArrowInvalid):  # fractions would be lost
            column = column.cast(pa.timestamp("s", column.type.tz))
    return pc.strftime(column, form)


def tell_lost(name: str, column: Any, texts: Any, form: str) -> None:
    """Warn of dates of which their format leaves a part out, such as hours, or centuries."""
    if "%f" in form or "%z" in form:  # which Arrow does not read
        return
    there = pc.local_timestamp(column) if getattr(column.type, "tz", None) else column
    read = pc.strptime(texts, format=form, unit="us", error_is_null=True)
    row = pc.index(pc.equal(read, there.cast(pa.timestamp("us"), safe=False)), False).as_py()
    if row >= 0:
        warn(
            f"column {name!r} holds {column[row]} (row {row:,}), but its format {form!r} writes {texts[row].as_py()!r}: a part "
            "is left out; write a .parquet, which keeps all"
        )


class Recoded(io.RawIOBase):
    """A file to which UTF-8 is written, and in which it stands in another encoding."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self.file, self.encoding = file, encoding
        self.decoder, self.encoder = codecs.getincrementaldecoder("utf-8")(), codecs.getincrementalencoder(encoding)()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            self.file.write(self.encoder.encode(self.decoder.decode(bytes(data))))
        except UnicodeEncodeError as error:
            sign = error.object[error.start]
            raise DataError(f"{sign!r} cannot be written in {self.encoding}: write a .parquet, or read in utf-8") from None
        return len(data)
