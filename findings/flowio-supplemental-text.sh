#!/usr/bin/env bash
# FlowIO leaves out the supplemental TEXT segment of FCS files, and with it gains, markers and the time step.
#
# Versions: flowio 1.4.0, numpy 2.4.6.
# Seen: FCS 3.0 and 3.1 let a file keep optional keywords in a second TEXT segment, at $BEGINSTEXT to $ENDSTEXT. FlowIO
# reads the first alone: with $P1G 2.0 in the second, as_array() gives 4.0 where it gives 2.0 with the same keyword in the
# first; the marker $P1S and $TIMESTEP are gone, too. Required keywords stand in the first, so nothing fails.
# Expected: the same values, wherever the keywords stand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 flowio==1.4.0

"$work/venv/bin/python" -I - <<'PY'
import io
import struct

import flowio

MORE = "/$P1G/2.0/$P1S/CD4/$TIMESTEP/0.5/"


def fcs(first_text, second_text):
    """One event, 4.0 and 10.0 in the channels FL1 and Time; keywords of the standard, and these."""
    text, places = {"$BYTEORD": "1,2,3,4", "$DATATYPE": "F", "$MODE": "L", "$NEXTDATA": "0", "$PAR": "2", "$TOT": "1"}, [0] * 4
    text |= {"$BEGINANALYSIS": "0", "$ENDANALYSIS": "0"}
    for n, name in ((1, "FL1"), (2, "Time")):
        text |= {f"$P{n}B": "32", f"$P{n}E": "0,0", f"$P{n}N": name, f"$P{n}R": "1024"}
    for _ in range(2):
        keys = text | dict(zip(["$BEGINSTEXT", "$ENDSTEXT", "$BEGINDATA", "$ENDDATA"], (f"{n:06}" for n in places)))
        first = "".join(f"/{key}/{value}" for key, value in keys.items()) + (first_text or "/")
        begin = 58 + len(first)
        end = begin + len(second_text)
        places = [begin, end - 1, end, end + 7] if second_text else [0, 0, end, end + 7]
    head = "FCS3.1    " + "".join(f"{n:8}" for n in (58, begin - 1, end, end + 7, 0, 0))
    return io.BytesIO((head + first + second_text).encode() + struct.pack("<2f", 4.0, 10.0))


for where, file in (("first", fcs(MORE, "")), ("second", fcs("", MORE))):
    data = flowio.FlowData(file)
    print(f"in the {where} TEXT:", data.as_array().tolist(), data.pns_labels, data.text.get("timestep"))
    right = where == "first"
    assert data.as_array().tolist() == ([[2.0, 5.0]] if right else [[4.0, 10.0]])
    assert data.pns_labels == (["CD4", ""] if right else ["", ""])
PY
