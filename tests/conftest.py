"""What the tests share."""

from __future__ import annotations

import os
import random
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

from diabolo import progress
from diabolo.cli import main

collect_ignore = ["files"]  # what wrote them needs other packages

settings.register_profile("diabolo", deadline=None, max_examples=30, suppress_health_check=list(HealthCheck), derandomize=True)
settings.load_profile("diabolo")


@pytest.fixture(autouse=True)
def same_seed() -> None:
    """Every test starts from the same random numbers, in whatever order they run."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine a fit would say how far it is."""
    monkeypatch.setattr(progress, "PATIENCE", 600.0)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """It works, also where a shell has started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@dataclass
class Said:
    """How a command ended, and what it printed."""

    code: Any
    out: str
    err: str


@pytest.fixture
def diabolo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """``diabolo("fit", ...)``: the command line in this process, as the entry point runs it."""

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["diabolo", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "120")
        code: Any = 0
        try:
            with warnings.catch_warnings():
                main()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture
def data_folder() -> Path:
    """The folder of large data sets."""
    folder = os.environ.get("DIABOLO_DATA")
    if not folder:
        pytest.skip("DIABOLO_DATA does not name the folder of data sets")
    return Path(folder)
