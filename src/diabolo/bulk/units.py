"""Which rows make a part of the results, and which parts a process does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..formats.listing import Part
from ..formats.parts import Parts
from ..ranks import of_slurm, together
from .pictures import Shelf, Shelves

__all__ = ["Unit", "shard", "units"]

UNIT = 1 << 20  # rows of a part of the results, about


@dataclass(frozen=True)
class Unit:
    """Rows that are done together: part number `part` of the data, or some of its row groups; `rows` of them."""

    part: int
    name: str  # of the part of the results, below the folder
    rows: int
    groups: tuple[int, ...] | None = None


def units(parts: Parts | Shelves) -> list[Unit]:
    """The work: a part of the data each; a part of more than a million rows is cut between its row groups."""
    found = []
    for i, name in enumerate(names_of(parts.files)):
        cut = grouped(parts.groups[i])
        if len(cut) < 2:
            found.append(Unit(i, f"{name}.parquet", parts.sizes[i]))
            continue
        for k, groups in enumerate(cut):
            rows = sum(parts.groups[i][g] for g in groups)
            found.append(Unit(i, f"{name}.{k:05d}-of-{len(cut):05d}.parquet", rows, tuple(groups)))
    return found


def names_of(files: Sequence[Part] | Sequence[Shelf]) -> list[str]:
    """Names without endings that, sorted, keep the order of the parts: their own, or with a number before them."""
    names = [part.stem for part in files]
    if all(a < b for a, b in pairwise(names)):
        return names
    return [f"{i:05d}-{os.path.basename(name)}" for i, name in enumerate(names)]


def grouped(sizes: Sequence[int]) -> list[list[int]]:
    """Numbers of row groups that are done together: about as many rows each.

    >>> grouped([600_000, 600_000, 10, 1_200_000])
    [[0, 1], [2, 3]]
    """
    found: list[list[int]] = [[]]
    rows = 0
    for g, n in enumerate(sizes):
        if rows >= UNIT:
            found, rows = [*found, []], 0
        found[-1].append(g)
        rows += n
    return found


def shard() -> tuple[int, int]:
    """The number of this process, and how many there are: as torchrun, or srun, and the arrays of Slurm say it.

    >>> shard()
    (0, 1)
    """
    (rank, world), (task, tasks) = together(), of_slurm()
    return task * world + rank, tasks * world
