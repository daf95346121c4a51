"""The memory that each verb takes on a data set, and how it grows with the rows.

A table of numbers and two labels lies in parts, as Parquet and as CSV, once with n rows and once with 4 n. Every row of the
result is a verb of the command line in a process of its own; its peak is that of its resident memory. *bytes/row* is what 3 n
more rows added to it; the table itself has 8 bytes for each row and column. A fit holds the encoded rows, 4 bytes for each row
and feature, until they are more than 2 GB or a quarter of the memory that there is; then they are in a temporary file.

    python benchmarks/sources.py [--rows 250000] [--columns 20] [--only score map]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

import common

PARTS, GROUP = 4, 50_000
VERBS = {
    "fit": "fit DATA --drop u --drop v -k 4 --epochs 1 --quiet -o OUT.diabolo",
    "fit --task outliers": "fit DATA --drop u --drop v --task outliers --quiet -o OUT.diabolo",
    "fit --labels": "fit DATA --labels u,v --epochs 1 --quiet -o OUT.diabolo",
    "encode": "encode codes DATA -o OUT.csv",
    "score": "score codes DATA -o OUT.csv",
    "outliers": "outliers outliers DATA -o OUT",
    "outliers, on the screen": "outliers outliers DATA",
    "tag": "tag tags DATA --keep u -o OUT.parquet",
    "map": "map codes DATA -o OUT.parquet",
    "report": "report codes DATA --color u -o OUT.html",
    "report, outliers": "report outliers DATA -o OUT.html",
    "report, labels": "report tags DATA -o OUT.html",
    "explore": "explore codes DATA --export OUT.html",
}

MADE = {"codes": "fit", "outliers": "fit --task outliers", "tags": "fit --labels"}  # models, and the verbs that make them


def write(folder: Path, rows: int, columns: int) -> None:
    """The same rows as Parquet and as CSV."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(4, columns))
    for kind in ("parquet", "csv"):
        (folder / kind).mkdir(parents=True)
    for part in range(PARTS):
        n = rows * (part + 1) // PARTS - rows * part // PARTS
        z = rng.normal(size=(n, 4))
        x = np.round(z @ mix + rng.normal(size=(n, columns)), 3)
        names = [f"x{j}" for j in range(columns)]
        table = pa.table([*x.T, (z[:, 0] > 0) * 1, (z[:, 1] > 1) * 1], names=[*names, "u", "v"])
        pq.write_table(table, folder / "parquet" / f"part-{part}.parquet", row_group_size=GROUP)
        pa_csv.write_csv(table, folder / "csv" / f"part-{part}.csv")


CHILD = """
import json, sys, time
from diabolo.cli import main
place = sys.argv.pop(1)
main()
peak = int(next(s.split()[1] for s in open("/proc/self/status") if s.startswith("VmHWM")))
json.dump({"peak": peak * 1024, "cpu": time.process_time()}, open(place, "w"))
"""


def run(command: str, data: Path, out: Path, models: Path, threads: int) -> tuple[float, float]:
    """Peak in bytes, and seconds of the processor."""
    words = [word.replace("DATA", str(data)).replace("OUT", str(out)) for word in command.split()]
    words = [str(models / f"{w}.diabolo") if i == 1 and w in MADE else w for i, w in enumerate(words)]
    env = os.environ | {"OMP_NUM_THREADS": str(threads)}
    found = models / "measured.json"
    start = [sys.executable, "-c", CHILD, str(found)]
    subprocess.run([*start, *words], env=env, stdout=subprocess.DEVNULL, check=True)
    used = json.loads(found.read_text())
    return used["peak"], used["cpu"]


def measured(verb: str, command: str, kind: str, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """A row of the result; the model that it needs is made first, of few rows."""
    model = command.split()[1]
    if model in MADE and not (folder / f"{model}.diabolo").exists():
        run(VERBS[MADE[model]], folder / "1" / "parquet" / "part-0.parquet", folder / model, folder, args.threads)
    outs = [folder / f"out-{verb}-{kind}-{times}" for times in (1, 4)]
    found = [
        run(command, folder / str(times) / kind, out, folder, args.threads) for times, out in zip((1, 4), outs, strict=True)
    ]
    (small, _), (large, cpu) = found
    peaks = {"MB, n": small / 1e6, "MB, 4 n": large / 1e6, "bytes/row": (large - small) / (3 * args.rows)}
    return {"verb": verb, "data": kind, **peaks, "CPU s": cpu}


def main() -> None:
    p = common.parser(__doc__ or "")
    p.add_argument("--rows", type=int, default=250_000, help="n")
    p.add_argument("--columns", type=int, default=20)
    p.add_argument("--only", nargs="*", choices=[*VERBS], help="these verbs")
    p.add_argument("--keep", type=Path, help="keep each row of the result here, and do not measure again what is there")
    args = p.parse_args()
    if args.tiny:
        args.rows, args.columns, args.only = 400, 4, ["fit", "encode"]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for times in (1, 4):
            write(folder / str(times), args.rows * times, args.columns)
        for verb, command in VERBS.items():
            for kind in ("parquet", "csv"):
                if args.only and verb not in args.only:
                    continue
                measure = partial(measured, verb, command, kind, folder, args)
                rows.append(common.kept(args.keep, f"{verb}, {kind}, {args.rows} x {args.columns}", measure))
                print(rows[-1], flush=True)
    title = f"n = {args.rows:,} rows of {args.columns} numbers and 2 labels, in {PARTS} parts"
    common.show(title, rows, args.json, **{"bytes/row of the table": 8.0 * (args.columns + 2)})


if __name__ == "__main__":
    main()
