"""For every test and doctest: one thread, and the names that doctests use without importing them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def doctest_names(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace.update(np=np, torch=torch, nn=nn)
