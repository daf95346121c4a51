"""Dates as Java's SimpleDateFormat writes them: a pattern of letters, such as dd.MM.yyyy HH:mm:ss.SSS or yyyyMMdd.

    letters, each for a part of the date  |  other signs, as they stand  |  'text in quotes', as it stands, '' for a quote

S is a whole number of milliseconds and no decimals: with SSS, .5 is five milliseconds and .123456 two minutes. Of more than
three digits WEKA makes an error, and so do we. Years of less than four letters (yy) depend on the day on which Java reads them;
dates with these, and with names of zones or days, are left as texts.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

__all__ = ["Pattern"]

PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z'])")
MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
DIGITS = {"y": 4, "M": 2, "d": 2, "H": 2, "h": 2, "m": 2, "s": 2, "S": 3}
ZONES = {"Z": r"[+-]\d{4}", "X": r"Z|[+-]\d{2}", "XX": r"Z|[+-]\d{4}", "XXX": r"Z|[+-]\d{2}:\d{2}"}


class Pattern:
    """How the dates of an attribute are written.

    Examples
    --------
    >>> Pattern("dd.MM.yyyy").read("31.12.2024"), Pattern("yyyy-MM-dd'T'HH:mm:ss").read("2024-02-30T00:00:00")
    (datetime.datetime(2024, 12, 31, 0, 0), None)
    >>> Pattern("d MMM yyyy, h:mm a").write(datetime(2024, 5, 1, 15, 4))
    '1 May 2024, 3:04 PM'
    >>> Pattern("dd.MM.yy").known
    False
    """

    def __init__(self, text: str) -> None:
        self.parts = [(match[0], match) for match in PART.finditer(text)]
        letters = [part for part, match in self.parts if match[2]]
        self.known = "".join(part for part, _ in self.parts) == text and _usual(letters)
        self.days = not any(part[0] in "HhmsSaZX" for part in letters)
        self.zoned = any(part[0] in "ZX" for part in letters)
        self.milliseconds = any(part[0] == "S" for part in letters)
        self.seconds = any(part[0] == "s" for part in letters)
        self.letters = re.compile(self._expression()) if self.known else None

    def read(self, text: str) -> datetime | None:
        """The moment, in UTC if it has a zone; None for what is no such date."""
        match = self.letters.fullmatch(text) if self.letters is not None else None
        return _moment(match.groupdict()) if match else None

    def write(self, moment: datetime) -> str:
        """As the pattern says."""
        return "".join(_written(part, moment) if match[2] else _literal(match) for part, match in self.parts)

    def _expression(self) -> str:
        found = []
        for i, (part, match) in enumerate(self.parts):
            if not match[2]:
                found.append(re.escape(_literal(match)))
                continue
            after = self.parts[i + 1][0][0] if i + 1 < len(self.parts) and self.parts[i + 1][1][2] else ""
            found.append(f"(?P<{part[0]}>{_part(part, after in DIGITS)})")
        return "".join(found)


@lru_cache(maxsize=256)
def pattern_of(text: str) -> Pattern:
    """The pattern; the same one for the same text."""
    return Pattern(text)


def _usual(letters: list[str]) -> bool:
    """Whether a date with these parts is known, each part once."""
    first = [part[0] for part in letters]
    kept = all(
        part in ZONES
        or part in ("a", "yyyy", "MMM", "MMMM")
        or (part[0] in DIGITS and part[0] != "y" and len(part) <= DIGITS[part[0]])
        for part in letters
    )
    whole = {"y", "M", "d"} <= {*first} and ("h" in first) == ("a" in first) and not ("h" in first and "H" in first)
    return kept and whole and len({*first}) == len(first)


def _literal(match: re.Match[str]) -> str:
    return "'" if match[0] == "''" else match[0] if match[1] is None else match[1].replace("''", "'")


def _part(part: str, digits_follow: bool) -> str:
    letter = part[0]
    if part in ZONES:
        return ZONES[part]
    if letter == "a":
        return "AM|PM|am|pm"
    if letter == "M" and len(part) > 2:
        return "|".join(name[:3] if len(part) == 3 else name for name in MONTHS)
    return rf"\d{{{len(part)}}}" if digits_follow else rf"\d{{1,{max(DIGITS[letter], len(part))}}}"


def _moment(found: dict[str, str]) -> datetime | None:
    month, half = found["M"], found.get("a", "")
    names = [name[:3] for name in MONTHS]
    hour = int(found.get("H") or found.get("h") or 0)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half.lower() == "pm")
    try:
        moment = datetime(
            int(found["y"]),
            int(month) if month.isdigit() else names.index(month[:3]) + 1,
            int(found["d"]),
            hour,
            int(found.get("m") or 0),
            int(found.get("s") or 0),
            1000 * int(found.get("S") or 0),
        )
        return moment - _offset(found.get("Z") or found.get("X") or "")
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    if zone in ("", "Z"):
        return timedelta(0)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (-1 if zone[0] == "-" else 1) * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def _written(part: str, moment: datetime) -> str:
    letter, size = part[0], len(part)
    if letter in "ZX":
        return "+0000" if letter == "Z" else "Z"
    if letter == "a":
        return "PM" if moment.hour >= 12 else "AM"
    if letter == "M" and size > 2:
        name = MONTHS[moment.month - 1]
        return name[:3] if size == 3 else name
    number: Any = {
        "y": moment.year,
        "M": moment.month,
        "d": moment.day,
        "H": moment.hour,
        "h": (moment.hour - 1) % 12 + 1,
        "m": moment.minute,
        "s": moment.second,
        "S": moment.microsecond // 1000,
    }[letter]
    return f"{number:0{size}}"
