"""Write the weights that come with the package again, in the file format of today: the tensors stay as they are, to the bit.

python recipes/resave.py 2        # from file format 2
"""

from __future__ import annotations

import sys
from typing import Any

from common import WEIGHTS
from diabolo import load, storage

RENAMED = {  # parts of networks, in format 2
    "Column": "ResidualCNN",
    "Level": "NoiseEstimator",
    "Palette": "ColorClassHead",
    "Shuffle": "PixelShuffleHead",
    "Shuffles": "PixelShuffleHeads",
    "Told": "NoiseConditionalUNet",
}
DROPPED = ("format", "held_out", "n_features", "names")  # entries that format 2 does not have for restorers


def renamed(value: Any) -> Any:
    """The description of a network with today's names."""
    if isinstance(value, list):
        return [renamed(v) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: RENAMED.get(v, v) if k == "layer" else renamed(v) for k, v in value.items()}


if __name__ == "__main__":
    before, now = int(sys.argv[1]), storage.FORMAT
    for path in sorted(WEIGHTS.glob("*.diabolo")):
        storage.FORMAT = before
        head = storage.header(path)
        arrays = storage.tensors(head)
        storage.FORMAT = now
        if head.kind == "FontManifold":  # which has no history, and its own reader
            continue
        meta = {k: v for k, v in head.meta.items() if k not in DROPPED} | {"network": renamed(head.meta["network"])}
        meta["history"] = {"times": {}} | head.meta["history"]  # seconds of each stage, since the histories have them
        storage.write(path, head.kind, meta, arrays)
        load(path).save(path)
        again = storage.tensors(storage.header(path))
        assert all((arrays[name] == again[name]).all() for name in arrays | again)
        print(f"{path.name}: file format {before} -> {now}")
