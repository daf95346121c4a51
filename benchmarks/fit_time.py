"""How long a fit takes at the defaults: against the peers, and against another installation of this package.

    labels       MultiLabelClassifier on 12 sets          beside scikit-learn's MLPClassifier
    tables       Autoencoder(k) on 16 tables, k = 2, 4, 8  beside --against
    outliers     OutlierDetector on sets of ADBench       beside PyOD's AutoEncoder, if it is installed
    documents    Autoencoder(10) on Reuters               beside --against
    pictures     MultiLabelClassifier on UC Merced, from random weights, and with hidden layers on an encoder of ImageNet
                                                          beside --against
    transform    a table of 50 mixed columns in memory    beside the encoder alone on the prepared tensor

``--against PYTHON`` is the interpreter of an environment with another version. Every method has a process of its own, with the
same number of threads; data set by data set they take turns, so that a slow minute is slow for all. The seconds are those of
the fit, or of the call, the best of ``--repeats``; imports and reading files are not timed. ``MB`` is the peak of the resident
memory above what the process had before; of *transform*, *memory* is that and the table, in units of the table. The ratios
are geometric means over the sets. *transform* reads numbers, counts, yes or no, categories, texts, dates and gaps, as pandas
and as Arrow have them; the encoder alone gets as many rows at once as in `transform`, for all at once take twice as long.

    DIABOLO_DATA=... python benchmarks/fit_time.py [--parts labels tables] [--against old/bin/python]
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from PIL import Image
from threadpoolctl import threadpool_limits

import common
from cold_start import table

LABELS = ["flags", "emotions", "scene", "yeast", "cal500", "enron", "rcv1-s1", "corel5k", "bibtex", "tmc2007-500", "delicious"]
REUTERS = "reuters21578_r90_counts2000"
OUTLIERS = ["6_cardio", "15_Hepatitis", "27_PageBlocks", "30_satellite", "23_mammography", "5_campaign", "1_ALOI"]
PICTURES: dict[str, dict[str, Any]] = {"scratch": {}, "hidden": {"encoder": "imagenet", "hidden": (256, 256)}}
PARTS = ["labels", "tables", "outliers", "documents", "pictures", "transform"]
BARS = {
    ("labels", "MLP"): 2.0,
    ("tables", "against"): 0.25,
    ("outliers", "PyOD"): 0.1,
    ("documents", "against"): 1 / 3,
    ("pictures", "against"): 1 / 3,
    ("transform", "encoder"): 1.15,
}
MEMORY = 1.5  # of transform of the most rows, in units of the table
AT_ONCE = 2048  # rows

# ── in the process of a method ───────────────────────────────────────────────────────────────────────────────────────────


def labels(name: str, method: str) -> Callable[[], Any]:
    X, Y, train, _ = common.multilabel(name)
    if method == "ours":
        return lambda: diabolo().MultiLabelClassifier(random_state=0, verbose=False).fit(X[train], Y[train])
    from sklearn.neural_network import MLPClassifier

    seen = common.scaled(X, train)[train]
    return lambda: MLPClassifier(random_state=0).fit(seen, Y[train])


def tables(name: str, method: str) -> Callable[[], Any]:
    name, k = name.rsplit(" ", 1)
    X, *_ = common.table(name)
    return lambda: diabolo().Autoencoder(int(k), random_state=0, verbose=False).fit(X)


def outliers(name: str, method: str) -> Callable[[], Any]:
    with np.load(common.data() / "tables" / "adbench" / f"{name}.npz") as z:
        X = z["X"].astype(float)[z["y"] == 0]
    if method == "ours":
        return lambda: diabolo().OutlierDetector(random_state=0, verbose=False).fit(X).score_samples(X)
    from pyod.models.auto_encoder import AutoEncoder
    from sklearn.preprocessing import StandardScaler

    seen = StandardScaler().fit_transform(X)
    AutoEncoder(epoch_num=1, verbose=0).fit(seen[:50])  # its first optimizer loads the compiler, which is not its work
    return lambda: AutoEncoder(verbose=0).fit(seen).decision_function(seen)


def documents(name: str, method: str) -> Callable[[], Any]:
    X, _, train, _ = common.multilabel(name)
    return lambda: diabolo().Autoencoder(10, random_state=0, verbose=False).fit(X[train].astype(np.int64))


def pictures(name: str, method: str) -> Callable[[], Any]:
    folder = common.data() / "multilabel"
    df = pd.read_csv(folder / "ucmerced_labels.csv").set_index("image")
    train = df[df["split"] != "test"].drop(columns=["split", "scene"])
    with zipfile.ZipFile(folder / "ucmerced_128.zip") as zipped:
        where = {Path(name).stem: name for name in zipped.namelist()}
        X = np.stack([np.asarray(Image.open(zipped.open(where[image]))) for image in train.index])
    return lambda: diabolo().MultiLabelClassifier(random_state=0, verbose=False, **PICTURES[name]).fit(X, train.to_numpy())


def transform(name: str, method: str) -> Callable[[], Any]:
    n, kind = name.split()
    path = Path(tempfile.gettempdir()) / f"diabolo-transform-{os.getpid()}.diabolo"
    model = diabolo().Autoencoder(8, epochs=1, random_state=0, verbose=False).fit(table(5000))
    model.save(path)
    ae, df = diabolo().load(path), table(int(n), 2)
    path.unlink()
    X = pa.Table.from_pandas(df, preserve_index=False) if kind == "arrow" else df
    ae.transform(X[:5000])
    if method == "ours":
        return Held(X, ae.transform)
    x = torch.cat([*ae._features(X)])

    def encoder_alone() -> None:
        with torch.no_grad():
            for part in x.split(AT_ONCE):
                ae.network_.encoder(part)

    return encoder_alone


class Held:
    """A table, and what is done with it; its size in megabytes."""

    def __init__(self, X: Any, act: Callable[[Any], Any]) -> None:
        self.X, self.act = X, act
        self.megabytes = (X.nbytes if hasattr(X, "nbytes") else X.memory_usage(index=False).sum()) / 2**20

    def __call__(self) -> Any:
        return self.act(self.X)


def diabolo() -> Any:
    """Imported late: the process of another method does not need it, or has another version."""
    return importlib.import_module("diabolo")


def serve(threads: int) -> None:
    """Read jobs, a line of JSON each, and answer with seconds and megabytes."""
    torch.set_num_threads(threads)
    threadpool_limits(threads)
    warnings.simplefilter("ignore")
    few = np.random.default_rng(0).normal(size=(100, 3))
    diabolo().Autoencoder(1, epochs=1, verbose=False).fit(few)  # imports are not timed
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        work = globals()[job["part"]](job["name"], job["method"])
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # what was freed would not count
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        before = memory("VmRSS")
        _, seconds = common.timed(work)
        found = {"seconds": seconds, "MB": memory("VmHWM") - before}
        if isinstance(work, Held):
            found["memory"] = (work.megabytes + found["MB"]) / work.megabytes
        print(json.dumps(found), file=answers, flush=True)


def memory(what: str) -> float:
    """A figure of /proc, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


