#!/usr/bin/env bash
# Arrow takes text such as 0x1F for a whole number; pandas does so or not, depending on its engine.
#
# Versions: pyarrow 26.0.1, pandas 3.1.1, numpy 2.4.6.
# Seen: a CSV column with the cells 12 and 0x1F is the numbers 12 and 31 for pyarrow.csv.read_csv and for
# pandas.read_csv(engine="pyarrow"), and texts for the two other engines of pandas. One cell with a decimal point
# turns the whole column into text, since 0x1F is a whole number but not a double. "+16" is the other way round:
# a double but not a whole number, so one plus sign makes a column of whole numbers float.
# Expected: text, as in pandas' own engines (a code such as 0x1F is an identifier more often than a number), or at
# least one rule for whole numbers and doubles, and for the engines of one function.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1

"$work/venv/bin/python" -I - <<'PY'
import io

import pandas as pd
import pyarrow as pa
from pyarrow import csv


def arrow(*cells):
    column = csv.read_csv(io.BytesIO("\n".join(("x", *cells)).encode()))["x"]
    return str(column.type), column.to_pylist()


def pandas(engine):
    return pd.read_csv(io.StringIO("x\n12\n0x1F\n"), engine=engine)["x"].tolist()


print("cast to int64:", pa.array(["0x1F"]).cast(pa.int64()).to_pylist())
print("arrow:", arrow("12", "0x1F"), arrow("12", "0x1F", "3.5"), arrow("12", "16"), arrow("12", "+16"))
print("pandas:", {engine: pandas(engine) for engine in ("c", "python", "pyarrow")})
assert pa.array(["0x1F"]).cast(pa.int64()).to_pylist() == [31]
assert arrow("12", "0x1F") == ("int64", [12, 31])
assert arrow("12", "0x1F", "3.5") == ("string", ["12", "0x1F", "3.5"])
assert arrow("12", "16")[0] == "int64"
assert arrow("12", "+16") == ("double", [12.0, 16.0])
assert pandas("c") == pandas("python") == ["12", "0x1F"]
assert pandas("pyarrow") == [12, 31]
PY
