#!/usr/bin/env bash
# pandas reads every zero of a SAS transport file (XPORT) as 5.4e-79.
#
# Versions: pandas 3.1.1, numpy 2.4.6, pyreadstat 1.3.7 (writes the file, and reads it back right).
# Seen: zero stands in the file as eight zero bytes, and pandas makes 16 ** -65 = 5.397605346934028e-79 of them, the
# smallest normal number of the IBM format, without a warning. Ones and halves are right. `x == 0` is nowhere true, and a
# column of 0 and 1 is not a column of 0 and 1. The file is of version 5; version 8 is refused with an error.
# Expected: 0.0.
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

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "zero.xpt")
    pyreadstat.write_xport(pd.DataFrame({"X": [0.0, 1.0, 0.5]}), str(path), file_format_version=5)
    data = path.read_bytes()
    by_pandas = pd.read_sas(path, format="xport")["X"]
    by_pyreadstat = pyreadstat.read_xport(str(path))[0]["X"]

rows = data[data.index(b"HEADER RECORD*******OBS") + 80 :]  # a header line has 80 bytes; then 8 for each number
print("bytes:     ", rows[:24].hex(" ", 8))
print("pandas:    ", by_pandas.tolist())
print("pyreadstat:", by_pyreadstat.tolist())
assert rows[:8] == bytes(8)
assert by_pandas.tolist() == [16.0**-65, 1.0, 0.5]
assert by_pyreadstat.tolist() == [0.0, 1.0, 0.5]
assert not (by_pandas == 0).any()
PY
