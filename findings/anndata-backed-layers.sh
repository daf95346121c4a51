#!/usr/bin/env bash
# anndata: an .h5ad that is opened "backed" still comes into memory, but for X and raw.X.
#
# Versions: anndata 0.12.19, scipy 1.17.1, numpy 2.4.6, pandas 2.3.3, h5py 3.16.0.
# Seen: with backed="r" X stays in the file, but all layers, and all of obsm, are read at once, also if none is asked for.
# A file of X and two layers of the same size needs two thirds of what it needs without backed; in many files the counts,
# as large as X, are a layer.
# Expected: that what is as large as X stays in the file as well, until it is asked for.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 h5py==3.16.0 anndata==0.12.19

"$work/venv/bin/python" -I - <<'PY'
import tempfile
import tracemalloc
from pathlib import Path

import anndata as ad
import numpy as np

x = np.random.default_rng(0).random((1000, 1000))  # 8 MB
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "cells.h5ad")
    ad.AnnData(x, layers={"counts": x, "scaled": x}, obsm={"codes": x[:, :50]}).write_h5ad(path)
    used = {}
    for backed in (None, "r"):
        tracemalloc.start()
        cells = ad.read_h5ad(path, backed=backed)
        used[backed] = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        print(f"backed={backed!r}: {used[backed]:.1f} MB; X {type(cells.X).__name__}, counts {type(cells.layers['counts']).__name__}")

assert type(cells.X).__name__ == "Dataset"
assert type(cells.layers["counts"]) is type(cells.obsm["codes"]) is np.ndarray
assert 24 < used[None] < 27
assert 16 < used["r"] < 19
PY