# ── in the process that compares ─────────────────────────────────────────────────────────────────────────────────────────


class Method:
    """A process that fits when its turn comes."""

    def __init__(self, name: str, python: str, threads: int) -> None:
        command = [python, __file__, "--serve", "--threads", str(threads)]
        env = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        if python != sys.executable:
            env.pop("PYTHONPATH", None)  # it may name the version of this process
        self.name, self.process = name, subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=env)

    def run(self, part: str, name: str, repeats: int) -> dict[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        found = []
        for _ in range(repeats):
            print(json.dumps({"part": part, "name": name, "method": self.name}), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
            if not answer:
                sys.exit(f"{self.name} broke off at {part}, {name}: its message is above")
            found.append(json.loads(answer))
        return min(found, key=lambda run: run["seconds"])


def names(part: str, args: Any) -> Iterator[str]:
    if part == "labels":
        yield from [*LABELS, REUTERS]
    elif part == "tables":
        folder = common.data() / "tables"
        for name in sorted(f.name.removesuffix(".csv.gz") for f in folder.glob("*.csv.gz")):
            yield from (f"{name} {k}" for k in (2, 4, 8))
    elif part == "outliers":
        yield from OUTLIERS
    elif part == "documents":
        yield REUTERS
    elif part == "pictures":
        yield from PICTURES
    else:
        yield from (f"{n} {kind}" for n in args.rows_of_transform for kind in ("pandas", "arrow"))


def peer(part: str, args: Any) -> str | None:
    """Who is compared with ours."""
    if part == "outliers":
        return "PyOD" if find_spec("pyod") else None
    others = {"labels": "MLP", "transform": "encoder"}
    return others.get(part) or ("against" if args.against else None)


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    p.add_argument("--sets", nargs="+", help="only these")
    p.add_argument("--against", help="the interpreter of an environment with another version of this package")
    p.add_argument("--repeats", type=int, default=1)
    p.add_argument("--rows-of-transform", nargs="+", type=int, default=[400_000, 1_000_000])
    p.add_argument("--serve", action="store_true", help="be the process of a method")
    args = p.parse_args()
    if args.serve:
        serve(args.threads)
        return
    if args.tiny:
        args.parts, args.rows_of_transform = ["transform"], [6000]
    rows: list[dict[str, Any]] = []
    for part in args.parts:
        other = peer(part, args)
        if other is None:
            print(f"{part}: skipped, there is nothing to compare with")
            continue
        methods = [Method("ours", sys.executable, args.threads)]
        methods.append(Method(other, args.against if other == "against" else sys.executable, args.threads))
        for name in names(part, args):
            if args.sets and name.split()[0] not in args.sets:
                continue
            ours, theirs = (method.run(part, name, args.repeats) for method in methods)
            rows.append(
                {"part": part, "set": name, "peer": other}
                | {"ours": ours["seconds"], "theirs": theirs["seconds"], "ratio": ours["seconds"] / theirs["seconds"]}
                | {"MB": ours["MB"], "MB of the peer": theirs["MB"]}
                | {key: ours[key] for key in ("memory",) if key in ours}
            )
            print({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
        for method in methods:
            assert method.process.stdin is not None
            method.process.stdin.close()
            method.process.wait()
    if not rows:
        sys.exit("nothing was compared: see --parts, --sets and --against")
    common.show("Time of a fit", rows, args.json, **facts(rows))


def facts(rows: list[dict[str, Any]]) -> dict[str, str]:
    found = {}
    for part, other in dict.fromkeys((r["part"], r["peer"]) for r in rows):
        mine = [r for r in rows if r["part"] == part]
        ratio = float(np.exp(np.mean([np.log(r["ratio"]) for r in mine])))
        bar = BARS[part, other]
        found[f"{part}, time of ours / {other}"] = f"{ratio:.3g} (bar {bar:.3g}: {'met' if ratio <= bar else 'missed'})"
        if part == "transform":
            sizes = {
                n: max(r["memory"] for r in mine if r["set"].startswith(f"{n} ")) for n in {r["set"].split()[0] for r in mine}
            }
            n, most = max(sizes.items(), key=lambda size: int(size[0]))
            met = "met" if most <= MEMORY else "missed"
            found[f"transform of {int(n):,} rows, memory / the table"] = f"{most:.3g} (bar {MEMORY}: {met})"
        if other == "against":
            peak = float(np.exp(np.mean([np.log(max(r["MB"], 1) / max(r["MB of the peer"], 1)) for r in mine])))
            found[f"{part}, peak memory of ours / {other}"] = f"{peak:.3g} (bar 1: {'met' if peak <= 1 else 'missed'})"
    return found


if __name__ == "__main__":
    main()
