"""Signals wait for the end of a step; whoever has a handler of his own keeps it."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diabolo import Autoencoder, Classifier, signals, training
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


SEARCHES = {
    "grid": lambda ae, X: GridSearchCV(ae, {"n_components": [1, 2]}, cv=2).fit(X),
    "pipeline": lambda ae, X: GridSearchCV(make_pipeline(StandardScaler(), ae), {}, cv=2).fit(X),
    "folds": lambda ae, X: cross_val_score(ae, X, cv=2),
}


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> list[training.Run]:
    """Ctrl-C comes in the first step of each training; the runs."""
    runs: list[training.Run] = []
    descend = training.Run.descend

    def interrupt(run: training.Run, *batch: Any) -> None:
        descend(run, *batch)
        if run not in runs:
            runs.append(run)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(training.Run, "descend", interrupt)
    return runs


@pytest.mark.parametrize("search", SEARCHES)
def test_in_a_search_ctrl_c_ends_the_search(search: str, interrupted: list[training.Run]) -> None:
    ae, X = Autoencoder(random_state=0, verbose=False), np.random.default_rng(0).normal(size=(60, 4))
    with pytest.raises(KeyboardInterrupt):
        SEARCHES[search](ae, X)
    assert len(interrupted) == 1


def test_alone_or_in_a_pipeline_a_fit_keeps_the_best_weights(interrupted: list[training.Run]) -> None:
    ae, X = Autoencoder(random_state=0, verbose=False), np.random.default_rng(0).normal(size=(60, 4))
    for model in (ae, make_pipeline(StandardScaler(), ae)):
        with pytest.warns(UserWarning, match="the best weights so far are kept"):
            model.fit(X)
        assert ae.history_.interrupted
    assert len(interrupted) == 2


def test_before_training_begins_ctrl_c_ends_the_fit(interrupted: list[training.Run]) -> None:
    """A copy of the network finds out how to vary pictures: until it has, there are no weights to keep."""
    r = np.random.default_rng(0)
    X, y = r.integers(0, 256, (120, 16, 16), np.uint8), r.integers(0, 2, 120)
    with pytest.raises(KeyboardInterrupt):
        Classifier(random_state=0, verbose=False).fit(X, y)
    assert len(interrupted) == 1


def test_the_trials_of_a_study_are_a_search() -> None:
    """A module of this name stands for the package."""
    study = {"__name__": "optuna.study", "searching": signals.searching}
    assert eval("searching()", study)
    assert not signals.searching()
