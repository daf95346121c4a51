#!/usr/bin/env bash
# pandas and PyTables: one NaN in a column, and a query of a large HDF5 table finds less than one row in a hundred.
#
# Versions: pandas 3.1.1, tables 3.11.1 (PyTables), numpy 2.4.6.
# Seen: to_hdf(format="table", data_columns=["x"]) writes 140,000 rows, and x is NaN in the first. read_hdf(where="x > 0") gives 366
# rows of 69,841, and no warning; x < 0 gives all. Without the NaN, without the index that pandas makes of such columns
# (index=False), or with 131,072 rows, all are found. PyTables alone does the same. Two reports about NaN in an index, seen in
# tables of five rows, were closed years ago (PyTables 282 and 327).
# Expected: the rows of df[df["x"] > 0], with an index and without.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check pandas==3.1.1 tables==3.11.1 numpy==2.4.6

"$work/venv/bin/python" -I - <<'PY'
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd


def found(n, gaps, index=True):
    """How many rows above 0 a query finds, and how many there are; it finds all below 0."""
    df = pd.DataFrame({"x": np.random.default_rng(0).normal(size=n)})
    df.loc[df.index < gaps, "x"] = np.nan
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.h5")
        df.to_hdf(path, key="t", format="table", data_columns=["x"], index=index)
        above, below = (len(pd.read_hdf(path, "t", where=f"x {sign} 0")) for sign in "><")
    print(f"{n} rows, {gaps} NaN, {index=}: {above} of {(df['x'] > 0).sum()} above 0, {below} of {(df['x'] < 0).sum()} below")
    assert below == (df["x"] < 0).sum()
    return above, (df["x"] > 0).sum()


above, of_all = found(140_000, 1)
assert above < of_all / 100
for above, of_all in (found(140_000, 0), found(140_000, 1, index=False), found(131_072, 1)):
    assert above == of_all
PY
