#!/usr/bin/env bash
# pyreadstat turns 30 hours of SPSS into 6 o'clock, and one second less than nothing into 23:59:59.
#
# Versions: pyreadstat 1.3.7, pandas 3.1.1, numpy 2.4.6.
# Seen: a variable of the format TIME counts seconds, and SPSS shows 30:00:00 for 108000: working hours, times of a race.
# pyreadstat keeps what is left of the last day, as a time of day. 24 hours become 0:00. No warning; the days are gone.
# The number is right with disable_datetime_conversion=True.
# Expected: a timedelta, a number, or an error, where a value is no time of day.
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

seconds = [3600.0, 86_400.0, 108_000.0, -1.0]
with tempfile.TemporaryDirectory() as folder:
    path = str(Path(folder, "hours.sav"))
    pyreadstat.write_sav(pd.DataFrame({"t": seconds}), path, variable_format={"t": "TIME8"})
    read = pyreadstat.read_sav(path, output_format="dict")[0]["t"]
    plain = pyreadstat.read_sav(path, output_format="dict", disable_datetime_conversion=True)[0]["t"]

print("seconds:", plain)
print("read as:", [str(value) for value in read])
assert plain == seconds
assert read == [datetime.time(1), datetime.time(0), datetime.time(6), datetime.time(23, 59, 59)]
PY
