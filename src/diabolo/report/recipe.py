"""The Python code that repeats a fit: how the data are read, the parameters, and the columns."""

from __future__ import annotations

import copy
import inspect
import re
from dataclasses import fields
from numbers import Integral
from typing import Any

from .. import corruption, losses
from ..formats import Documents, Reading, Tables
from ..printed import cut

__all__ = ["recipe"]

MOST_NAMED = 20  # columns
MOST_SIGNS = 100_000  # of the parameters


def recipe(model: Any, name: str, data: str = "X") -> str:
    """Imports, the model, which is called `name`, and its fit."""
    kind, format = type(model).__name__, model.format_
    given = said(format) if isinstance(format, (Tables, Documents)) else {}
    lines, shown = [f"from diabolo import {kind}"], copy.copy(model)
    if given:
        names = [*["Reading"] * ("reading" in given), type(format).__name__]
        lines += [f"from diabolo.formats import {', '.join(sorted(names))}", "", f"format = {called(type(format), given)}"]
        shown.format = Bare("format")
    else:
        lines.append("")
    if not isinstance(model.random_state, Integral):
        shown.random_state = None
        lines.append("# random_state was no number: this gives another model of the same kind each time")
    made = shown.__repr__(N_CHAR_MAX=MOST_SIGNS)
    lines = imports(made) + lines
    if format.options:
        lines[1:1] = ["from diabolo.formats import read_dataset"]
        options = ", ".join(f"{key}={value!r}" for key, value in format.options.items())
        lines.append(f"X = read_dataset(path, {options})")
    columns = f"  # X has {columns_of(format)}" if format.named else ""
    return "\n".join([*lines, f"{name} = {made}", f"{name}.fit({data}){columns}"])


def imports(code: str) -> list[str]:
    """Of the objects that are made in it.

    >>> imports("Autoencoder(corruption=Mask(p=0.1, fill=nan), loss=Squared())")
    ['from math import nan', 'from diabolo.corruption import Mask', 'from diabolo.losses import Squared']
    """
    words = set(re.findall(r"\w+(?=\()|\b(?:nan|inf|np)\b", re.sub(r"'[^']*'", "", code)))
    found = ["import numpy as np"] * ("np" in words)
    of_math = sorted(words & {"nan", "inf"})
    found += [f"from math import {', '.join(of_math)}"] * bool(of_math)
    for module in (corruption, losses):
        names = sorted(words & set(module.__all__))
        found += [f"from {module.__name__} import {', '.join(names)}"] * bool(names)
    return found


def said(format: Any) -> dict[str, Any]:
    """The parameters of a format that are not the usual ones."""
    usual = {name: p.default for name, p in inspect.signature(type(format)).parameters.items()}
    found = {name: getattr(format, name) for name in usual}
    usual |= {"reading": Reading(), "categories": [], "numbers": []}
    return {name: value for name, value in found.items() if value != usual[name]}


def called(kind: type, given: dict[str, Any]) -> str:
    return f"{kind.__name__}({', '.join(f'{name}={short(value)}' for name, value in given.items())})"


def short(value: Any) -> str:
    """As Python code; of a Reading only what was said."""
    if not isinstance(value, Reading):
        return repr(value)
    usual = Reading()
    found = {f.name: getattr(value, f.name) for f in fields(value)}
    return called(Reading, {name: v for name, v in found.items() if v != getattr(usual, name)})


def columns_of(format: Any) -> str:
    """The columns in words."""
    names = [repr(cut(name, 40)) for name in format.sources[:MOST_NAMED]]
    more = f" and {len(format.sources) - MOST_NAMED:,} more" if len(format.sources) > MOST_NAMED else ""
    return f"the column{'s' * (len(format.sources) > 1)} {', '.join(names)}{more}"


class Bare(str):
    """Text that prints without quotes."""

    def __repr__(self) -> str:
        return str(self)
