#!/usr/bin/env bash
# pyreadstat reads SAS's format DTDATE, which shows the day of a datetime, as if the seconds were days.
#
# Versions: pyreadstat 1.3.7, pandas 3.1.1, numpy 2.4.6.
# Seen: SAS counts datetimes in seconds since 1960, and DTDATE9. shows 02JAN1960 for 86400. pyreadstat counts 86400 days
# and gives the year 2196, without a warning. A datetime of today is more days than a date can hold: the whole file ends
# in an OverflowError. DATETIME, of the same numbers, is right.
# Expected: 2 January 1960.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyreadstat==1.3.7

"$work/venv/bin/python" -I - <<'PY'
import datetime
import tempfile
from pathlib import Path

import pandas as pd
import pyreadstat


def read(form, seconds):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "day.xpt"))
        pyreadstat.write_xport(pd.DataFrame({"X": [seconds]}), path, variable_format={"X": form})
        return pyreadstat.read_xport(path, output_format="dict")[0]["X"][0]


print("DATETIME20:", read("DATETIME20", 86_400.0))
print("DTDATE9:   ", read("DTDATE9", 86_400.0))
assert read("DATETIME20", 86_400.0) == datetime.datetime(1960, 1, 2)
assert read("DTDATE9", 86_400.0) == datetime.date(2196, 7, 21)
try:
    print(read("DTDATE9", 1_893_499_200.0))
except OverflowError as error:
    print("DTDATE9 of 2020:", repr(error))
else:
    raise AssertionError("it is read now")
PY
