#!/usr/bin/env bash
# datasets: one missing cell, and the whole numbers beside it are other numbers, in float32: two ids become one.
#
# Versions: datasets 5.2.0, numpy 2.4.6, torch 2.13.0, pandas 3.1.1, pyarrow 26.0.1.
# Seen: ids such as 123456789 are int64 with with_format("numpy") and "torch". With a None in the column, all of the rows that are
# read together are float32, which has 24 bits: 123456789 and 123456790 are both 123456792, so that joins and counts of ids
# are wrong. Read one by one, or in a batch without the None, the same rows are right. No warning. It is known that
# floats become float32 (issue 5517); the column is int64 in the features. with_format("numpy", dtype=None) gives float64, which
# has 53 bits.
# Expected: float64, as with_format("pandas") gives, or an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check datasets==5.2.0 numpy==2.4.6 torch==2.13.0 \
    pandas==3.1.1 pyarrow==26.0.1

HF_HUB_OFFLINE=1 HF_HOME="$work" "$work/venv/bin/python" -I -W error::UserWarning - <<'PY'
from datasets import Dataset

IDS = [123456789, 123456790, 987654321]

whole = Dataset.from_dict({"id": IDS})
gap = Dataset.from_dict({"id": [*IDS, None]})
print("features:", gap.features)
assert gap.features["id"].dtype == "int64"

for kind in ("numpy", "torch"):
    without, beside = whole.with_format(kind)[:]["id"], gap.with_format(kind)[:]["id"]
    print(kind, "without None:", without.tolist(), without.dtype, "with None:", beside.tolist(), beside.dtype)
    assert without.tolist() == IDS
    assert "float32" in str(beside.dtype)
    assert beside.tolist()[:3] == [123456792, 123456792, 987654336]
    assert [int(gap.with_format(kind)[row]["id"]) for row in range(3)] == IDS
    assert [int(i) for i in next(gap.with_format(kind).iter(3))["id"]] == IDS

assert gap.with_format("numpy", dtype=None)[:]["id"].tolist()[:3] == IDS
assert gap.with_format("pandas")[:]["id"].tolist()[:3] == IDS
assert gap[:]["id"] == [*IDS, None]
PY
