"""Signals wait for the end of a step; whoever has a handler of his own keeps it."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from diabolo import signals
from diabolo.signals import Signals, Stopped

pytestmark = pytest.mark.usefixtures("ctrl_c")


def test_a_signal_waits_for_the_end_of_the_step() -> None:
    with Signals(signal.SIGINT, signal.SIGTERM) as stops:
        stops.obey()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # sent on, at once: it is the same
        stops.obey(after=10)
        with pytest.raises(Stopped) as stop:
            stops.obey()
    assert stop.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "ONE", -1.0)
    with Signals(signal.SIGINT) as stops:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt) as stop:
            signal.raise_signal(signal.SIGINT)
    assert type(stop.value) is KeyboardInterrupt
    assert stops.number == signal.SIGINT


@pytest.mark.parametrize("other", [signal.SIG_IGN, lambda number, frame: None])
def test_handlers_of_others_stay(other: Any) -> None:
    before = signal.signal(signal.SIGINT, other)
    try:
        with Signals(signal.SIGINT) as stops:
            assert signal.getsignal(signal.SIGINT) is other
            signal.raise_signal(signal.SIGINT)
            stops.obey()
    finally:
        signal.signal(signal.SIGINT, before)


def test_threads_have_none() -> None:
    found = []

    def work() -> None:
        with Signals(signal.SIGINT):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
