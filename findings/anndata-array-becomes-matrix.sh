#!/usr/bin/env bash
# anndata: a sparse array that is written comes back as a sparse matrix, of which X * X is another product.
#
# Versions: anndata 0.12.19, scipy 1.17.1, numpy 2.4.6, pandas 2.3.3, h5py 3.16.0.
# Seen: X, a layer and an element of obsm are csr_array; after write_h5ad and read_h5ad they are csr_matrix, without a
# word. For arrays * multiplies cell by cell, for matrices it is the matrix product, so that the same line gives other
# numbers (or an error, where the matrix is not square). anndata.settings.use_sparse_array_on_read changes that for all
# files, also for those that matrices were written to: the file does not tell one from the other.
# Expected: what was written.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 h5py==3.16.0 anndata==0.12.19

"$work/venv/bin/python" -I - <<'PY'
import tempfile
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import scipy.sparse as sp

x = sp.csr_array(np.array([[1.0, 2.0], [0.0, 3.0]]))
cells = ad.AnnData(x, layers={"more": x}, obsm={"codes": x})
with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
    warnings.simplefilter("error")
    path = Path(folder, "cells.h5ad")
    cells.write_h5ad(path)
    back = ad.read_h5ad(path)

print("written:", type(cells.X).__name__, (cells.X * cells.X).toarray().tolist())
print("read:   ", type(back.X).__name__, (back.X * back.X).toarray().tolist())
assert type(cells.X) is sp.csr_array
assert {type(back.X), type(back.layers["more"]), type(back.obsm["codes"])} == {sp.csr_matrix}
assert (cells.X * cells.X).toarray().tolist() == [[1, 4], [0, 9]]
assert (back.X * back.X).toarray().tolist() == [[1, 8], [0, 9]]
PY
