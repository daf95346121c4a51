#!/usr/bin/env bash
# fastparquet: dates that pandas keeps in seconds are days of January 1970 for those who read the file.
#
# Versions: fastparquet 2026.9.0, pandas 3.1.1, pyarrow 26.0.1, polars 2.1.0, numpy 2.4.6.
# Seen: pandas makes datetime64[s] of a list of datetime.date, and of dates of numpy. fastparquet divides their seconds by 1000,
# where it should multiply, and calls them milliseconds: May 1st, 2024, is 0:28:34 of January 1st, 1970, for Arrow and polars,
# without a word, and times of the same 1000 seconds are one. fastparquet itself refuses this file. ms, us and ns are right.
# Version 2024.11.0 multiplies; that was reported as wrong for ns that are appended to a file of us (issue 960, of 2025).
# Expected: milliseconds, as Arrow writes such a column, since Parquet has no seconds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check fastparquet==2026.9.0 pandas==3.1.1 \
    pyarrow==26.0.1 polars==2.1.0 numpy==2.4.6

"$work/venv/bin/python" -I - "$work/t.parquet" <<'PY'
import datetime
import sys

import fastparquet
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

path = sys.argv[1]
days = [datetime.date(2024, 5, 1), datetime.date(2024, 5, 2)]


def read(t):
    """The days in the file as Arrow and polars have them, and as fastparquet has them, or its error."""
    fastparquet.write(path, pd.DataFrame({"t": t}))
    arrow, polars = pq.read_table(path)["t"].to_pylist(), pl.read_parquet(path)["t"].to_list()
    assert arrow == polars
    try:
        own = fastparquet.ParquetFile(path).to_pandas()["t"].tolist()
    except ValueError as error:
        own = str(error)
    print(t.dtype, "Arrow and polars:", [str(d) for d in arrow], "fastparquet:", own)
    return arrow, own


t = pd.to_datetime(days)
assert t.dtype == "datetime64[s]"
arrow, own = read(t)
assert [d.date() for d in arrow] == [datetime.date(1970, 1, 1)] * 2
assert "Cannot losslessly cast" in own

within = pd.to_datetime(["2024-05-01 00:00:00", "2024-05-01 00:05:00"]).as_unit("s")
arrow, _ = read(within)
assert arrow[0] == arrow[1]

for unit in ("ms", "us", "ns"):
    arrow, own = read(t.as_unit(unit))
    assert [d.date() for d in arrow] == days
    assert own == t.tolist()
PY
