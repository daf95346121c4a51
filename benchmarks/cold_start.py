"""How long a command takes from nothing.

Each row is a new process, by turns with the others; medians. *CPU* is the time of the processor, which a busy machine changes
little. *encode* reads a CSV of 1,000 rows of a table and writes their codes, *tag* their labels, by a model that is a file;
*load()* is the same in Python, with the engine of training.

    python benchmarks/cold_start.py [--runs 7]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import common
from diabolo import Autoencoder, MultiLabelClassifier

BARS = {"diabolo --help": 0.4, "diabolo info": 0.4, "diabolo encode": 0.7, "diabolo tag": 0.7}  # seconds
TORCH = "import sys, diabolo, numpy; numpy.save(sys.argv[3], diabolo.load(sys.argv[1]).transform(sys.argv[2]))"
NUMPY = TORCH.replace("load(sys.argv[1])", "load(sys.argv[1], engine='numpy')")


def table(n: int, seed: int = 0) -> pd.DataFrame:
    """50 columns: numbers, counts, yes or no, categories, texts, dates, gaps."""
    r = np.random.default_rng(seed)
    found: dict[str, Any] = {f"number{j}": r.normal(size=n) * 10 ** (j % 4) for j in range(29)}
    found |= {f"gaps{j}": np.where(r.random(n) < 0.1, np.nan, r.normal(size=n)) for j in range(2)}
    found |= {f"count{j}": r.poisson(20, n) for j in range(6)}
    found |= {f"flag{j}": r.random(n) < 0.3 for j in range(3)}
    found |= {f"class{j}": pd.Categorical(r.choice(list("abcdefg")[: 3 + j], n)) for j in range(5)}
    found |= {f"city{j}": r.choice(["Oslo", "Rome", "Bern", "Paris", "Lima"][: 3 + j], n).astype(object) for j in range(3)}
    found |= {f"day{j}": pd.Timestamp("2020-01-01") + pd.to_timedelta(r.integers(0, 900, n), "D") for j in range(2)}
    return pd.DataFrame(found)


def spent(*command: str) -> tuple[float, float]:
    """Seconds of a process: on the clock, and of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, env=os.environ)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cold(folder: Path, rows: int, runs: int) -> list[dict[str, Any]]:
    """Each command, `runs` times, by turns."""
    model, data, out = (str(folder / name) for name in ("a.diabolo", "new.csv", "codes.csv"))
    table(rows, 1).to_csv(data, index=False)
    commands = {
        "import numpy, pyarrow": ("-c", "import numpy, pyarrow"),
        "import torch": ("-c", "import torch"),
        "diabolo --help": ("-m", "diabolo", "--help"),
        "diabolo info": ("-m", "diabolo", "info", model),
        "diabolo encode": ("-m", "diabolo", "encode", model, data, "-o", out),
        "diabolo tag": ("-m", "diabolo", "tag", str(folder / "tags.diabolo"), data, "-o", f"{out}.tags.csv"),
        "load(engine='numpy').transform": ("-c", NUMPY, model, data, f"{out}.npy"),
        "load().transform": ("-c", TORCH, model, data, f"{out}.torch.npy"),
    }
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            took[name].append(spent(*command))
    apart = np.abs(np.load(f"{out}.npy") - np.load(f"{out}.torch.npy")).max()
    assert apart < 1e-6, f"the engines differ by {apart}"
    medians = {name: np.median(times[1:], 0) for name, times in took.items()}  # the first finds nothing in the disk's cache
    return [{"what": name, "seconds": float(clock), "CPU": float(cpu)} for name, (clock, cpu) in medians.items()]


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--runs", type=int, default=7)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    runs, rows = (1, 50) if args.tiny else (args.runs, 1000)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.diabolo"
        epochs = 1 if args.tiny else "auto"
        X = table(300 if args.tiny else 5000)
        Autoencoder(8, epochs=epochs, random_state=0, verbose=False).fit(X).save(path)
        Y = pd.DataFrame({"many": X["count0"] > 20, "Rome": X["city0"] == "Rome"}).astype(int)
        MultiLabelClassifier(epochs=epochs, random_state=0, verbose=False).fit(X, Y).save(path.with_name("tags.diabolo"))
        found = cold(Path(name), rows, runs)
    told: dict[str, Any] = {
        f"bar: {row['what']} <= {BARS[row['what']]} s": "holds" if row["seconds"] <= BARS[row["what"]] else "MISSED"
        for row in found
        if row["what"] in BARS
    }
    common.show("from nothing", found, args.json, **told)


if __name__ == "__main__":
    main()
