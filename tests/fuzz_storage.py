"""Files that are mutated by what they reach in storage.py: a header, or a FormatError, and nothing else.

pip install atheris
python tests/fuzz_storage.py -runs=200000
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(tempfile.gettempdir()) / "fuzzed.diabolo"


def seed(folder: Path) -> None:
    """A small file from which the mutations start."""
    from diabolo import storage

    storage.write(folder / "a", "x", {"k": [1, {"a": "é"}], "n": None}, {"w": np.ones((2, 3), np.float32), "e": np.zeros(0)})


def read(data: bytes) -> None:
    from diabolo import storage
    from diabolo.errors import FormatError

    HERE.unlink(missing_ok=True)  # to overwrite a file is slow on some disks
    HERE.write_bytes(data)
    with contextlib.suppress(FormatError):
        storage.tensors(storage.header(HERE))


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["diabolo", "json"]):
        from diabolo import storage  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        seed(Path(folder))
        atheris.Setup([sys.argv[0], "-max_len=2000", *sys.argv[1:], folder], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
