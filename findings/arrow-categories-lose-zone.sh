#!/usr/bin/env bash
# Arrow: categories of pandas that are dates with a time zone come back without it, in UTC.
#
# Versions: pyarrow 26.0.1, pandas 3.1.1, numpy 2.4.6.
# Seen: from_pandas makes dictionary<values=timestamp[us, tz=Europe/Rome]>. to_pandas of the same table gives categories that are
# dates without a zone, an hour earlier: midnight of January 1st in Rome is 23:00 of December 31st. A plain column keeps its zone.
# Expected: the categories that were given.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6 tzdata

"$work/venv/bin/python" - <<'PY'
import pandas as pd
import pyarrow as pa

day = pd.Timestamp("2024-01-01", tz="Europe/Rome")
table = pa.Table.from_pandas(pd.DataFrame({"plain": [day], "category": pd.Categorical([day])}))
back = table.to_pandas()
print(table.schema.field("category").type, "->", back["category"].cat.categories.dtype, back["category"][0])
assert table.schema.field("category").type.value_type.tz == "Europe/Rome"
assert back["plain"][0] == day
assert back["category"][0] == pd.Timestamp("2023-12-31 23:00")
assert back["category"].cat.categories.tz is None
PY
