"""Texts that are nearly numbers, or dates: how they are written, and what reads them.

1,5    $1,234.50    1 234    12 %    12 kg    one ? among numbers
31/12/2024    2024-12    31-DEC-24    Dec 31, 2024
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .cells import first_cells
from .suspects import unit_of

__all__ = ["Hint", "like_dates", "nearly_numbers"]

SHARE = 0.9  # of the cells, to speak of a column of numbers
AMONG = 0.5  # ... beside signs such as ?
MARKS = 5  # of these signs
ENOUGH = 20  # different numbers that are no names
MOST = 10_000  # different texts that are looked at
PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
KNOWN = r"(?i)^(\W+|missing|unknown|none|nil|n\W?[acds]\W?|not available|no data|tbd|#\S+)$"  # stands for a missing cell
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    r"^[+-]?\d{1,3}(\.\d{3})+,\d+$": ("a decimal comma and points between thousands", {"decimal": ",", "thousands": "."}),
    r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$": ("commas between thousands", {"thousands": ","}),
    r"^[+-]?\d+,\d+$": ("a decimal comma", {"decimal": ","}),
    r"^[+-]?\d{1,3}([ \x{a0}\x{202f}]\d{3})+([.]\d*)?$": ("spaces between thousands", {"thousands": " "}),
    r"^[+-]?\d{1,3}([ \x{a0}\x{202f}]\d{3})+,\d*$": ("spaces between thousands", {"thousands": " ", "decimal": ","}),
    r"^[+-]?\d{1,3}('\d{3})+([.]\d*)?$": ("apostrophes between thousands", {"thousands": "'"}),
}
MONTH = r"(jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)\p{L}*\.?"
DATES = (
    r"\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})",
    r"\d{4}[./]\d{1,2}[./]\d{1,2}",
    r"(19|20)\d{2}[-/](0[1-9]|1[0-2])",
    rf"\d{{1,2}}[-. ]?{MONTH}[-., ]*(\d{{4}}|\d{{2}})",
    rf"{MONTH} \d{{1,2}},? \d{{4}}",
)
DATE = rf"(?i)^\s*({'|'.join(DATES)})([, ]+\d{{1,2}}:\d{{2}}(:\d{{2}})?)?( [ap]\.?m\.?)?\s*$"
GROUPED = r"^[+-]?\d{1,3}((\.\d{3})*|,\d+)$"
SIGNED = r"^([+-]?)\s*\p{Sc}\s*|\s*[\p{Sc}%]$"


@dataclass(frozen=True)
class Hint:
    """What is to be said of a column.

    Parameters
    ----------
    why : str
        How its numbers are written.
    cells : str
        The first of them, with their rows.
    options : dict
        Those of ``Reading`` that read them.
    """

    why: str
    cells: str
    options: dict[str, Any] = field(default_factory=dict)


def nearly_numbers(values: Any, decimal: str = ".") -> Hint | None:
    """A hint, if most texts of an Arrow array, read with this sign, are numbers in a way of their own, or stand among numbers.

    >>> nearly_numbers(pa.array(["1,5", "2,25"]))
    Hint(why='a decimal comma', cells="'1,5' (row 0), '2,25' (row 1)", options={'decimal': ','})
    >>> nearly_numbers(pa.array(["red", "blue"])) is None
    True
    """
    cells = pc.utf8_trim_whitespace(values.drop_null())
    if unit := unit_of(cells):
        return Hint(f"each with the unit {unit!r}", _cells(values, dict.fromkeys(cells[:3].to_pylist())))
    grouped = decimal == "," and pc.any(pc.match_substring(cells, ".")).as_py()
    if grouped and pc.all(pc.match_substring_regex(cells, GROUPED)).as_py():
        why, options = "points between thousands", {"decimal": ",", "thousands": "."}
        return Hint(why, _cells(values, dict.fromkeys(cells[:3].to_pylist())), options)
    plain = pc.match_substring_regex(cells, PLAIN)
    levels = pc.value_counts(cells.filter(pc.invert(plain)))[:MOST]
    counts = {level["values"].as_py(): level["counts"].as_py() for level in levels}
    if not counts or pc.any(pc.match_substring_regex(cells.filter(plain), r"^[+-]?0\d")).as_py():
        return None
    form = dict(zip(counts, _forms(pa.array(list(counts))), strict=True))
    odd = [text for text in counts if form[text] is None]
    if not all(_match(odd, KNOWN)) and pc.count_distinct(cells.filter(plain)).as_py() <= ENOUGH:
        return None
    marks = 0 < len(odd) <= MARKS and all(_match(odd, r"^\D+$"))
    known = len(cells) - sum(counts.values()) + sum(counts[text] for text in counts if form[text] is not None)
    if known < len(cells) * (AMONG if marks else SHARE):
        return None
    points = pc.any(pc.match_substring(cells.filter(plain), ".")).as_py()
    return _hint(values, form, odd if marks else [], bool(points))


def _match(texts: list[str], pattern: str) -> list[bool]:
    found: list[bool] = pc.match_substring_regex(pa.array(texts, pa.string()), pattern).to_pylist()
    return found


def _forms(texts: pa.Array) -> list[int | str | None]:
    """How each text writes a number: the place of its form, or with a sign only."""
    bare = pc.replace_substring_regex(texts, SIGNED, r"\1")
    plain = pc.match_substring_regex(bare, PLAIN).to_pylist()
    fits = zip(*(pc.match_substring_regex(bare, form).to_pylist() for form in FORMS), strict=True)
    return ["signed" if p else next((i for i, fit in enumerate(row) if fit), None) for p, row in zip(plain, fits, strict=True)]


def _hint(values: Any, form: dict[str, Any], marks: list[str], points: bool) -> Hint | None:
    found = [list(FORMS.values())[f] for f in form.values() if isinstance(f, int)]
    options: dict[str, Any] = {}
    for _, more in found:
        options |= more
    whys = [*dict.fromkeys(why for why, _ in found)]
    if any(f == "signed" for f in form.values()):
        whys.append("a currency or a percent sign")
        options = options or {"thousands": ","}
    odd = [text for text, f in form.items() if f is None]
    if odd:
        whys.append(f"among them {', '.join(map(repr, odd[:3]))}")
        options |= {"na": tuple(marks)} if marks else {}
    if options.get("decimal") == "," and options.get("thousands") == ",":
        options.pop("thousands")  # 1,234 beside 1,5
    if points and "decimal" in options:  # beside decimal points: no option reads both
        options = {}
    return Hint(", ".join(whys), _cells(values, form), options) if whys else None


def like_dates(values: Any) -> str | None:
    """The first cells of a column of dates that are not written as ISO 8601 says, such as 31/12/2024.

    >>> like_dates(pa.array(["31/12/2024", None]))
    "'31/12/2024' (row 0)"
    """
    known = values.drop_null()
    if not len(known) or not all(_match([known[0].as_py()], DATE)):
        return None
    fits = pc.match_substring_regex(known, DATE)
    return _cells(values, dict.fromkeys(known[:3].to_pylist())) if pc.all(fits).as_py() else None


def _cells(values: Any, texts: dict[str, Any]) -> str:
    rows = pc.indices_nonzero(pc.is_in(pc.utf8_trim_whitespace(values), pa.array(list(texts)))).to_pylist()[:4]
    return first_cells([(i, values[i].as_py()) for i in rows])
