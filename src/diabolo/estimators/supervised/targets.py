"""What y is."""

from __future__ import annotations

import numpy as np

TEMPERATURES = tuple(float(2**e) for e in np.arange(-4, 2.25, 0.25))
