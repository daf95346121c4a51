#!/usr/bin/env bash
# anndata: to write an object changes it; its columns of texts are categories afterwards.
#
# Versions: anndata 0.12.19, numpy 2.4.6, pandas 2.3.3, h5py 3.16.0.
# Seen: write_h5ad makes categories, in the file and in the object itself, of columns of texts of which some are equal.
# A column whose texts all differ stays as it is, so that the type depends on the values. After a checkpoint in the middle
# of a program, a new text can no longer be set ("Cannot setitem on a Categorical with a new category").
# Expected: that writing leaves the object as it was.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    numpy==2.4.6 pandas==2.3.3 h5py==3.16.0 anndata==0.12.19

"$work/venv/bin/python" -I - <<'PY'
import tempfile
from pathlib import Path

import anndata as ad
import numpy as np

cells = ad.AnnData(np.ones((3, 2)))
cells.obs["kind"] = ["T", "B", "T"]
cells.obs["name"] = ["a", "b", "c"]
cells.obs.loc["0", "kind"] = "NK"
cells.obs.loc["0", "kind"] = "T"
before = cells.obs.dtypes.astype(str).to_dict()
with tempfile.TemporaryDirectory() as folder:
    cells.write_h5ad(Path(folder, "cells.h5ad"))
after = cells.obs.dtypes.astype(str).to_dict()
print("before:", before)
print("after: ", after)
assert before == {"kind": "object", "name": "object"}
assert after == {"kind": "category", "name": "object"}
try:
    cells.obs.loc["0", "kind"] = "NK"
except TypeError as error:
    print(error)
else:
    raise SystemExit("it can be set now")
PY
