"""Data larger than memory: a table on disk encoded by the local engine beside polars, and a fit within a limit of memory.

Every row is a process of its own, without children; its peak is that of its resident memory (VmHWM). *local* is
`diabolo.bulk.run` into a folder; *polars* is `scan_parquet(...).map_batches(...).sink_parquet(...)` with the same encoder in
torch, float32. Their runs alternate, and the medians count; *CPU* is the time of the processor, which a busy machine changes
little. *fit* is an epoch on a table whose rows do not fit into the limit: that of a control group of its own, which counts the
cache of files, too, where one can be made, else RLIMIT_DATA, which counts what is the process's own. *in memory* is the same
table and the same steps without a limit, its rows held as a tensor. *pictures* are JPEGs of two sizes, in a folder and in a
zip; *decoded* is Pillow alone, which makes an array of each, in one thread and in as many as the others have; *encoded* is
`transform` with the convolutional network for 48 x 64 pixels, and *dense* with one hidden layer of 128 units in its place.

NumPy's matrix products depend on the kernels that OpenBLAS takes, which are printed: a machine may have OPENBLAS_CORETYPE set.

    python benchmarks/scaling.py [--rows 800000] [--fit-rows 4000000] [--pictures 10000] [--limit 1.5] [--runs 3]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import threadpoolctl
import torch
from PIL import Image

import common
import diabolo
from diabolo import Autoencoder
from diabolo.formats import base
from diabolo.formats.blocks import parts_of
from diabolo.formats.images import Images

COLUMNS, GROUP, PARTS, HIDDEN, CODES = 256, 10_000, 8, (128, 64), 16
BARS = "local at least as fast as polars, at most 0.6 GB; fit within the limit at least 0.90 of the rows/s in memory"
PICTURES = "pictures encoded at least 0.9 times as fast as decoded alone"
SIZES = {(240, 320): 1, (480, 640): 4}  # of pictures, and what part of them


def write(folder: Path, rows: int, group: int = GROUP) -> None:
    """float32 columns of rank 16 with noise, in parts, zstd."""
    rng = np.random.default_rng(0)
    names, mix = [f"x{j}" for j in range(COLUMNS)], rng.normal(size=(CODES, COLUMNS)).astype(np.float32)
    folder.mkdir()
    schema = pa.schema([(name, pa.float32()) for name in names])
    for part in range(PARTS):
        left = rows * (part + 1) // PARTS - rows * part // PARTS
        with pq.ParquetWriter(folder / f"part-{part}.parquet", schema, compression="zstd", use_dictionary=False) as writer:
            for start in range(0, left, group):
                shape = min(group, left - start)
                z, noise = (rng.standard_normal((shape, d), dtype=np.float32) for d in (CODES, COLUMNS))
                writer.write_table(pa.table([*(z @ mix + noise).T], schema=schema))


LOCAL = """
import json, sys, time
from diabolo import bulk
start, cpu = time.perf_counter(), time.process_time()
rows = bulk.run(*sys.argv[1:4], precision=sys.argv[4], verbose=False).now
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
peak = int(next(s.split()[1] for s in open("/proc/self/status") if s.startswith("VmHWM")))
print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "peak": peak / 1e6}))
"""  # without what this script imports


def of_polars(model: str, data: str, out: str, threads: str) -> int:
    torch.set_num_threads(int(threads))
    ae = diabolo.load(model)
    net, units = ae.network_.encoder.float(), np.array([f.unit for f in ae.format_.fields], dtype=np.float32)
    names = [f"z{j + 1}" for j in range(CODES)]

    def encode(df: pl.DataFrame) -> pl.DataFrame:
        with torch.no_grad():
            x = torch.from_numpy((df.to_numpy() - units[:, 0]) / units[:, 1])
            return pl.DataFrame(net(x).numpy(), schema=names)

    lazy = pl.scan_parquet(f"{data}/*.parquet")
    lazy.map_batches(encode, streamable=True, schema=dict.fromkeys(names, pl.Float32)).sink_parquet(out)
    return pq.read_metadata(out).num_rows


def group() -> Path:
    """The control group of the fit."""
    root = Path("/sys/fs/cgroup")
    return (root / "memory" if (root / "memory").is_dir() else root) / "diabolo-scaling"


def limited(size: int) -> str:
    """Limit the memory of this process; by what."""
    try:
        group().mkdir(exist_ok=True)
        for name in ("memory.limit_in_bytes", "memory.max"):
            if (group() / name).exists():
                (group() / name).write_text(str(size))
                (group() / "cgroup.procs").write_text(str(os.getpid()))
                return str(group() / name)
    except OSError:
        pass
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    return "RLIMIT_DATA"


def learned(data: str, model: str, limit: str, size: str) -> int:
    """Rows that were learned from, in an epoch; `limit` in bytes, or 0: in memory."""
    if int(limit):
        print("limit:", limited(int(limit)), file=sys.stderr)
    else:
        base.MAX_BYTES_IN_MEMORY = 1 << 40
        base.SHARE_OF_MEMORY = 1.0
    ae = Autoencoder(CODES, hidden=HIDDEN, epochs=1, patience=1000, batch_size=int(size), random_state=0, verbose=False)
    ae.fit(data)
    ae.save(model)
    n = parts_of(data).rows
    steps = round(ae.history_.epoch[-1] * (n - min(10_000, n // 10)) / int(size))
    print(json.dumps(ae.history_.times), file=sys.stderr)
    spent["seconds"] = ae.history_.times["training"]
    return steps * int(size)


def photographs(folder: Path, n: int, height: int, width: int) -> None:
    """Made-up JPEGs, soft shapes with grain; the same in a zip beside them."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    grain = rng.integers(-9, 10, (2 * height, 2 * width, 1), np.int16)
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as packed:
        for i in range(n):
            soft = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
            top, left = rng.integers(height), rng.integers(width)
            x = np.asarray(soft) + grain[top : top + height, left : left + width]
            path = folder / f"{i // 1000}" / f"{i:05d}.jpg"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(x.clip(0, 255).astype(np.uint8)).save(path, quality=85)
            packed.write(path, path.relative_to(folder))


