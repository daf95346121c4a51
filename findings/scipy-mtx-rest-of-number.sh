#!/usr/bin/env bash
# SciPy reads the numbers of a Matrix Market file as far as it understands them, and drops the rest of the line.
#
# Versions: scipy 1.17.1, numpy 2.4.6. SciPy 1.10.1 refuses the first three files.
# Seen: where the header says integer, 3.5 is read as 3 and 1e3 as 1; 3.25D+1, as Fortran writes double precision, as
# 3.25, and not 32.5; and of a pattern with values only the places are read. There is no error and no warning.
# Expected: the number that stands there, or an error that names the line, as for other text in its place.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1

"$work/venv/bin/python" -I - <<'PY'
import io

from scipy.io import mmread


def read(kind, line):
    value = mmread(io.BytesIO(f"%%MatrixMarket matrix coordinate {kind} general\n1 1 1\n1 1 {line}\n".encode())).toarray()
    print(f"{kind:<8} {line:<8} -> {value[0, 0]}")
    return value[0, 0]


assert read("integer", "3.5") == 3
assert read("integer", "1e3") == 1
assert read("real", "3.25D+1") == 3.25
assert read("pattern", "7") == 1
assert read("real", "2 and 3") == 2
try:
    read("real", "three")
except ValueError as error:
    print(error)
else:
    raise SystemExit("it reads texts now")
PY
