#!/usr/bin/env bash
# Arrow: the first array made of a Python list imports pandas, if it is installed.
#
# Versions: pyarrow 26.0.1, pandas 3.1.1, numpy 2.4.6.
# Seen: import pyarrow leaves pandas alone. pyarrow.array([1.0]) imports it, and so does to_numpy of a column that was read from a
# CSV. With pandas absent, the same call works, so nothing of it is needed.
# Expected: no import. A Series can only be given by a process that has imported pandas already, which sys.modules tells.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6

for call in 'pa.array([1.0])' 'csv.read_csv(io.BytesIO(b"a\n1\n"))["a"].to_numpy()'; do
    CALL=$call "$work/venv/bin/python" - <<'PY'
import io
import os
import sys

import pyarrow as pa
from pyarrow import csv

before = "pandas" in sys.modules
eval(os.environ["CALL"])
print(f"{os.environ['CALL']}: pandas imported before {before}, after {'pandas' in sys.modules}")
assert not before
assert "pandas" in sys.modules
PY
done
"$work/venv/bin/python" -I -m pip uninstall --quiet --yes pandas
"$work/venv/bin/python" -I -c 'import pyarrow as pa; print("without pandas:", pa.array([1.0]).to_numpy())'
