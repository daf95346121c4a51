#!/usr/bin/env bash
# Pillow reads a compressed big-endian TIFF with its bytes in the wrong order.
#
# Versions: Pillow 13.0.0, tifffile 2026.3.3 (writes the files, and reads them back right), numpy 2.4.6; on a
# little-endian machine.
# Seen: grey pictures of float32, int32 and int16 are right as little-endian files, and as big-endian files
# without compression. Big-endian and packed with deflate, 1, 2, 3 come as 4.6e-41, 9.0e-44, 2.3e-41 (float32),
# 16777216, 33554432, 50331648 (int32) or 256, 512, 768 (int16), without a warning. uint16 is right in all four.
# Expected: the same numbers, however the file is packed, as for uint16.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3

"$work/venv/bin/python" -I - <<'PY'
import io
import sys

import numpy as np
import tifffile
from PIL import Image

assert sys.byteorder == "little", "the finding is about little-endian machines"


def read(dtype, byteorder, compression):
    file = io.BytesIO()
    x = np.array([[1, 2, 3]], dtype)
    tifffile.imwrite(file, x, byteorder=byteorder, compression=compression)
    file.seek(0)
    assert np.array_equal(tifffile.imread(file), x)
    file.seek(0)
    return np.asarray(Image.open(file))


for dtype in ("float32", "int32", "int16", "uint16"):
    x = np.array([[1, 2, 3]], dtype)
    for byteorder, compression in (("<", None), ("<", "zlib"), (">", None), (">", "zlib")):
        got = read(dtype, byteorder, compression)
        print(f"{dtype:8}{byteorder} {compression or 'plain':6}{got.tolist()}")
        if (byteorder, compression) == (">", "zlib") and dtype != "uint16":
            assert np.array_equal(got, x.byteswap())
        else:
            assert np.array_equal(got, x)
PY
