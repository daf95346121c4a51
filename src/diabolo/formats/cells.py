"""Cells of text <-> columns of a type.

    guessed(cells)       whole numbers, numbers, true and false, days, times, moments, durations; none of these: text
    typed(cells, t)      the type t that a model was fitted with, whatever the cells look like; or a DataError
dated(cells, form)   days or moments written in a format of strptime, such as %d.%m.%Y

A whole column is looked at, so that a type does not depend on where in a file a cell stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError, warn
from .schema import is_text, words

__all__ = ["dated", "first_cells", "guessed", "signs_of", "tell_signs", "tell_zones", "typed"]

Cells = Any  # pa.Array or pa.ChunkedArray of strings
FAILED = (pa.ArrowInvalid, pa.ArrowNotImplementedError)
DAY = r"^\d{4}-\d{2}-\d{2}$"
CLOCK = r"^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$"
ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)$"
ZONED, OFFSET = rf":.*{ZONE}", r":.*[+-](0[1-9]|1[0-9])(:?\d{2})?$"  # of moments; the latter is not UTC
SPAN = (
    r"^(?P<sign>-?)(?P<days>\d+) days?"
    r"(?:,? ?(?P<less>-?)\+?(?P<h>\d{1,2}):(?P<m>\d{2}):(?P<s>\d{2})(?:\.(?P<f>\d{1,9}))?\d*)?$"  # pandas leaves out midnight
)
CLOCKS = r"%-?[HIMSfpcXTRs]"  # of a format of strptime that has a time
FIRST = 100  # cells that are tried before all are
MAX_CELLS_NAMED = 3  # cells that an error names
SIGN = r"(?P<sign>[\p{Sc}%]|\b(?:USD|EUR|GBP|CHF|JPY)\b)"  # currencies, and the percent sign
UNSIGNED = r"^[^\p{Sc}%\pL]*[1-9][^\p{Sc}%\pL]*$"  # a number, and not zero
CODES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
ALIKE = CODES | {code: sign for sign, code in CODES.items()}
SPACES = " \u00a0\u202f"


def guessed(cells: Cells, decimal: str = ".", thousands: str | None = None) -> Cells:
    """The column that texts stand for.

    Whole numbers with a leading zero, and those too large for 64 bits, are codes: the column stays text.

    >>> guessed(pa.array(["1", "2"])).type, guessed(pa.array(["007", "12"])).type, guessed(pa.array(["2024-05-01"])).type
    (DataType(int64), DataType(string), DataType(date32[day]))
    """
    if cells.null_count == len(cells):
        return pa.nulls(len(cells))
    for reader in (integers, floats):
        found = attempted(reader, plain_numbers(cells, decimal, thousands))
        if found is not None:
            return cells if are_codes(cells, found) else found
    for other in (truths, lambda c: c.cast(pa.date32()), as_clock, as_moments, lambda c: _spans(c, pa.duration("s"))):
        found = attempted(other, cells)
        if found is not None:
            return found
    return cells


def typed(cells: Cells, t: pa.DataType, name: str, decimal: str = ".", thousands: str | None = None, start: int = 0) -> Cells:
    """Texts as values of type `t`; numbers and moments that this type cannot hold come as wider and as finer ones.

    `start` is the number of the first row, for errors.

    >>> typed(pa.array(["2024-05-01T00:00:00Z"]), pa.date32(), "when").to_pylist()
    [datetime.date(2024, 5, 1)]

    Raises
    ------
    DataError
        Naming the column, the first cells that cannot be read so, and what was fitted.
    """
    if is_text(t):
        return cells.cast(t)
    if pa.types.is_null(t):
        return guessed(cells, decimal, thousands)
    if cells.null_count == len(cells):
        return pa.nulls(len(cells), t)
    if pa.types.is_temporal(t):
        readers, numbers = [_temporal(t)], cells
    else:
        readers, numbers = [*_numbers(t), truths], plain_numbers(cells, decimal, thousands)
    for reader in readers:
        found = attempted(reader, cells if reader is truths else numbers)
        if found is not None:
            return found
    last = next(reader for reader in reversed(readers) if reader is not truths)
    raise DataError(_refusal(cells, numbers, last, t, name, start))


def _refusal(cells: Cells, read: Cells, reader: Callable[[Cells], Cells], t: pa.DataType, name: str, start: int) -> str:
    rows = list(islice(_failing(reader, read, 0), MAX_CELLS_NAMED + 1))
    bad = [(start + i, cells[i].as_py()) for i in rows]
    found = words(guessed(pa.array([v for _, v in bad])).type)
    return f"column {name!r} holds {found}, {first_cells(bad)}, where the model was fitted with {words(t)}"


def _failing(reader: Callable[[Cells], Cells], cells: Cells, start: int) -> Iterator[int]:
    """The rows that cannot be read, found by halving."""
    if attempted(reader, cells) is not None:
        return
    if len(cells) == 1:
        yield start
        return
    half = len(cells) // 2
    yield from _failing(reader, cells[:half], start)
    yield from _failing(reader, cells[half:], start + half)


def first_cells(bad: list[tuple[int, str]]) -> str:
    """Cells and their rows, as an error names them.

    >>> first_cells([(0, "a"), (2, "b")])
    "'a' (row 0), 'b' (row 2)"
    """
    shown = ", ".join(f"{v[:40]!r} (row {i:,})" for i, v in bad[:MAX_CELLS_NAMED])
    return shown + (" and more" if len(bad) > MAX_CELLS_NAMED else "")


def attempted(reader: Callable[[Cells], Cells], cells: Cells) -> Cells | None:
    """What the reader makes of all cells, or None; spaces around them say nothing, and spaces alone are no value."""
    for trimmed in (False, True):
        try:
            for part in (cells[:FIRST], cells):  # Arrow goes on after the first that fails, slowly
                found = reader(_trimmed(part) if trimmed else part)
            return found
        except FAILED:
            continue
    return None


def _trimmed(cells: Cells) -> Cells:
    cells = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, cells.type), cells)


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def plain_numbers(cells: Cells, decimal: str, thousands: str | None) -> Cells:
    """Numbers written with signs of their own, and with a currency or a percent sign, as a program writes them."""
    if decimal == "." and thousands is None:
        return cells
    between = f"[{SPACES}]" if thousands and thousands in SPACES else _escaped(thousands or "")
    whole = rf"\d+|\d{{1,3}}(?:{between}\d{{3}})+" if thousands else r"\d+"
    pattern = rf"^[+-]?(?:(?:{whole})(?:{_escaped(decimal)}\d*)?|{_escaped(decimal)}\d+)(?:[eE][+-]?\d+)?$"
    bare = pc.replace_substring_regex(pc.utf8_trim_whitespace(cells), r"^([+-]?)\s*[\p{Sc}]\s*", r"\1")
    bare = pc.replace_substring_regex(bare, r"\s*[\p{Sc}%]$", "")
    made = pc.replace_substring_regex(bare, between, "") if thousands else bare
    made = pc.replace_substring(made, decimal, ".") if decimal != "." else made
    return pc.if_else(pc.match_substring_regex(bare, pattern), made, pc.binary_join_element_wise("~", cells, ""))


def signs_of(cells: Cells) -> dict[str, str]:
    """The currencies, or percent signs, beside numbers: each with the first cell that has it.

    >>> signs_of(pa.array(["$5", "6", "7 €", "$8"]))
    {'$': '$5', '€': '7 €'}
    >>> signs_of(pa.array(["5 €", "EUR 6"]))
    {'€': '5 €'}
    >>> signs_of(pa.array(["5%", "0", "5"])), signs_of(pa.array(["$5", "5"]))
    ({'%': '5%', 'no sign': '5'}, {'$': '$5'})
    """
    signed = cells.filter(pc.match_substring_regex(cells, SIGN))
    signs = pc.struct_field(pc.extract_regex(signed, SIGN), "sign")
    found: dict[str, str] = {}  # beside 5 %, 5 without a sign is another number
    for sign in signs.unique().to_pylist():
        if {sign, ALIKE.get(sign)}.isdisjoint(found):
            found[sign] = signed[pc.index(signs, sign).as_py()].as_py()
    bare = cells.filter(pc.match_substring_regex(cells, UNSIGNED)) if "%" in found else []
    return found | {"no sign": bare[0].as_py()} if len(bare) else found


def tell_signs(cells: Cells, t: pa.DataType, name: str) -> None:
    """Warn of numbers in several currencies, or with percent signs beside one: their signs are taken off."""
    number = pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t)
    if number and len(signs := signs_of(cells)) > 1:
        shown = ", ".join(map(repr, signs.values()))
        warn(
            f"column {name!r} holds numbers with several signs, such as {shown}: all are read as one unit; convert them to one"
        )


def _escaped(sign: str) -> str:
    return "".join(f"\\{c}" if not c.isalnum() and not c.isspace() else c for c in sign)


def integers(cells: Cells) -> Cells:
    return cells.cast(pa.int64())


def floats(cells: Cells) -> Cells:
    return cells.cast(pa.float64())


def _numbers(t: pa.DataType) -> list[Callable[[Cells], Cells]]:
    """Of the type itself, then whole ones of any size, then all."""
    exact = truths if pa.types.is_boolean(t) else lambda cells: cells.cast(t)
    return [exact, _rounded(t), integers, floats] if pa.types.is_integer(t) else [exact, floats]


def _rounded(t: pa.DataType) -> Callable[[Cells], Cells]:
    """Whole numbers that are written 3.0."""
    return lambda cells: pc.replace_substring_regex(cells, r"\.0*$", "").cast(t)


def are_codes(cells: Cells, found: Cells) -> bool:
    """Whether a column that could be read as numbers holds 007, or whole numbers that none of 64 bits can hold."""
    return all_whole(cells) if is_huge(found) else has_zero(cells)


def is_huge(found: Cells) -> bool:
    """Whether there are numbers that no whole one of 64 bits can be."""
    return pa.types.is_floating(found.type) and _any(pc.greater_equal(pc.abs(found), 2.0**63))


def all_whole(cells: Cells) -> bool:
    return bool(pc.all(pc.match_substring_regex(cells, r"^\s*[+-]?\d+\s*$")).as_py())


def has_zero(cells: Cells) -> bool:
    """Whether there are 007, or 0x7."""
    zero = pc.and_not(pc.starts_with(cells, "0"), pc.starts_with(cells, "0."))
    return _any(pc.match_substring_regex(cells.filter(zero), r"^0[0-9xX][0-9a-fA-F]*\s*$"))


def _any(mask: Cells) -> bool:
    return bool(pc.any(mask).as_py())


def truths(cells: Cells) -> Cells:
    """true, True, 1, 1.0."""
    return pc.replace_substring_regex(cells, r"^([01])\.0*$", r"\1").cast(pa.bool_())


# ── days, times, moments ─────────────────────────────────────────────────────────────────────────────────────────────


def dated(cells: Cells, form: str, name: str, start: int = 0) -> Cells:
    """Texts in a format of ``strptime`` as days; as moments, where the format has a time; in UTC, where it has a zone.

    >>> dated(pa.array(["31.12.2024", None]), "%d.%m.%Y", "day").to_pylist()
    [datetime.date(2024, 12, 31), None]

    Raises
    ------
    DataError
        Naming the column and the first cells that are not written so.
    """
    texts = pc.utf8_trim_whitespace(cells)
    different = pc.unique(texts)
    moments: list[datetime | None] = []
    for text in different.to_pylist():
        try:
            moments.append(datetime.strptime(text, form) if text else None)
        except ValueError:
            wrong = pc.indices_nonzero(pc.equal(texts, text)).to_pylist()[: MAX_CELLS_NAMED + 1]
            bad = first_cells([(start + i, cells[i].as_py()) for i in wrong])
            raise DataError(f"column {name!r} holds {bad}, where dates are written as {form!r}") from None
    unit = "us" if any(v and v.microsecond for v in moments) else "s"
    t = pa.timestamp(unit, "UTC" if "%z" in form else None) if re.search(CLOCKS, form) else pa.date32()
    return pa.array(moments, t).take(pc.index_in(texts, different))


def _temporal(t: pa.DataType) -> Callable[[Cells], Cells]:
    if pa.types.is_date(t):
        return lambda cells: _days(cells, t)
    if pa.types.is_time(t):
        return lambda cells: as_clock(cells, t)
    if pa.types.is_timestamp(t):
        return lambda cells: as_moments(cells, t)
    return lambda cells: _spans(cells, t)


def _days(cells: Cells, t: pa.DataType) -> Cells:
    """Days, also such as are written with a time that is midnight; moments, if one is not."""
    moments = as_moments(cells)
    moments = moments.cast(pa.timestamp(moments.type.unit)) if pa.types.is_timestamp(moments.type) else moments
    days = moments.cast(t)
    return days if days.cast(moments.type).equals(moments) else moments


def as_clock(cells: Cells, t: pa.DataType | None = None) -> Cells:
    """Times of day: 9:30, 09:30:00, 09:30:00.25."""
    if pc.all(pc.match_substring_regex(cells, CLOCK)).as_py() is False:
        raise pa.ArrowInvalid("no times of day")
    full = pc.replace_substring_regex(cells, r"^(\d):", r"0\1:")
    moments = _first(pc.binary_join_element_wise("1970-01-01", full, " "), [pa.timestamp(unit) for unit in ("s", "us", "ns")])
    if t is None:
        t = pa.time32("s") if moments.type.unit == "s" else pa.time64(moments.type.unit)
    return _exact(moments.cast(pa.time32("s") if moments.type.unit == "s" else pa.time64(moments.type.unit)), t)


def _exact(found: Cells, t: pa.DataType) -> Cells:
    """In the unit of `t`, or, if that is too coarse, in the one that was found."""
    try:
        return found.cast(t)
    except FAILED:
        return found


def as_moments(cells: Cells, t: pa.DataType | None = None) -> Cells:
    """Moments of ISO 8601, with or without time and fractions; in UTC, if any has a zone."""
    zoned = pc.and_(pc.match_substring_regex(cells, ZONE), pc.match_substring(cells, ":"))
    zone = "UTC" if _any(zoned) else None
    if zone:
        day = pc.match_substring_regex(cells, DAY)
        cells = pc.if_else(day, pc.binary_join_element_wise(cells, "00:00", " "), cells)
        cells = pc.if_else(zoned, cells, pc.binary_join_element_wise(cells, "Z", ""))
    found = _first(cells, [pa.timestamp(unit, zone) for unit in ("s", "us", "ns")])
    if t is None:
        return found
    tz = t.tz if zone else None  # what the lack of a zone means is not for this to say
    return _exact(found.cast(pa.timestamp(found.type.unit, tz)), pa.timestamp(t.unit, tz))


def tell_zones(cells: Cells, t: pa.DataType, name: str) -> None:
    """Warn of dates with an offset from UTC where others have no zone: in the column, or in the one that was fitted as `t`.

    Those that were fitted with an offset are known by their UTC.
    """
    if not (pa.types.is_timestamp(t) or pa.types.is_date(t)):
        return
    far = cells.filter(pc.match_substring_regex(cells, OFFSET))
    bare = cells.filter(pc.invert(pc.match_substring_regex(cells, ZONED)))
    said = None
    if len(far) and len(bare):
        said = f"holds dates with a time zone, such as {far[0].as_py()!r}, and some without"
    elif len(far) and getattr(t, "tz", None) is None:
        said = f"was fitted with dates without a time zone, and now holds dates with one, such as {far[0].as_py()!r}"
    elif 0 < len(bare) == len(cells) - cells.null_count and getattr(t, "tz", None) is not None:
        said = f"was fitted with dates with a time zone, and now holds dates without one, such as {bare[0].as_py()!r}"
    if said:
        warn(f"column {name!r} {said}: those without one are read as UTC; give all a zone")


def _first(cells: Cells, types: list[pa.DataType]) -> Cells:
    """The coarsest type that holds all; the last may raise."""
    for t in types[:-1]:
        try:
            return cells.cast(t)
        except FAILED:
            continue
    return cells.cast(types[-1])


def _spans(cells: Cells, t: pa.DataType) -> Cells:
    """Durations: whole numbers of the unit, as Arrow writes them, or `1 days 02:30:00` and `2 days`, as pandas does."""
    try:
        return cells.cast(pa.int64()).cast(t)
    except FAILED:
        found = pc.extract_regex(cells, SPAN)
    if found.null_count > cells.null_count:
        raise pa.ArrowInvalid("no durations")
    nanoseconds = {row: _nanoseconds(row) for row in set(map(_row, found.to_pylist())) if row}
    spans = [nanoseconds.get(_row(row)) if row else None for row in found.to_pylist()]
    return _exact(pa.array(spans, pa.duration("ns")), t)


def _row(found: dict[str, str] | None) -> tuple[str, ...]:
    return tuple(found[key] for key in ("sign", "days", "less", "h", "m", "s", "f")) if found else ()


def _nanoseconds(row: tuple[str, ...]) -> int:
    """Days may be negative, the time after them counts forwards."""
    sign, days, less, h, m, s, f = row
    time = (int(h or 0) * 3600 + int(m or 0) * 60 + int(s or 0)) * 10**9 + int((f or "0").ljust(9, "0"))
    return int(f"{sign}{days}") * 86_400 * 10**9 + (-time if less else time)
