"""Texts that are nearly numbers, or dates: how they are written, and what reads them.

1,5    $1,234.50    1 234    12 %    12 kg    12 kg beside 900 g    13:45    120/80    one ? among numbers
31/12/2024    2024-12    31-DEC-24    Dec 31, 2024
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DataError
from .cells import dated, first_cells, signs_of
from .layout import remedy
from .schema import ISO
from .schema import plain as plainly

__all__ = ["Hint", "like_dates", "nearly_numbers", "other_quantity", "text_hints", "unit_of"]

SHARE = 0.9  # of the cells, to speak of a column of numbers
AMONG = 0.5  # ... beside signs such as ?
MARKS = 5  # of these signs
ENOUGH = 20  # different numbers that are no names
MAX_TEXTS = 10_000  # different texts that are looked at
FIRST = 200  # cells of which half must hold a digit
MAX_DIGITS = 18  # digits of a number that is no code
MAX_COLUMNS_NAMED = 5  # columns that are named
UNITS = 4  # of one quantity, such as g and kg
UNIT = r"^[+-]?(?:\d[\d.,' ]*)?\d\s*(?P<unit>[\p{L}°µ/²³]{1,12}(?: [\p{L}°µ/²³]{1,12})?)$"
OTHERS = {  # quantities that no option reads
    r"(?i)^\d{1,3}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]\.?m\.?)?$": "times",
    r"(?i)^-?\d+ days?\b.*$": "durations",
    r"(?i)^(\d+ ?h\p{L}*[ ,]*)?\d+ ?m(in\p{L}*)?[ ,]*(\d+ ?s\p{L}*)?$": "durations",
    r"(?i)^\d+ ?(ft\.?|['′]) ?\d+([.,]\d+)? ?(in\.?|[\"″]|'')?$": "feet and inches",
    r"^[+-]?\d+ \d+/\d+$": "fractions",
    r"^[+-]?\d+([.,]\d+)? ?°.*$": "degrees",
    r"^\d+ ?/ ?\d+$": "two numbers each",
    r"^\(?[+-]?\d+\.\d+ ?[,; ] ?[+-]?\d+\.\d+\)?$": "two numbers each",
}
PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
KNOWN = r"(?i)^(\W+|missing|unknown|none|nil|n\W?[acds]\W?|not available|no data|tbd|#\S+)$"  # stands for a missing cell
COMMAS = "commas between thousands"
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    r"^[+-]?\d{1,3}(\.\d{3})+,\d+$": ("a decimal comma and points between thousands", {"decimal": ",", "thousands": "."}),
    r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$": (COMMAS, {"thousands": ","}),
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
ANY_DATE = rf"{DATE}|^{ISO.pattern}$"
ONE = r"^[+-]?\D*\d{1,3},\d{3}\D*$"  # a comma that may be either
GROUPED = r"^[+-]?\d{1,3}((\.\d{3})*|,\d+)$"
SIGNED = r"^([+-]?)\s*\p{Sc}\s*|\s*[\p{Sc}%]$"
COINS = "USD|EUR|GBP|CHF|JPY"
WRITTEN = rf"^([+-]?)\s*\b(?:{COINS})\b\s*|\s*\b(?:{COINS})$|^[(−-]\s*([\d.,]+)\)?$"  # in ways that no option reads
LIMITED = r"(?i)^(?:[<>≤≥~≈]=?|ca\.|approx\.?)\s*|\s*(?:[*+†‡]|\.-)$|(\d)-$"  # <0.1, 40+, 1.5*: more than the number
MONEY = rf"^[+-]?\s*(?:\p{{Sc}}|(?:{COINS})\b)?\s*[+-]?\d[\d.,' \x{{a0}}\x{{202f}}]*(?:[\p{{Sc}}%]|\b(?:{COINS}))?$"
BARE = r".str.replace(r'[^\d.,-]', '', regex=True)"  # in pandas, without signs
SPACES = r"r'\s', '', regex=True"
DAYS = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y", "%Y{0}%m{0}%d")
NAMED = ("%d-%b-%y", "%d-%b-%Y", "%d%b%Y", "%d%b%y", "%d %b %Y", "%d. %B %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")
WAYS = [*(form.format(sign) for form, sign in product(DAYS, "./-")), *NAMED, "%Y-%m", "%Y/%m"]


@dataclass(frozen=True)
class Hint:
    """What to say about a column.

    Parameters
    ----------
    why : str
        How its numbers are written.
    cells : str
        The first of them, with their rows.
    options : dict
        Those of ``Reading`` that read them.
    bare : str or None
        What pandas must do with the texts first; None: more than one expression.
    """

    why: str
    cells: str
    options: dict[str, Any] = field(default_factory=dict)
    bare: str | None = ""

    def pandas(self, column: str) -> str:
        """The pandas expression that reads such a column, such as df['price'] or y."""
        signs = [(self.options.get("thousands"), ""), (self.options.get("decimal"), ".")]
        replaced = "".join(f".str.replace({old!r}, {new!r})" for old, new in signs if old).replace("' ', ''", SPACES)
        errors = ", errors='coerce'" if "na" in self.options else ""
        return f"pd.to_numeric({column}{self.bare}{replaced}{errors})"


def text_hints(texts: Mapping[str, Any], decimal: str = ".") -> Iterator[str]:
    """What to say about columns of texts, each fact once.

    >>> [*text_hints({"v": pa.array(["1,5", "2,25"])})][0][:75]
    "texts that look like numbers are read as categories: column 'v': '1,5' (row"
    """
    near = {name: hint for name, values in texts.items() if (hint := nearly_numbers(values, decimal))}
    if near:
        options: dict[str, Any] = {}
        for hint in near.values():
            options |= {"na": (*options.get("na", ()), *hint.options["na"])} if "na" in hint.options else hint.options
        name = next((name for name, hint in near.items() if hint.bare is not None), None)
        ways = [f"of a text file with {remedy(options)}"] if options else []
        ways += [f"of a DataFrame with {near[name].pandas(f'df[{name!r}]')}"] if name else []
        said = _columns({name: f"{hint.cells} ({hint.why})" for name, hint in near.items()})
        yield (
            f"texts that look like numbers are read as categories: {said}: "
            + (f"read them {', '.join(ways)}" if ways else "write them as numbers")
            + f"; or, if they are codes, say categories={[*near]!r} (--category)"
        )
    dates = {name: found for name, values in texts.items() if (found := like_dates(values))}
    if dates:
        name, (_, forms) = next(iter(dates.items()))
        way = forms[0] if forms else "%d.%m.%Y"
        such = "" if forms else ", or however they are written,"
        other = f" (or is it {forms[1]}? The cells do not say)" if len(forms) > 1 else ""
        yield (
            f"texts that look like dates are read as categories: {_columns({n: cells for n, (cells, _) in dates.items()})}: "
            f"read them of a file with {remedy({'dates': {name: way}})}, of a DataFrame with "
            f"pd.to_datetime(df[{name!r}], format={way!r}){such}{other}; or, if they are codes, say categories={[*dates]!r} "
            "(--category)"
        )


def _columns(said: dict[str, str]) -> str:
    more = f"; and {len(said) - MAX_COLUMNS_NAMED} more columns" if len(said) > MAX_COLUMNS_NAMED else ""
    return "; ".join(f"column {name!r}: {what}" for name, what in [*said.items()][:MAX_COLUMNS_NAMED]) + more


def nearly_numbers(values: Any, decimal: str = ".") -> Hint | None:
    """A hint, if most texts of an Arrow array are numbers in another notation, or stand among numbers.

    >>> nearly_numbers(pa.array(["1,5", "2,25"]))
    Hint(why='a decimal comma', cells="'1,5' (row 0), '2,25' (row 1)", options={'decimal': ','}, bare='')
    >>> nearly_numbers(pa.array(["red", "blue"])) is None
    True
    """
    values = plainly(values)
    cells = pc.utf8_trim_whitespace(values.drop_null())
    if not len(cells) or 2 * pc.sum(pc.match_substring_regex(cells[:FIRST], r"\d")).as_py() < len(cells[:FIRST]):
        return None
    if why := other_quantity(cells):
        return Hint(why, _cells(values, dict.fromkeys(cells[:3].to_pylist())), bare=None)
    if unit := unit_of(cells):
        grouped = pc.any(pc.match_substring_regex(cells, "[,' ]\\d")).as_py()
        way = None if grouped else f".str.removesuffix({unit!r})"
        return Hint(f"each with the unit {unit!r}", _cells(values, dict.fromkeys(cells[:3].to_pylist())), bare=way)
    pointed = decimal == "," and pc.any(pc.match_substring(cells, ".")).as_py()
    if pointed and pc.all(pc.match_substring_regex(cells, GROUPED)).as_py():
        why, options = "points between thousands", {"decimal": ",", "thousands": "."}
        return Hint(why, _cells(values, dict.fromkeys(cells[:3].to_pylist())), options)
    plain = pc.match_substring_regex(cells, PLAIN)
    levels = pc.value_counts(cells.filter(pc.invert(plain)))[:MAX_TEXTS]
    counts = {level["values"].as_py(): level["counts"].as_py() for level in levels}
    if pc.any(pc.match_substring_regex(cells.filter(plain), r"^[+-]?0\d")).as_py():
        return None
    if not counts:
        return _as_they_are(values, cells)
    form = dict(zip(counts, _forms(pa.array(list(counts))), strict=True))
    odd = [text for text in counts if form[text] is None]
    different = pc.count_distinct(cells.filter(plain)).as_py()
    if not all(_match(odd, KNOWN)) and different <= ENOUGH:
        return None
    if "limited" in form.values() and different + len(form) - len(odd) <= ENOUGH:  # 0, 1, 2, 3+ are levels
        return None
    marks = 0 < len(odd) <= MARKS and all(_match(odd, r"^(\D+|#\S+)$"))
    known = len(cells) - sum(counts.values()) + sum(counts[text] for text in counts if form[text] is not None)
    if known < len(cells) * (AMONG if marks else SHARE):
        return None
    points = pc.any(pc.match_substring(cells.filter(plain), ".")).as_py()
    return _hint(values, form, odd if marks else [], bool(points))


def unit_of(texts: Any) -> str | None:
    """The unit of a column of many different numbers with units, if nearly all have the same.

    >>> unit_of(pa.array([f"{i / 4} kg" for i in range(50)])), unit_of(pa.array(["8 GB", "16 GB"] * 50))
    ('kg', None)
    """
    units = _units(texts)
    most = max(units, key=lambda unit: units[unit], default=None)
    return most if most and units[most] >= SHARE * len(texts) else None


def _units(texts: Any) -> dict[str, int]:
    """The units of many different numbers, and how often each is there."""
    found = pc.struct_field(pc.extract_regex(pc.utf8_trim_whitespace(texts), UNIT), "unit").drop_null()
    if len(found) < SHARE * len(texts) or pc.count_distinct(texts).as_py() <= ENOUGH:
        return {}
    return {str(unit["values"]): int(unit["counts"]) for unit in pc.value_counts(found).to_pylist()}


def other_quantity(texts: Any) -> str | None:
    """How many different texts say a quantity that is more than a number: in several units, or as times.

    >>> other_quantity(pa.array([f"{i} kg" for i in range(20)] + [f"{i} g" for i in range(20)]))
    "in several units: 'kg', 'g'"
    >>> other_quantity(pa.array([f"{i}:{i + 20}" for i in range(24)])), other_quantity(pa.array(["9:00", "12:00"] * 20))
    ('times', None)
    """
    if pc.count_distinct(texts).as_py() <= ENOUGH:
        return None
    for form, why in OTHERS.items():
        if pc.sum(pc.match_substring_regex(texts, form)).as_py() >= SHARE * len(texts):
            return why
    if pc.sum(pc.match_substring_regex(texts, MONEY)).as_py() >= SHARE * len(texts) and len(signs := signs_of(texts)) > 1:
        return f"in several units: {', '.join(map(repr, signs))}"
    units = _units(texts)
    several = 1 < len(units) <= UNITS and max(units.values()) < SHARE * len(texts)
    return f"in several units: {', '.join(map(repr, units))}" if several else None


def _as_they_are(values: Any, cells: Any) -> Hint | None:
    """Whether texts that are plain numbers are codes: few different whole numbers, or numbers with many digits."""
    whole = pc.all(pc.match_substring_regex(cells, r"^[+-]?\d+$")).as_py()
    large = cells.filter(pc.greater(pc.utf8_length(cells), MAX_DIGITS))
    if whole and 0 < len(large) <= (1 - SHARE) * len(cells) and pc.count_distinct(cells).as_py() > ENOUGH:
        texts = large.unique()[:MARKS].to_pylist()
        return Hint(f"more than {MAX_DIGITS} digits", _cells(values, dict.fromkeys(texts)), {"na": tuple(texts)})
    codes = pc.count_distinct(cells).as_py() <= ENOUGH or len(large)
    return None if whole and codes else Hint("numbers as they are", _cells(values, dict.fromkeys(cells[:3].to_pylist())))


def _match(texts: Any, pattern: str) -> list[bool]:
    texts = pa.array(texts, pa.string()) if isinstance(texts, list) else texts
    found: list[bool] = pc.match_substring_regex(texts, pattern).to_pylist()
    return found


def _forms(texts: pa.Array) -> list[int | str | None]:
    """The notation of each text: the number of its form, with a sign only, or one that no option reads."""
    bare = pc.replace_substring_regex(texts, SIGNED, r"\1")
    rest = pc.replace_substring_regex(bare, WRITTEN, r"\1\2")
    limits = pc.replace_substring_regex(rest, LIMITED, r"\1")
    found: list[int | str | None] = [None] * len(texts)
    names: list[int | str] = ["signed", *range(len(FORMS))]
    for form, name in zip([PLAIN, *FORMS], names, strict=True):
        ways = zip(_match(bare, form), _match(rest, form), _match(limits, form), strict=True)
        for i, (fits, near, limited) in enumerate(ways):
            said = name if fits else "written" if near else "limited" if limited else None
            found[i] = found[i] if found[i] is not None else said
    return found


def _hint(values: Any, form: dict[str, Any], marks: list[str], points: bool) -> Hint | None:
    found = [list(FORMS.values())[f] for f in form.values() if isinstance(f, int)]
    options: dict[str, Any] = {}
    for _, more in found:
        options |= more
    whys = [*dict.fromkeys(why for why, _ in found)]
    if options.get("decimal") == options.get("thousands") == ",":  # 1,234 beside 1,5
        options.pop("thousands")
        whys.remove(COMMAS)
    elif whys == [COMMAS] and all(_match([text for text, f in form.items() if isinstance(f, int)], ONE)):
        whys = [f'{COMMAS}, or decimal commas: --decimal ","']
    signed = any(_match([text for text, f in form.items() if f is not None], SIGNED))
    if signed:
        whys.append("a currency or a percent sign")
        options = options or {"thousands": ","}
    odd = [text for text, f in form.items() if f is None]
    if odd:
        last = " in the last row: if its numbers are totals, delete it" if str(values[-1]).strip() in odd else ""
        whys.append(f"among them {', '.join(map(repr, odd[:3]))}{last}")
        options |= {"na": tuple(marks)} if marks else {}
    own = bool({"written", "limited"} & {*form.values()})
    if own:
        whys.append("signs of their own")
    if own or (odd and not marks) or (points and "decimal" in options):  # beside decimal points: no option reads both
        return Hint(", ".join(whys), _cells(values, form), bare=None)
    return Hint(", ".join(whys), _cells(values, form), options, BARE if signed else "") if whys else None


def like_dates(values: Any) -> tuple[str, list[str]] | None:
    """The first cells of a column of dates that are not written as in ISO 8601, and the formats of ``strptime`` that read all.

    >>> like_dates(pa.array(["31/12/2024", None]))
    ("'31/12/2024' (row 0)", ['%d/%m/%Y'])
    """
    values = plainly(values)
    known = values.drop_null()
    if (
        not len(known)
        or not all(_match([known[0].as_py()], ANY_DATE))
        or not all(_match(different := pc.unique(known), ANY_DATE))
    ):
        return None
    if not any(_match(different, DATE)):  # all as in ISO 8601
        return None
    forms = [day + clock for day, clock in product(WAYS, CLOCKS) if _reads(known[:1], day + clock)]
    return _cells(values, dict.fromkeys(known[:3].to_pylist())), [form for form in forms if _reads(different, form)]


def _reads(texts: Any, form: str) -> bool:
    try:
        dated(texts, form, "")
    except DataError:
        return False
    return True


def _cells(values: Any, texts: dict[str, Any]) -> str:
    rows = pc.indices_nonzero(pc.is_in(pc.utf8_trim_whitespace(values), pa.array(list(texts)))).to_pylist()[:4]
    return first_cells([(i, values[i].as_py()) for i in rows])
