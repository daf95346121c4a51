"""Ctrl-C, and the end that a machine announces (SIGTERM): the step that has begun is done first.

with Signals(SIGINT, SIGTERM) as signals:
    for step in steps:
        step()
        signals.obey()  # raises Stopped
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Signals", "Stopped", "searching"]

ONE = 1.0  # seconds in which signals are one: a terminal sends Ctrl-C to all processes, and torchrun sends it on to its own
OURS = (signal.SIG_DFL, signal.default_int_handler)  # handlers of someone else stay
SEARCHES = {"joblib", "optuna"}  # packages that fit again and again; scikit-learn does so by joblib


class Stopped(KeyboardInterrupt):
    """Work ended between two steps, because of the signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Signals:
    """Signals that wait for the end of a step; one that comes again, later, does what it always does."""

    def __init__(self, *numbers: int) -> None:
        self.numbers, self.number, self.since = numbers, 0, 0.0
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other one may
            self.before = {n: signal.getsignal(n) for n in self.numbers if signal.getsignal(n) in OURS}
            for number in self.before:
                signal.signal(number, self._heard)
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}

    def _heard(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.number:
            self.number, self.since = number, now
        elif now - self.since > ONE:
            self.__exit__()
            signal.raise_signal(number)

    def obey(self, after: float = 0.0) -> None:
        """Raise Stopped if a signal came so many seconds ago, or earlier."""
        if self.number and time.monotonic() - self.since >= after:
            raise Stopped(self.number)


def searching() -> bool:
    """Whether this is one of many fits, in a search or a cross-validation: Ctrl-C should end them all.

    >>> searching()
    False
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in SEARCHES:
            return True
        frame = frame.f_back
    return False
