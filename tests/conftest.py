"""What the tests share."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

from diabolo import progress

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
def data_folder() -> Path:
    """The folder of large data sets."""
    folder = os.environ.get("DIABOLO_DATA")
    if not folder:
        pytest.skip("DIABOLO_DATA does not name the folder of data sets")
    return Path(folder)
