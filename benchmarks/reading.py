"""How long it takes to read a file of svmlight's text, beside scikit-learn's `load_svmlight_file`.

Rows of 30 values in 100,000 columns, made up: decimals of all digits, of six digits, counts, and sets of labels of which one
row in a hundred has neither label nor value. The first 100,000 rows are written by scikit-learn, and repeated until there are
enough. Both read by turns, in this process; medians. *CPU* is the time of the processor, which a busy machine changes little.
*lost* are the rows that scikit-learn leaves out. All that both have is equal, to the bit.

    python benchmarks/reading.py [--runs 5] [--rows 100000]
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

import common
from diabolo.formats.readers import read_dataset

RATIO = 1.2  # bar: the time of scikit-learn
COLUMNS, VALUES, ONCE = 100_000, 30, 100_000


def rows(n: int, rng: np.random.Generator) -> Any:
    """X (n, 100,000) of 30 values in each row."""
    width = COLUMNS // VALUES
    columns = rng.integers(0, width, (n, VALUES)) + np.arange(VALUES) * width
    return sp.csr_matrix((rng.random(n * VALUES), columns.ravel(), np.arange(n + 1) * VALUES), shape=(n, COLUMNS))


def files(folder: Path, n: int) -> dict[str, Path]:
    """What is read: its name -> its file."""
    rng, once = np.random.default_rng(0), min(n, ONCE)
    X, y = rows(once, rng), rng.integers(0, 9, once)
    found = {
        name: folder / f"{name.replace(' ', '-')}.svm" for name in ("all digits", "six digits", "counts", "sets of labels")
    }
    all_digits, six, counts, sets = found.values()
    dump_svmlight_file(X, y, all_digits.as_posix())
    X.data = (X.data + 1e-6).round(6)  # without zeros, which diabolo does not store
    dump_svmlight_file(X, y, six.as_posix())
    full = sp.diags_array((np.arange(once) % 100 > 0).astype(float))
    Y = sp.random_array((once, 1000), density=0.003, random_state=0, format="csr")
    dump_svmlight_file(sp.csr_matrix(full @ X), sp.csr_matrix(full @ Y), sets.as_posix(), multilabel=True)
    X.data = np.ceil(X.data * 20)
    dump_svmlight_file(X, y, counts.as_posix())
    for path in found.values():
        path.write_bytes(path.read_bytes() * (n // once))
    return found


def measured(name: str, path: Path, runs: int) -> dict[str, Any]:
    """Both readers, by turns."""
    several = name == "sets of labels"
    works: dict[str, Callable[[], Any]] = {
        "scikit-learn": lambda: load_svmlight_file(path.as_posix(), multilabel=several),
        "diabolo": lambda: read_dataset(path),
    }
    took: dict[str, list[tuple[float, float]]] = {reader: [] for reader in works}
    for _ in range(runs):
        found = {}
        for reader, work in works.items():
            before = time.process_time()
            found[reader], clock = common.timed(work)
            took[reader].append((clock, time.process_time() - before))
    (theirs, _), ours = found["scikit-learn"], found["diabolo"].X
    assert np.array_equal(theirs.data, ours.data)
    assert np.array_equal(theirs.indices, ours.indices)
    (clock, cpu), (our_clock, our_cpu) = (np.median(took[reader], 0) for reader in works)
    return {
        "what": name,
        "MB": path.stat().st_size / 1e6,
        "lost": ours.shape[0] - theirs.shape[0],
        "scikit-learn": float(clock),
        "CPU of it": float(cpu),
        "diabolo": float(our_clock),
        "CPU": float(our_cpu),
        "ratio": float(our_cpu / cpu),
    }


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--rows", type=int, default=ONCE)
    args = p.parse_args()
    n, runs = (200, 1) if args.tiny else (args.rows, args.runs)
    with tempfile.TemporaryDirectory() as folder:
        found = [measured(name, path, runs) for name, path in files(Path(folder), n).items()]
    worst = max(row["ratio"] for row in found)
    told = {"largest ratio of CPU": worst, f"bar: <= {RATIO}": "holds" if worst <= RATIO else "MISSED"}
    common.show(f"reading {n:,} rows of svmlight's text: seconds", found, args.json, **told)


if __name__ == "__main__":
    main()
