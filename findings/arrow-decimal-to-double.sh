#!/usr/bin/env bash
# Arrow casts a decimal to a double that is not the nearest one.
#
# Versions: pyarrow 26.0.1, numpy 2.4.6.
# Seen: of 20000 random decimals with two digits, 13 % come out of cast("float64") as the double next to the nearest: 1.15
# is 1.1500000000000001. All of them are v * 0.01, the whole number times the rounded power of ten, so the result
# is rounded twice. The same decimals cast to text and from there to double are all right.
# Expected: the nearest double, as float(Decimal("1.15")) gives, and one answer whichever way is taken. A value
# that was 1.15 in one file and decimal 1.15 in another is not equal to itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pyarrow==26.0.1

"$work/venv/bin/python" -I - <<'PY'
from decimal import Decimal

import numpy as np
import pyarrow as pa

v = np.random.default_rng(0).integers(-(10**6), 10**6, 20000)
cells = [Decimal(int(i)).scaleb(-2) for i in v]
column = pa.array(cells, pa.decimal128(12, 2))
nearest = np.array([float(cell) for cell in cells])
direct = column.cast("float64").to_numpy()
through_text = column.cast("string").cast("float64").to_numpy()

print("nearest, cast directly:   ", (direct == nearest).mean())
print("nearest, through text:    ", (through_text == nearest).mean())
print("equal to v * 0.01:        ", (direct == v * 0.01).mean())
print("1.15 as a decimal, cast:  ", pa.scalar(Decimal("1.15")).cast("float64").as_py())
assert (direct == nearest).mean() == 0.86515
assert (direct == v * 0.01).all()
assert (through_text == nearest).all()
assert pa.scalar(Decimal("1.15")).cast("float64").as_py() == 1.1500000000000001
PY
