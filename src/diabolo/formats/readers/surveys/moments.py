"""Dates as the programs of statistics keep them: numbers with a format.

SPSS    seconds since 14 October 1582                 DATE11 day   QYR8 quarter   DATETIME20 moment   TIME8 span
SAS     days, or seconds, since 1 January 1960        DATE9 day   MONYY7 month   DTDATE9, DATETIME20 moment   TIME8 span
Stata   days %td, ms %tc, weeks %tw, months %tm, quarters %tq or half-years %th since 1960; %tC, with leap seconds, stays

A span within one day is a time of day (of SPSS's DTIME, never); formats that show the hours of a moment, such as TOD and
%tcHH:MM, are times of day if all values lie in the first day, else moments; a day with a time is a moment.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ....errors import DataError

__all__ = ["FAMILIES", "read_as", "write_as"]

FAMILIES = {".sav": "SPSS", ".zsav": "SPSS", ".por": "SPSS", ".dta": "Stata", ".sas7bdat": "SAS", ".xpt": "SAS"}
SECOND, DAY = 10**6, 86_400 * 10**6  # microseconds
EPOCHS = {"SPSS": -141_428 * DAY, "SAS": -3653 * DAY, "Stata": -3653 * DAY}
FIRST, LAST = -719_162 * DAY, 2_932_897 * DAY  # the years 1 to 9999
LONGEST = 36_525_000 * DAY // 1000  # of a span
FORMS = {
    "SPSS": {
        "day": r"([AEJS]?DATE|QYR|MOYR|WKYR)[\d.]*",  # in seconds, too
        "moment": r"(DATETIME|YMDHMS)[\d.]*",
        "span": r"(TIME|MTIME)[\d.]*",
        "length": r"DTIME[\d.]*",
    },
    "SAS": {
        "day": r"(DATE|(DDMMYY|MMDDYY|YYMMDD|MMYY|YYMM|YYQR?)[BCDNPS]?|MONYY|YYMON|WEEKDAT[EX]|WORDDAT[EX]|JULIAN"
        r"|(E|B|IS)8601DA|NLDATE(L|M|S|W)?|MINGUO|NENGO)[\d.]*",
        "moment": r"(DATETIME|DATEAMPM|MDYAMPM|DT(DATE|MONYY|WKDATX|YEAR|YYQC)"
        r"|(E|B|IS)8601(DT|DN|DZ|LZ)|NLDATM(L|M|S|W)?)[\d.]*",
        "span": r"(TIME|HHMM|HOUR|MMSS|(E|B|IS)8601TM|NLTIME)[\d.]*",
        "clock": r"(TOD|TIMEAMPM|NLTIMAP)[\d.]*",
    },
    "Stata": {
        "day": r"%-?t?d.*",
        "clock": r"%-?tc[HhMSs:._]*[Hh]{2}[HhMSs:._]*",
        "moment": r"%-?tc.*",
        "months": r"%-?tm.*",
        "quarters": r"%-?tq.*",
        "halves": r"%-?th.*",
        "weeks": r"%-?tw.*",
    },
}
PERIODS = {"months": 1, "quarters": 3, "halves": 6}  # months


def read_as(values: pa.Array, form: str | None, family: str) -> tuple[pa.Array | None, str]:
    """Numbers as dates, moments, times of day or spans; or None, and the reason if they should have been dates.

    >>> read_as(pa.array([744.0, None]), "%tm", "Stata")[0].to_pylist()
    [datetime.date(2022, 1, 1), None]
    >>> read_as(pa.array([108_000.0]), "TIME8", "SPSS")[0].to_pylist()
    [datetime.timedelta(days=1, seconds=21600)]
    """
    form = form or ""
    found = next(
        (k for k, pattern in FORMS[family].items() if re.fullmatch(pattern, form, re.IGNORECASE * (family != "Stata"))), ""
    )
    if not found:
        stays = family == "Stata" and re.match(r"%-?t[Cb]", form)
        return None, f"its format {form} counts {'leap seconds' if 'C' in form else 'days of business'}" if stays else ""
    v = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    gaps = np.isnan(v)
    v = np.where(gaps, 0, v)
    if found in PERIODS or found == "weeks":
        micros, first, last = _periods(v, found), FIRST, LAST
    else:
        unit = DAY if found == "day" and family != "SPSS" else 1000 if family == "Stata" else SECOND
        micros = np.round(v * unit)
        within = bool(((micros >= 0) & (micros < DAY)).all())
        if found == "clock":
            found = "span" if within else "moment"
        span = found in ("span", "length")
        micros += 0 if span else EPOCHS[family]
        first, last = (-LONGEST, LONGEST) if span else (FIRST, LAST)
    wrong = ~gaps & ~((micros >= first) & (micros < last))
    if wrong.any():
        return None, f"its format is {form}, but {v[wrong][0]:g} is no date"
    count = np.where(gaps, 0, micros).astype(np.int64)
    if found == "span" and within:
        return pa.array(count, mask=gaps).cast(pa.time64("us")), ""
    if found in ("span", "length"):
        return pa.array(count, mask=gaps).cast(pa.duration("us")), ""
    if found != "moment" and not (count % DAY).any():
        return pa.array((count // DAY).astype(np.int32), mask=gaps).cast(pa.date32()), ""
    return pa.array(count, mask=gaps).cast(pa.timestamp("us")), ""


def _periods(v: np.ndarray, found: str) -> np.ndarray:
    """First days of months, quarters and half-years; a year of Stata has 52 weeks, of which the last has more days."""
    v = np.floor(v).clip(-(10**6), 10**6)
    if found == "weeks":
        years, weeks = np.divmod(v, 52)
    else:
        years, weeks = np.divmod(v * PERIODS[found], 12)
    at = years.astype(np.int64) - 10  # since 1970
    if found != "weeks":
        return (at * 12 + weeks.astype(np.int64)).astype("M8[M]").astype("M8[D]").astype(np.float64) * DAY
    return (at.astype("M8[Y]").astype("M8[D]").astype(np.float64) + 7 * weeks) * DAY


def write_as(values: pa.Array, family: str, name: str) -> tuple[np.ndarray, str]:
    """The inverse: numbers, NaN where one is missing, and their format."""
    t = values.type
    gaps = values.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_date(t):
        days = pc.fill_null(values.cast(pa.date32()).cast(pa.int32()), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        count, form = days * DAY - EPOCHS[family], "%td" if family == "Stata" else "DATE11"
        unit = SECOND if family == "SPSS" else DAY
    else:
        to = pa.timestamp if pa.types.is_timestamp(t) else pa.time64 if pa.types.is_time(t) else pa.duration
        count = pc.fill_null(values.cast(to("us"), safe=False).cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        unit = 1000 if family == "Stata" else SECOND
        if to is pa.timestamp:
            count, form = (
                count - EPOCHS[family],
                "%tc" if family == "Stata" else "DATETIME26.6" if family == "SAS" else "DATETIME20",
            )
        elif family == "Stata" and to is pa.duration:
            raise DataError(f"column {name!r} holds durations, for which Stata has no format: give them as numbers")
        else:
            form = "%tcHH:MM:SS" if family == "Stata" else "DTIME16" if family == "SPSS" and to is pa.duration else "TIME8"
    numbers: Any = count / unit
    return np.where(gaps, np.nan, numbers), form
