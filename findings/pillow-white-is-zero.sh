#!/usr/bin/env bash
# Pillow inverts a TIFF in which white is zero when it has 8 bits, and does not when it has 16, or floats.
#
# Versions: Pillow 13.0.0, tifffile 2026.3.3 (writes the files), numpy 2.4.6.
# Seen: the TIFF tag "photometric interpretation 0" says that 0 is white. For uint8 Pillow turns the numbers round
# (0 is read as 255, white), so that they are like those of any other picture. For uint16 and float32 it gives them
# as they are (0 is read as 0, black in modes I;16 and F), and only the raw tag 262 tells. A scan saved
# with 16 bits is the negative of the same scan saved with 8.
# Expected: one rule for all depths: all turned round, or none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3

"$work/venv/bin/python" -I - <<'PY'
import io

import numpy as np
import tifffile
from PIL import Image

WHITE_IS_ZERO = 0


def read(x):
    file = io.BytesIO()
    tifffile.imwrite(file, x, photometric="miniswhite")
    file.seek(0)
    image = Image.open(file)
    assert image.tag_v2[262] == WHITE_IS_ZERO
    return image.mode, np.asarray(image).ravel().tolist()


eight = read(np.array([[0, 1, 255]], "uint8"))
sixteen = read(np.array([[0, 1, 65535]], "uint16"))
floats = read(np.array([[0, 0.5, 1]], "float32"))
print("uint8   0, 1, 255:  ", eight)
print("uint16  0, 1, 65535:", sixteen)
print("float32 0, 0.5, 1:  ", floats)
assert eight == ("L", [255, 254, 0])
assert sixteen == ("I;16", [0, 1, 65535])
assert floats == ("F", [0.0, 0.5, 1.0])
PY
