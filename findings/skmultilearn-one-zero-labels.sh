#!/usr/bin/env bash
# scikit-multilearn turns labels around that an ARFF file declares as {1, 0}.
#
# Versions: scikit-multilearn 0.2.0, liac-arff 2.5.0, SciPy 1.17.1, NumPy 2.4.6.
# Seen: load_from_arff gives the place of a value among the declared ones, in its default encode_nominal=True. Of {0, 1} that
# is the value itself; of {1, 0} every 1 becomes 0, and every 0 becomes 1, in dense and in sparse rows. With
# encode_nominal=False dense rows are right, and sparse ones end in an error. Files have such labels when their values are
# declared in the order in which they first came.
# Expected: 1 where the file says 1, as Mulan reads it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check scikit-multilearn==0.2.0 liac-arff==2.5.0 \
    numpy==2.4.6 requests==2.34.2 scikit-learn==1.9.1 scipy==1.17.1

"$work/venv/bin/python" -I - <<'PY'
import tempfile
from pathlib import Path

from skmultilearn.dataset import load_from_arff

HEADER = "@relation r\n@attribute x numeric\n@attribute one {0,1}\n@attribute other {1,0}\n@data\n"


def labels(rows, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.arff")
        path.write_text(HEADER + rows)
        return load_from_arff(str(path), label_count=2, label_location="end", **options)[1].toarray().tolist()


dense = labels("0.5,0,0\n1.5,1,1\n")
sparse = labels("{0 0.5,2 0}\n{0 1.5,1 1}\n", load_sparse=True)
print("the file:   ", [[0, 0], [1, 1]])
print("dense rows: ", dense)
print("sparse rows:", sparse)
assert dense == sparse == [[0, 1], [1, 0]]
assert labels("0.5,0,0\n1.5,1,1\n", encode_nominal=False) == [[0, 0], [1, 1]]
PY
