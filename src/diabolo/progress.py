"""How far it is: a bar on a terminal, and nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

__all__ = ["seen_by_someone", "tracked"]

T = TypeVar("T", bound=Sized)


def seen_by_someone(title: str | None) -> bool:
    """Whether there is a title, and a terminal to show it on; of several processes, only the first shows it."""
    return title is not None and sys.stderr.isatty() and not int(os.environ.get("RANK", "0"))


def tracked(parts: Iterable[T], title: str | None, total: int) -> Iterator[T]:
    """The parts, under a bar that tells how many of `total` rows have been handed on.

    >>> [len(part) for part in tracked([[1, 2], [3]], None, 3)]
    [2, 1]
    """
    if not seen_by_someone(title):
        yield from parts
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title or "", total=total)
        for part in parts:
            yield part
            bar.advance(task, len(part))
