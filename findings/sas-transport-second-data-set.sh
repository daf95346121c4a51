#!/usr/bin/env bash
# A second data set in a SAS transport file (XPORT) is read as rows of the first, its header included.
#
# Versions: pandas 3.1.1, pyreadstat 1.3.7, numpy 2.4.6.
# Seen: PROC COPY and the XPORT engine put several data sets into one file, one behind the other, each with a header of
# lines of 80 bytes. Of a file with 3 and 4 rows, both libraries give one table of 94 rows: 3 are right, 87 are the header
# of the second data set and the blanks before it, read as floating-point numbers such as 3.7e-40 and 1.16e9, and 4 are
# rows of the second. No error, no warning.
# Expected: 3 rows, and a word that there is another data set.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyreadstat==1.3.7

"$work/venv/bin/python" -I - <<'PY'
import tempfile
from pathlib import Path

import pandas as pd
import pyreadstat


def data_set(folder, name, values):
    path = Path(folder, name)
    pyreadstat.write_xport(pd.DataFrame({"X": values}), str(path), file_format_version=5, table_name=name)
    return path.read_bytes()


with tempfile.TemporaryDirectory() as folder:
    one, two = data_set(folder, "ONE", [1.0, 2.0, 3.0]), data_set(folder, "TWO", [7.0, 8.0, 9.0, 10.0])
    both = Path(folder, "both.xpt")
    both.write_bytes(one + two[two.index(b"HEADER RECORD*******MEMBER") :])  # the library's header stands once
    by_pandas = pd.read_sas(both, format="xport")["X"].tolist()
    by_pyreadstat = pyreadstat.read_xport(str(both))[0]["X"].tolist()

for name, values in (("pandas", by_pandas), ("pyreadstat", by_pyreadstat)):
    print(f"{name}: {len(values)} rows: {values[:5]}, ..., {values[-5:]}")
    assert len(values) == 94
    assert (values[:3], values[-4:]) == ([1.0, 2.0, 3.0], [7.0, 8.0, 9.0, 10.0])
    assert 1e9 < max(values)
PY
