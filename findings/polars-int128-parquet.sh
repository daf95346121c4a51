#!/usr/bin/env bash
# Polars: Int64 + UInt64 is Int128, and one such column makes a Parquet file that Arrow cannot open.
#
# Versions: polars 2.1.0, pyarrow 26.0.1, pandas 3.1.1, numpy 2.4.6.
# Seen: the sum, difference or product of a column of Int64 and one of UInt64 has type Int128, also for small
# numbers. write_parquet writes it without a word, and polars reads it back. pyarrow and pandas refuse the whole
# file ("Integers with more than 64 bits not implemented"), even when asked for the other columns only. to_arrow,
# to_pandas and to_numpy raise too; write_csv works.
# Expected: a warning when a type is written that Arrow does not know, or one that it knows (a decimal without digits
# after the point).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1

"$work/venv/bin/python" -I - <<'PY'
import io

import pandas as pd
import polars as pl
import pyarrow.parquet as pq


def error(function):
    try:
        function()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    raise SystemExit("it works now")


table = pl.DataFrame({"i": [1, 2], "u": pl.Series([3, 4], dtype=pl.UInt64)})
table = table.with_columns((pl.col("i") + pl.col("u")).alias("sum"))
print(table.schema)
assert table.schema["sum"] == pl.Int128
assert (table["i"] - table["u"]).dtype == (table["i"] * table["u"]).dtype == pl.Int128

file = io.BytesIO()
table.write_parquet(file)
assert pl.read_parquet(file.getvalue()).equals(table)

for read in (pq.read_table, pd.read_parquet):
    said = error(lambda read=read: read(io.BytesIO(file.getvalue()), columns=["i"]))
    print(f"{read.__name__}:", said)
    assert "more than 64 bits not implemented" in said
for convert in (table.to_arrow, table.to_pandas, table.to_numpy):
    print(f"{convert.__name__}:", error(convert))
assert table.write_csv() == "i,u,sum\n1,3,4\n2,4,6\n"
PY
