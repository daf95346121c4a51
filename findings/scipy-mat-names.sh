#!/usr/bin/env bash
# scipy.io.savemat and loadmat: names come back with blanks at their ends, an empty one as a blank, and all of them empty as none.
#
# Versions: scipy 1.17.1, numpy 2.4.6.
# Seen: a list or an array of texts is written as a matrix of characters, its rows filled up with blanks to one length, and read
# with them: ["a", "bb"] comes back as ["a ", "bb"], so that looking up a column by its name fails. An array of objects, of the
# same texts, is written as cells, and comes back right, each text in an array of its own. `strip` would not do: a blank that
# was there cannot be told from one that was not.
# Expected: the texts that were given, or cells for texts of several lengths.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1

"$work/venv/bin/python" -I -W error - <<'PY'
import io

import numpy as np
import scipy.io


def back(value):
    file = io.BytesIO()
    scipy.io.savemat(file, {"names": value})
    return scipy.io.loadmat(file)["names"]


print(back(["a", "bb"]).tolist(), back(np.array(["", "b"])).tolist(), back(np.array(["", ""])).tolist())
assert back(["a", "bb"]).tolist() == ["a ", "bb"]
assert back(["a ", "bb"]).tolist() == ["a ", "bb"]
assert back(np.array(["", "b"])).tolist() == [" ", "b"]
assert back(np.array(["", ""])).tolist() == []
cells = back(np.array(["a", "bb"], dtype=object))
print([cell.tolist() for cell in cells[0]])
assert [cell.tolist() for cell in cells[0]] == [["a"], ["bb"]]
PY
