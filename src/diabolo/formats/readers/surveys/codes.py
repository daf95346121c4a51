"""Codes with labels, as programs of statistics keep categories.

1 female, 2 male     every value that occurs has a label: a category, the texts in the order of the codes
98 "don't know"      other values have none: numbers
3 other, 4 other     two levels: other (3), other (4)
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..decided import Decided

__all__ = ["coded", "labeled", "within"]

FEW = 3  # labels shown
MOST = 2_147_483_621  # whole numbers of Stata are less


def within(values: pa.Array, ranges: list[dict[str, Any]]) -> pa.Array:
    """Whether each value lies in one of the ranges of missing values."""
    found = pa.array(np.zeros(len(values), bool))
    for r in ranges:
        inside = pc.and_(pc.greater_equal(values, r["lo"]), pc.less_equal(values, r["hi"]))
        found = pc.or_(found, pc.fill_null(inside, False))
    return found


def labeled(name: str, values: pa.Array, labels: dict[Any, str], ordered: bool, said: Decided) -> pa.Array:
    """A category if every value that occurs has a label; else the values."""
    texts = pa.types.is_string(values.type)
    counted = values if texts else values.cast(pa.float64())
    codes = sorted(code for code, label in labels.items() if label.strip())
    if empty := len(labels) - len(codes):
        said.count("empty labels count as none", f"{name!r} {empty}")
    if not codes:
        return values
    known = pa.array(codes, counted.type)
    present = pc.unique(counted.drop_null())
    has = pc.is_in(present, value_set=known)
    if not pc.all(has, min_count=0).as_py():
        shown = ", ".join(f"{_code(c)}: {labels[c]!r}" for c in codes[:FEW]) + (", ..." if len(codes) > FEW else "")
        said.each(
            "stay numbers or texts, for not all of their values have labels",
            f"column {name!r} stays a {'text' if texts else 'number'}: {pc.sum(has).as_py() or 0} of its {len(present)} values "
            f"have labels ({shown})",
        )
        return values
    for label, n in Counter(labels[code] for code in codes).items():
        if n > 1:
            said.each(
                "have labels of several codes", f"column {name!r}: {n} codes have the label {label!r}: it stands with the code"
            )
    named = [*_named({code: labels[code] for code in codes}).values()]
    said.count("columns of which all values have labels are categories", repr(name))
    return pa.DictionaryArray.from_arrays(pc.index_in(counted, value_set=known), pa.array(named), ordered=ordered)


def _named(labels: dict[Any, str]) -> dict[Any, str]:
    """Labels, each once: with its code, if several codes have it."""
    while twice := {label for label, n in Counter(labels.values()).items() if n > 1}:
        labels = {code: f"{label} ({_code(code)})" if label in twice else label for code, label in labels.items()}
    return labels


def _code(code: Any) -> str:
    return f"{code:.15g}" if isinstance(code, float) else str(code)


def coded(values: pa.Array, known: dict[Any, str], whole: bool) -> tuple[pa.Array, dict[Any, str]]:
    """Levels as codes: those of the file that was read, if it has all (and they are `whole`, where asked); else 1, 2, ..."""
    levels = values.dictionary.to_pylist()
    before = {label: code for code, label in _named({c: label for c, label in known.items() if type(c) is not str}).items()}
    small = all(float(code).is_integer() and abs(code) < MOST for code in before.values())
    if not {*levels} <= {*before} or (whole and not small):
        before, small = {level: i for i, level in enumerate(levels, 1)}, True
    codes = [int(before[level]) if small else before[level] for level in levels]
    return pa.array(codes).take(values.indices), dict(zip(codes, levels, strict=True))
