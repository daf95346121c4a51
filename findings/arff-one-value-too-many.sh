#!/usr/bin/env bash
# WEKA and SciPy drop a value that an ARFF row has too much, and WEKA takes an empty cell for none at all.
#
# Versions: WEKA 3.9.7 (the weka.jar of python-weka-wrapper3 0.3.3; needs Java), SciPy 1.17.1, NumPy 2.4.6, liac-arff 2.5.0.
# Seen: of a file with two attributes, the row 1,2,3 is read as 1,2. For WEKA a comma is a blank, so ",6,7" is 6,7, and in
# "4,,5" nothing is missing. A file whose rows were written with one column more than its header declares, or with empty
# cells for missing values, is read without a word, in WEKA with values in the columns of others.
# Expected: an error with the number of the line, as liac-arff gives, and as WEKA itself gives for two values too many.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check liac-arff==2.5.0 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" -I -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" python-weka-wrapper3==0.3.3
tar -xzf "$work"/python_weka_wrapper3-0.3.3.tar.gz -C "$work"

header='@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n'
printf "${header}1,2,3\n4,5\n" > "$work/more.arff"
printf "${header},6,7\n4,,5\n" > "$work/empty.arff"
weka() { java -cp "$work/python_weka_wrapper3-0.3.3/python/weka/lib/weka.jar" weka.core.converters.ArffLoader "$1" | sed '1,/@data/d; /^$/d'; }
more=$(weka "$work/more.arff")
empty=$(weka "$work/empty.arff")
echo "WEKA: " $more "and of empty cells:" $empty
test "$(echo $more)" = "1,2 4,5"
test "$(echo $empty)" = "6,7 4,5"

"$work/venv/bin/python" -I - "$work/more.arff" <<'PY'
import sys

import arff
from scipy.io.arff import loadarff

scipy = loadarff(sys.argv[1])[0].tolist()
print("SciPy:", scipy)
assert scipy == [(1.0, 2.0), (4.0, 5.0)]
try:
    arff.load(open(sys.argv[1]))
except arff.BadDataFormat as error:
    print("liac-arff:", error)
else:
    raise SystemExit("liac-arff reads it now")
PY
