"""Progress: a bar on a terminal, and a line every few seconds in a notebook or a log.

    with progress("fit", total) as at:
        at(done, words)                 after each step

Work of less than two seconds shows nothing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from threading import Timer
from typing import Protocol, TypeVar

__all__ = ["finished", "progress", "told", "tracked"]

PATIENCE = 2.0  # seconds before anything is shown
EVERY, OFTEN = 5.0, 0.1  # seconds between two lines, and between two updates of a bar

T = TypeVar("T", bound=Sized)
Words = str | Callable[[], str]


class At(Protocol):
    """The amount of work done, and a text, or a function that is only called if the text is shown."""

    def __call__(self, done: int, words: Words = "", /) -> None: ...


@contextmanager
def progress(title: str | None, total: int | None = None, done: int = 0, early: bool = False) -> Iterator[At]:
    """A function to call after each step; without a title, or in other processes than the first, it shows nothing.

    `done` of the total was done before, and says nothing about the time that is left. Work that may end `early` takes at most
    that time.

    >>> with progress(None, 10) as at:
    ...     at(3, "loss 0.1")
    """
    if title is None or int(os.environ.get("RANK", "0")):
        yield lambda done, words="", /: None
        return
    shown = (Bar if sys.stderr.isatty() else Lines)(title, total, done)
    shown.about = "at most about" if early else "about"
    try:
        yield shown.at
    finally:
        shown.close()


def finished(title: str | None, seconds: float, words: str) -> None:
    """A line at the end of work that has shown its progress.

    >>> finished(None, 3.0, "reading 1, training 2")
    """
    if seconds >= PATIENCE:
        told(title, words)


def told(title: str | None, words: str) -> None:
    """A line about work that shows its progress."""
    if title is not None and not int(os.environ.get("RANK", "0")):
        print(f"{title}: {words}", file=sys.stderr, flush=True)


def tracked(parts: Iterable[T], title: str | None, total: int) -> Iterator[T]:
    """Iterate over parts that have `total` rows together, and show the progress.

    >>> [len(part) for part in tracked([[1, 2], [3]], None, 3)]
    [2, 1]
    """
    done = 0
    with progress(title, total) as at:
        for part in parts:
            yield part
            done += len(part)
            at(done, f"{done:,} of {total:,} rows")


class Lines:
    """A line on stderr every few seconds; of work without a total, what is said too early comes when it is due."""

    wait, about = EVERY, "about"

    def __init__(self, title: str, total: int | None, done: int = 0) -> None:
        self.title, self.total, self.first, self.start = title, total, done, time.monotonic()
        self.next = self.start + PATIENCE
        self.early: tuple[int, str] | None = None
        self.due: Timer | None = None

    def at(self, done: int, words: Words = "", /) -> None:
        now = time.monotonic()
        if now >= self.next:
            self._say(done, words if isinstance(words, str) else words())
        elif self.total is None and isinstance(words, str):  # a long step that comes next must not be silent
            self.early = done, words
            if self.due is None:
                self.due = _timer(self.next - now, self._late)

    def _say(self, done: int, words: str) -> None:
        now = time.monotonic()
        self.next, self.early = now + self.wait, None
        self.show(done, words, now - self.start)

    def _late(self) -> None:
        self.due = None
        if self.early is not None:
            self._say(*self.early)

    def show(self, done: int, words: str, seconds: float) -> None:
        share = f"{done / self.total:.0%}" if self.total else ""
        now = done - self.first
        left = f"{self.about} {duration(seconds * (self.total - done) / now)} left" if self.total and now else ""
        print(f"{self.title}: {', '.join(filter(None, [share, words, left]))}", file=sys.stderr, flush=True)

    def close(self) -> None:
        if (due := self.due) is not None:
            due.cancel()
            due.join()


class Bar(Lines):
    """A bar that disappears when the work is done."""

    wait = OFTEN

    def __init__(self, title: str, total: int | None, done: int = 0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

        super().__init__(title, total, done)
        self.next = self.start  # it is hidden while it is patient
        how = (BarColumn(), TimeRemainingColumn()) if total and total > 1 else (SpinnerColumn(),)
        columns = (TextColumn("{task.description}", markup=False), *how, TextColumn("{task.fields[words]}", markup=False))
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task(title, total=total, completed=done, words="")
        self.timer = _timer(PATIENCE, self.bar.start)  # even if the first step takes long

    def show(self, done: int, words: str, seconds: float) -> None:
        self.bar.update(self.task, completed=done, words=words)

    def close(self) -> None:
        super().close()
        self.timer.cancel()
        self.timer.join()
        self.bar.stop()


def _timer(seconds: float, run: Callable[[], None]) -> Timer:
    timer = Timer(seconds, run)
    timer.daemon = True
    timer.start()
    return timer


def duration(seconds: float) -> str:
    """
    >>> duration(8.4), duration(130), duration(8000)
    ('8 s', '2 min', '2.2 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
