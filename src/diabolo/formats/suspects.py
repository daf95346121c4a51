"""What a column may be although its type does not say so: a row number, codes, numbers or dates left as texts.

row number    whole, and every one larger than the one before it; or all different, and nameless or nearly without gaps
codes         few different whole numbers from 1, far fewer than there would be between the least and the largest
nearly        texts of which nearly all could be read as numbers: "1,5", "$1,234.50", "?" among numbers
dates         texts as ISO 8601 writes dates
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .schema import floats, plain, without_gaps

__all__ = ["Nearly", "are_days", "is_nameless", "is_row_number", "looks_like_codes", "nearly_numbers", "unit_of"]

FEWEST_ROWS = 20  # of a row number
DENSE = 50  # rows from which on different numbers without many gaps are those of rows
YEARS = 1500, 2200  # a table of years is no table of row numbers
MOST_CODES, EACH = 20, 5  # different ones, and rows for each
ENOUGH = 20  # different whole numbers that are no names
SAME = 0.9  # of the cells, with one unit
UNIT = r"^[+-]?(?:\d[\d.,' ]*)?\d\s*(?P<unit>[\p{L}°µ/²³]{1,12})$"
SIGN = r"[$€£¥₹]|\b(?:USD|EUR|GBP|CHF|JPY)\b"
GROUP = "[,.' \u00a0\u202f\u2009\u2019]"
PLAIN = re.compile(r"[+-]?(?:0|[1-9]\d*)")
DECIMAL = re.compile(r"[+-]?(?:0|[1-9]\d*)?\.\d+(?:[eE][+-]?\d+)?|[+-]?\d+\.?[eE][+-]?\d+|[+-]?(?:0|[1-9]\d*)\.")
COMMA = re.compile(r"[+-]?(?:0|[1-9]\d*)?,\d+(?:[eE][+-]?\d+)?")
GROUPED = re.compile(rf"[+-]?[1-9]\d{{0,2}}({GROUP})\d{{3}}(?:\1\d{{3}})*(?:[.,]\d+)?")
GAPS = {
    "?",
    "-",
    "--",
    "---",
    ".",
    "..",
    "*",
    "n/a",
    "na",
    "#n/a",
    "nan",
    "null",
    "none",
    "nil",
    "missing",
    "unknown",
    "x",
    "–",
}


@dataclass(frozen=True)
class Nearly:
    """Texts that are nearly numbers.

    Parameters
    ----------
    cells : str
        The first of them, with their rows.
    remedy : str
        How to read them as numbers.
    """

    cells: str
    remedy: str


def is_nameless(name: str) -> bool:
    """Whether a column has the name that tools give to the numbers of rows.

    >>> is_nameless("Unnamed: 0"), is_nameless("age")
    (True, False)
    """
    return bool(
        re.fullmatch(r"|None|index|level_0|__index_level_\d+__|Unnamed: \d+(_level_\d+)?|column00|\.\.\.1|rownames|V1", name)
    )


def is_row_number(values: pa.Array, name: str) -> bool:
    """Whether a column says which row it is, and nothing else.

    >>> is_row_number(pa.array(range(5, 50)), "id"), is_row_number(pa.array(range(1980, 2020)), "year")
    (True, False)
    """
    if not pa.types.is_integer(values.type) or values.null_count or len(values) < 2:
        return False
    v = values.to_numpy(zero_copy_only=False)
    if is_nameless(name) and len(np.unique(v)) == len(v) and (len(v) >= FEWEST_ROWS or np.ptp(v) == len(v) - 1):
        return True
    if len(v) < FEWEST_ROWS or (YEARS[0] <= v.min() and v.max() <= YEARS[1]):
        return False
    different = len(v) >= DENSE and np.ptp(v.astype(np.float64)) < 2 * len(v) and len(np.unique(v)) == len(v)
    return bool((v[1:] > v[:-1]).all() or different)


def are_days(values: pa.Array) -> bool:
    """Whether whole numbers are days, year, month and day in one.

    >>> are_days(pa.array([20240131, 20231224] * 10)), are_days(pa.array([20240131, 20241399] * 10))
    (True, False)
    """
    known = without_gaps(values)
    if not pa.types.is_integer(known.type) or len(known) < FEWEST_ROWS:
        return False
    v = known.to_numpy(zero_copy_only=False).astype(np.int64)
    month, day = v // 100 % 100, v % 100
    years = (v >= YEARS[0] * 10_000) & (v <= YEARS[1] * 10_000)
    return bool((years & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def looks_like_codes(values: pa.Array) -> list[int]:
    """The few different whole numbers of a column, if they look like codes; else none.

    >>> looks_like_codes(pa.array([101, 205, 999] * 10)), looks_like_codes(pa.array([1, 2, 3] * 10))
    ([101, 205, 999], [])
    """
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return []
    known = without_gaps(values)
    head = np.unique(floats(known[:1000]))
    if not 2 < len(head) <= MOST_CODES or head[0] < 1 or (head % 1).any():
        return []
    levels = np.unique(floats(known))
    if len(levels) > min(MOST_CODES, len(known) // EACH) or levels[0] < 1 or levels[-1] >= 2**53 or (levels % 1).any():
        return []
    whole = levels.astype(np.int64).tolist()
    steps = (whole[-1] - whole[0]) // gcd(*(v - whole[0] for v in whole)) + 1
    return whole if len(whole) <= steps / 3 else []


def nearly_numbers(values: pa.Array) -> Nearly | None:
    """Whether the texts of a column could be read as numbers; None where they are words, codes, or too few.

    >>> nearly_numbers(pa.array(["1,5", "2,7", "0,3"])).cells
    "'1,5' in row 0, '2,7' in row 1, '0,3' in row 2"
    >>> nearly_numbers(pa.array(["007", "012", "A13"])) is None
    True
    """
    known = without_gaps(plain(values))
    if not len(known) or pc.sum(pc.match_substring_regex(known[:200], r"\d")).as_py() < 0.5 * min(200, len(known)):
        return None
    counts = {c["values"]: c["counts"] for c in pc.value_counts(known).to_pylist()}
    if unit := unit_of(known):
        return Nearly(_cells(values, [*counts][:3]), f"after str.removesuffix({unit!r}), pd.to_numeric")
    forms = {cell: form(cell) for cell in counts}
    read = {cell for cell, found in forms.items() if found not in (None, "gap")}
    rest = [cell for cell in forms if forms[cell] is None]
    share = sum(counts[cell] for cell in read) / len(known)
    found = {forms[cell] for cell in read}
    if len(read) < 3 or share < (0.5 if not rest else 0.9) or len(rest) > 3:
        return None
    gaps = [cell for cell in forms if forms[cell] == "gap"]
    if found == {"plain"} and not gaps and len(read) <= ENOUGH:
        return None
    said = [cell for cell in forms if forms[cell] != "plain"] or list(forms)
    return Nearly(_cells(values, said[:3]), _remedy(found, gaps + rest, said))


def unit_of(texts: pa.Array) -> str | None:
    """The unit of a column of many different numbers that are written with one, if it is the same nearly everywhere.

    >>> unit_of(pa.array([f"{i / 4} kg" for i in range(50)])), unit_of(pa.array(["8 GB", "16 GB"] * 50))
    ('kg', None)
    """
    found = pc.struct_field(pc.extract_regex(pc.utf8_trim_whitespace(texts), UNIT), "unit").drop_null()
    if len(found) < SAME * len(texts) or pc.count_distinct(texts).as_py() <= ENOUGH:
        return None
    most = max(pc.value_counts(found).to_pylist(), key=lambda c: c["counts"])
    return str(most["values"]) if most["counts"] >= SAME * len(texts) else None


def form(cell: str) -> str | None:
    """How a number is written; "gap" for what stands for none, None for a word."""
    cell = cell.strip()
    if cell.lower() in GAPS:
        return "gap"
    bare = re.sub(SIGN, "", cell).strip()
    negative = re.fullmatch(r"\((.+)\)", bare)
    bare = re.sub(r"\s*%$", "", negative[1] if negative else bare).strip().replace("−", "-")
    bare = re.sub(r"^([+-])\s+", r"\1", bare)
    if PLAIN.fullmatch(bare):
        return "plain" if bare == cell else "sign"
    for name, pattern in (("decimal", DECIMAL), ("comma", COMMA), ("grouped", GROUPED)):
        if pattern.fullmatch(bare):
            return name if bare == cell else "sign"
    return None


def _cells(values: pa.Array, said: list[str]) -> str:
    rows = [pc.index(plain(values), pa.scalar(cell, plain(values).type)).as_py() for cell in said]
    return ", ".join(f"{cell!r} in row {row:,}" for row, cell in sorted(zip(rows, said, strict=True)))


def _remedy(found: set[str | None], others: list[str], said: list[str]) -> str:
    """Options of the command line, or pandas."""
    options = []
    if "comma" in found:
        options.append("--decimal ,")
    if "grouped" in found:
        cell = next(cell for cell in said if form(cell) == "grouped")
        match = GROUPED.fullmatch(cell.strip())
        options.append(f"--thousands {match[1]!r}" if match else "--thousands ,")
    options += [f"--na {cell!r}" for cell in others[:2]]
    tools = f"{' '.join(options)} for a file, " if options else ""
    signs = "after str.replace of the signs, " if "sign" in found else ""
    return f"{tools}or {signs}pd.to_numeric" if tools else f"{signs}pd.to_numeric"
