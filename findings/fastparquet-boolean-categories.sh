#!/usr/bin/env bash
# fastparquet: a category of True and False comes back all True.
#
# Versions: fastparquet 2026.9.0, pandas 3.1.1, numpy 2.4.6.
# Seen: a category whose levels are False and True, such as a column of labels that was made a category for a model, is
# written by fastparquet and read by it: both levels are there, and every cell is True, without a word. A plain column of bool
# is right, and so is a category of 0 and 1, or of texts. No report was found.
# Expected: the cells that were written, or an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check fastparquet==2026.9.0 pandas==3.1.1 numpy==2.4.6

"$work/venv/bin/python" -I - "$work/b.parquet" <<'PY'
import sys

import fastparquet
import pandas as pd

path = sys.argv[1]
answers = [False, True, False, False]


def again(column):
    fastparquet.write(path, pd.DataFrame({"y": column}))
    back = fastparquet.ParquetFile(path).to_pandas()["y"]
    print(column.dtype, column.tolist(), "comes back as", back.tolist())
    return back


back = again(pd.Series(answers, dtype="category"))
assert back.cat.categories.tolist() == [False, True]
assert back.tolist() == [True] * 4

for right in (pd.Series(answers), pd.Series([0, 1, 0, 0], dtype="category"), pd.Series([*"nynn"], dtype="category")):
    assert again(right).tolist() == right.tolist()
PY
