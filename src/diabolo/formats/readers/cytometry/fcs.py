"""Files of flow cytometers, FCS 2.0 to 3.2: events × channels.

file      HEADER | TEXT | DATA | ... ; a data set may say where the next begins ($NEXTDATA)
TEXT      /key/value/key/value/, and optional keys elsewhere (supplemental TEXT)
channel   x / gain ($PnG), or for integers of a logarithmic amplifier f₂ · 10^(f₁ x / range) ($PnE f₁, f₂); time × $TIMESTEP
name      $PnN, and $PnS in brackets: FL1-A (CD4)

Read here, and not with FlowIO, which leaves out the supplemental TEXT (with it gains, markers and the time step), takes every $
out of names and values, raises 10 to the power of floating-point numbers that are logarithms already, knows no numbers of 24
bits, and does not compare $TOT with the data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ....errors import DataError
from ...base import MAX_BYTES_IN_MEMORY, spilled
from ..dataset import Dataset
from ..decided import Decided
from .layout import Channel, data_sets
from .writer import save

__all__ = ["kind", "read", "write"]

EVENTS = 1 << 16  # at a time


def kind(path: Path) -> str:
    """Always a table."""
    return "table"


def read(path: Path, *, dataset: int = 1) -> Dataset:
    """The events of a data set of a .fcs file, a column for each channel.

    Parameters
    ----------
    path : Path
        Of the file.
    dataset : int, default=1
        Which of its data sets.
    """
    with path.open("rb") as file:
        sets = data_sets(file, path)
    if not 1 <= dataset <= len(sets):
        raise DataError(f"dataset={dataset}: {str(path)!r} holds {len(sets)} data sets")
    here = sets[dataset - 1]
    said = Decided()
    if len(sets) > 1:
        said.once(f"it holds {len(sets)} data sets: read is number {dataset} (another: dataset=)")
    channels = here.channels()
    offset, events = here.data(sum(c.bits for c in channels) // 8)
    order = here.order()
    row = np.dtype([(str(i), c.stored(order)) for i, c in enumerate(channels)])
    stored = np.memmap(path, row, "r", offset, (events,))
    names = _names(channels, said)
    columns = dict(zip(names, map(pa.array, _values(stored, channels, order)), strict=True))
    for name, c in zip(names, channels, strict=True):
        if topic := c.topic:
            said.count(topic, f"{name!r} {c.said}")
    here.told(said)
    return Dataset(pa.table(columns), decided=said.sentences())


def write(table: Any, path: Path, source: Path | None = None) -> None:
    """Write a table of numbers as FCS 3.1, in numbers of 4 bytes where these hold all, else of 8.

    Columns named ``FL1-A (CD4)`` become $PnN FL1-A and $PnS CD4. Of `source`, the file that was read, keywords that are not
    about its data are kept, and its spillover matrix, if all its channels are in the table.
    """
    save(table, path, source)


def _values(stored: np.ndarray, channels: list[Channel], order: str) -> list[np.ndarray]:
    """The columns, a piece of the events at a time; large ones in temporary files."""
    types = [c.linear(np.zeros(1, c.type)).dtype for c in channels]
    large = len(stored) * sum(t.itemsize for t in types) > MAX_BYTES_IN_MEMORY
    columns = [spilled(len(stored), 1, t)[:, 0] if large else np.empty(len(stored), t) for t in types]
    for start in range(0, len(stored), EVENTS):
        piece = slice(start, start + EVENTS)
        for i, (c, column) in enumerate(zip(channels, columns, strict=True)):
            column[piece] = c.linear(c.read(stored[str(i)][piece], order))
    return columns


def _names(channels: list[Channel], said: Decided) -> list[str]:
    """$PnN ($PnS), each once."""
    names = [f"{c.detector} ({c.marker})" if c.marker not in ("", c.detector) else c.detector for c in channels]
    if any(name != c.detector for name, c in zip(names, channels, strict=True)):
        said.once("channels are named by $PnN, and $PnS in brackets")
    for i, name in enumerate(names):
        while names[i] in names[:i]:
            names[i] = f"{names[i]} #{i + 1}"
        if names[i] != name:
            said.count("several channels have one name: the later ones stand with their number", repr(names[i]))
    return names
