"""Write the weights that come with the package again, in the file format of today: the tensors stay as they are, to the bit.

python recipes/resave.py 1        # from file format 1
"""

from __future__ import annotations

import sys

from common import WEIGHTS
from diabolo import load, storage

if __name__ == "__main__":
    before, now = int(sys.argv[1]), storage.FORMAT
    for path in sorted(WEIGHTS.glob("*.diabolo")):
        storage.FORMAT = before
        model = load(path)
        arrays = storage.tensors(storage.header(path))
        storage.FORMAT = now
        model.save(path)
        again = storage.tensors(storage.header(path))
        assert all((arrays[name] == again[name]).all() for name in arrays | again)
        print(f"{path.name}: file format {before} -> {now}")