def decoded(folder: str, threads: str) -> int:
    def pixels(path: Path) -> int:
        with Image.open(path) as image:
            return np.asarray(image).size

    paths = sorted(Path(folder).rglob("*.jpg"))
    if threads == "1":
        return sum(pixels(path) > 0 for path in paths)
    with ThreadPoolExecutor(int(threads)) as pool:
        return sum(n > 0 for n in pool.map(pixels, paths))


def seen(model: str, data: str) -> int:
    ae = diabolo.load(model)
    begin = time.perf_counter()
    n = len(ae.transform(data))
    spent["seconds"] = time.perf_counter() - begin
    return n


def pictures(folder: Path, n: int, repeats: int, threads: int) -> list[dict[str, Any]]:
    """Rows of the table: for each size decoded and encoded, in turn."""
    runs: dict[str, list[dict[str, float]]] = {}
    for (height, width), part in SIZES.items():
        here = folder / f"{height}x{width}"
        here.mkdir()
        photographs(here / "jpg", max(n // part, 2 * CODES), height, width)
        tasks = pictures_of(here, threads)
        for _ in range(repeats):
            for name, task in tasks.items():
                runs.setdefault(f"{height} x {width}, {name}", []).append(task())
    return [row(name, found) for name, found in runs.items()]


def pictures_of(here: Path, threads: int) -> dict[str, Callable[[], dict[str, float]]]:
    """What is measured of the pictures in a folder; the networks see 48 x 64 pixels."""
    some, format = [str(path) for path in sorted((here / "jpg").rglob("*.jpg"))[:300]], Images((48, 64))
    Autoencoder(CODES, epochs=1, format=format, random_state=0, verbose=False).fit(some).save(here / "p.diabolo")
    dense = Autoencoder(CODES, hidden=(128,), epochs=1, format=format, random_state=0, verbose=False).fit(some)
    dense.save(here / "dense.diabolo")
    return {
        "decoded": lambda: run("decoded", threads, here / "jpg", 1),
        f"decoded, threads: {threads}": lambda: run("decoded", threads, here / "jpg", threads),
        "encoded": lambda: run("seen", threads, here / "p.diabolo", here / "jpg"),
        "encoded, dense": lambda: run("seen", threads, here / "dense.diabolo", here / "jpg"),
        "encoded, zip": lambda: run("seen", threads, here / "p.diabolo", here / "jpg.zip"),
    }


CHILDREN = {"polars": of_polars, "fit": learned, "decoded": decoded, "seen": seen}
spent: dict[str, float] = {}


def child(name: str, *arguments: str) -> None:
    """Print what a child of this script measured."""
    start, cpu = time.perf_counter(), time.process_time()
    rows = CHILDREN[name](*arguments)
    seconds = spent.get("seconds", time.perf_counter() - start)
    peak = int(next(s.split()[1] for s in Path("/proc/self/status").read_text().splitlines() if s.startswith("VmHWM")))
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": time.process_time() - cpu, "peak": peak / 1e6}))


def run(name: str, threads: int, *arguments: object) -> dict[str, float]:
    start = ["-c", LOCAL] if name == "local" else [__file__, "--child", name]
    command = [sys.executable, *start, *map(str, arguments)]
    env = os.environ | {"OMP_NUM_THREADS": str(threads), "POLARS_MAX_THREADS": str(threads)}
    if name == "fit":  # Arrow's own allocator reserves a gigabyte at once, which counts as used
        env["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    if name == "fit" and group().exists():
        group().rmdir()
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(name: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    seconds, cpu = (float(np.median([r[key] for r in runs])) for key in ("seconds", "cpu"))
    rows = runs[0]["rows"]
    return {
        "what": name,
        "rows": int(rows),
        "seconds": seconds,
        "rows/s": rows / seconds,
        "CPU s": cpu,
        "peak GB": runs[0]["peak"],
    }


def kernels() -> str:
    """Whose matrix products NumPy has here."""
    found = [library for library in threadpoolctl.threadpool_info() if "numpy" in library["filepath"]]
    return ", ".join(f"{library['internal_api']} {library['version']} {library.get('architecture', '')}" for library in found)


def main() -> None:
    p = common.parser(__doc__ or "")
    p.add_argument("--rows", type=int, default=800_000, help="of the table that is encoded")
    p.add_argument("--fit-rows", type=int, default=4_000_000, help="of the table that is learned from; 0: none")
    p.add_argument("--pictures", type=int, default=10_000, help="that are encoded; 0: none")
    p.add_argument("--limit", type=float, default=1.5, help="GB of memory in the fit")
    p.add_argument("--batch-size", type=int, default=1024)
    p.add_argument("--runs", type=int, default=3)
    args = p.parse_args()
    if args.tiny:
        args.rows, args.fit_rows, args.runs, args.limit, args.pictures = 4000, 4000, 1, 2.0, 40
    t = args.threads
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "x", args.rows, min(GROUP, args.rows // PARTS))
        model = folder / "m.diabolo"
        some = pq.read_table(folder / "x" / "part-0.parquet").slice(0, 10_000)
        Autoencoder(CODES, hidden=HIDDEN, epochs=2, random_state=0, verbose=False).fit(some).save(model)
        runs: dict[str, list[dict[str, float]]] = {"local, float32": [], "local, float64": [], "polars, float32": []}
        for k in range(args.runs):
            for precision in ("float32", "float64"):
                found = run("local", t, model, folder / "x", folder / f"{precision}{k}", precision)
                runs[f"local, {precision}"].append(found)
            runs["polars, float32"].append(run("polars", t, model, folder / "x", folder / f"{k}.parquet", t))
        rows = [row(name, found) for name, found in runs.items()]
        if args.fit_rows:
            write(folder / "y", args.fit_rows)
            limit, size = int(args.limit * 2**30), args.batch_size
            for what, most in ((f"fit, limit {args.limit:g} GB", limit), ("fit, in memory", 0)):
                rows.append(row(what, [run("fit", t, folder / "y", folder / "y.diabolo", most, size)]))
            rows.append(row("its codes", [run("local", t, folder / "y.diabolo", folder / "y", folder / "codes", "float32")]))
        if args.pictures:
            rows += pictures(folder, args.pictures, args.runs, t)
    rates = {r["what"]: r["rows/s"] for r in rows}
    facts = {"threads": t, "bars": BARS, "local / polars": rates["local, float32"] / rates["polars, float32"]}
    facts["kernels of NumPy"] = kernels()
    if args.fit_rows:
        facts["fit within the limit / in memory"] = rows[3]["rows/s"] / rows[4]["rows/s"]
    if args.pictures:
        facts["pictures bar"] = PICTURES
        for height, width in SIZES:
            alone = rates[f"{height} x {width}, decoded, threads: {t}"]
            for what in ("encoded", "encoded, dense"):
                facts[f"{height} x {width}, {what} / decoded"] = rates[f"{height} x {width}, {what}"] / alone
    common.show(f"{COLUMNS} columns, {args.rows:,} rows encoded, {args.fit_rows:,} learned", rows, args.json, **facts)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main()
