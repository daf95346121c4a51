#!/usr/bin/env bash
# pandas: a category of numbers is a plain number after Parquet, though the file says that it was a category.
#
# Versions: pandas 3.1.1, pyarrow 26.0.1, numpy 2.4.6.
# Seen: an ordered category with the levels c < b < a comes back from Parquet whole, with its order and with the
# level that no row has. With the levels 3 < 2 < 1 it comes back as int64: no order, no level without rows, no
# warning. The description that pandas writes into the file has "categorical", 3 categories, ordered, for both. Feather
# keeps both.
# Expected: the same type back, as for text; postal codes and grades are numbers that nobody should average.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1

"$work/venv/bin/python" -I - <<'PY'
import io

import pandas as pd
import pyarrow.parquet as pq


def column(levels):
    return pd.DataFrame({"g": pd.Categorical([levels[0], levels[2]], categories=levels, ordered=True)})


def after(table, kind):
    file = io.BytesIO()
    getattr(table, f"to_{kind}")(file)
    return getattr(pd, f"read_{kind}")(io.BytesIO(file.getvalue()))["g"].dtype, file.getvalue()


for levels in (["c", "b", "a"], [3, 2, 1]):
    table = column(levels)
    parquet, data = after(table, "parquet")
    feather, _ = after(table, "feather")
    said = pq.read_schema(io.BytesIO(data)).pandas_metadata["columns"][0]
    print("before: ", repr(table["g"].dtype))
    print("parquet:", repr(parquet))
    print("feather:", repr(feather))
    print("said:   ", said["pandas_type"], said["metadata"])
    assert (said["pandas_type"], said["metadata"]) == ("categorical", {"num_categories": 3, "ordered": True})
    assert feather == table["g"].dtype
    assert parquet == (table["g"].dtype if levels[0] == "c" else "int64")
PY
