"""Writes the files of tests/files/idx, by idx2numpy 1.2.3, numpy 2.4.6: python tests/files/write_idx.py"""

import gzip
from pathlib import Path

import idx2numpy
import numpy as np

FOLDER = Path(__file__).parent / "idx"
rng = np.random.default_rng(0)


def write(name: str, X: np.ndarray) -> None:
    data = idx2numpy.convert_to_string(X)
    (FOLDER / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


pictures, classes = rng.integers(0, 256, (7, 6, 5)).astype(np.uint8), np.arange(7, dtype=np.uint8) % 3
write("train-images-idx3-ubyte.gz", pictures)
write("train-labels-idx1-ubyte.gz", classes)
write("t10k-images.idx3-ubyte", pictures[:4])
write("t10k-labels.idx1-ubyte", classes[:3])  # one too few
write("emnist-letters-test-images-idx3-ubyte", pictures.swapaxes(1, 2))
TYPES = {"uint8": "ubyte", "int8": "byte", "int16": "short", "int32": "int", "float32": "float", "float64": "double"}
for type, name in TYPES.items():
    write(f"numbers-idx2-{name}", (100 * rng.normal(size=(4, 3))).astype(type))
