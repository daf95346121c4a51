#!/usr/bin/env bash
# liac-arff loses texts: "?" and "" are written as missing values, and a text that a sparse row leaves out is read as "0".
#
# Versions: liac-arff 2.5.0.
# Seen: dumps writes the text "?" without quotes, which is the sign of a missing value, and "" as ? on purpose; loads gives
# None for both, though it reads '?' and '' in quotes right. A text with a brace is written without quotes, too, and loads
# refuses it. Of a sparse row, loads fills every gap with 0, also that of an attribute of texts: "0", a text that stands
# nowhere in the file. (WEKA fills in the first text of the file.)
# Expected: loads(dumps(x)) is x, and None for a text that is not there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check liac-arff==2.5.0

"$work/venv/bin/python" -I - <<'PY'
import arff


def again(*texts):
    rows = [[1.5, text] for text in texts]
    written = arff.dumps({"relation": "r", "attributes": [("x", "REAL"), ("t", "STRING")], "data": rows})
    return [row[1] for row in arff.loads(written)["data"]]


print("written and read:", ["yes", "?", ""], "->", again("yes", "?", ""))
assert again("yes", "?", "") == ["yes", None, None]
try:
    again("{x}")
except arff.BadLayout as error:
    print("a brace:", error)
else:
    raise SystemExit("braces come back now")

HEADER = "@relation r\n@attribute x real\n@attribute t string\n@data\n"
assert arff.loads(HEADER + "1,'?'\n2,''\n")["data"] == [[1.0, "?"], [2.0, ""]]
sparse = arff.loads(HEADER + "{0 1.5, 1 yes}\n{0 2.5}\n")["data"]
print("sparse rows:", sparse)
assert sparse == [[1.5, "yes"], [2.5, "0"]]
PY
