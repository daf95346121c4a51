"""The Python code that repeats a fit: how the data are read, the parameters, and the columns."""

from __future__ import annotations

import copy
import inspect
from dataclasses import fields
from typing import Any

from ..formats import Documents, Reading, Tables
from ..printed import cut

__all__ = ["recipe"]

MOST_NAMED = 20  # columns


def recipe(model: Any, name: str, data: str = "X") -> str:
    """Imports, the model, which is called `name`, and its fit."""
    kind, format = type(model).__name__, model.format_
    given = said(format) if isinstance(format, (Tables, Documents)) else {}
    lines, shown = [f"from diabolo import {kind}"], model
    if given:
        names = [*["Reading"] * ("reading" in given), type(format).__name__]
        lines += [f"from diabolo.formats import {', '.join(sorted(names))}", "", f"format = {called(type(format), given)}"]
        shown = copy.copy(model)
        shown.format = Bare("format")
    else:
        lines.append("")
    if format.options:
        lines[1:1] = ["from diabolo.formats import read_dataset"]
        options = ", ".join(f"{key}={value!r}" for key, value in format.options.items())
        lines.append(f"X = read_dataset(path, {options})")
    columns = f"  # X has {columns_of(format)}" if format.named else ""
    return "\n".join([*lines, f"{name} = {shown!r}", f"{name}.fit({data}){columns}"])


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
    names = [repr(cut(name, 40)) for name in format.columns[:MOST_NAMED]]
    more = f" and {len(format.columns) - MOST_NAMED:,} more" if len(format.columns) > MOST_NAMED else ""
    return f"the column{'s' * (len(format.columns) > 1)} {', '.join(names)}{more}"


class Bare(str):
    """Text that prints without quotes."""

    def __repr__(self) -> str:
        return str(self)
