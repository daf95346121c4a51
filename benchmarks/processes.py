"""Two processes with one thread each against one: rows a second, and the error at the end.

The network of Hinton & Salakhutdinov on MNIST, as in training_speed.py, by the common loop. One process has batches of 1024
rows; two have batches of 2048, 1024 for each, and so half as many steps, which are twice as long, after a longer warm-up; or
the same batches, 512 rows for each, and so the same steps, in which they learn the same.
*torchrun 1* is one process started by torchrun: what the loop costs there.
Each start trains some epochs on all rows and prints its rate without start and first epoch; starts take turns, round after
round, and ratios are compared within a round. The error is that of the test pictures after the same number of epochs, the
squared error summed over pixels, for several seeds.

Then a small fit is killed again and again (kill -9 of one process, at random steps), and goes on from its checkpoint each time
with another number of processes, 2, 3 or 1. The rows of each step are written down, with the last attempt at a step counting:
of each epoch every row must be there once, and the weights must be those of a fit without kills, but for rounding.

Last, what a step would take on many machines, by arithmetic from the measured step of one process:

    t(W) = c B / W + 2 (W - 1) / W * 4 n / bandwidth + 2 log2(W) latency

c: seconds for a row, n: weights, B: rows of a batch.

    DIABOLO_DATA=... python benchmarks/processes.py [--rounds 3] [--epochs 3] [--kills 20]
    DIABOLO_DATA=... python benchmarks/processes.py --larger-batch 3 10 [--optimizers muon] [--seeds 3] [--rows FILE]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

import common
from diabolo import processes
from diabolo.rows import Rows
from diabolo.training import SGD, minimize
from training_speed import LR, Task, made_up, mnist, network, squared_error

BATCH = 1024
HIDDEN = (1000, 500, 250, 30)
ROWS, EPOCHS = 240, 12  # of the small fit that is killed
HELD = 10_000  # training pictures that are held out to choose a learning rate
TRIED = [
    ("adamw", BATCH, 1.0, 0.05),
    ("adamw", 2 * BATCH, 2**0.5, 0.05),
    *(("adamw", 2 * BATCH, 2.0, warmup) for warmup in (0.05, 0.2, 0.3, 0.4)),
    ("adamw", 2 * BATCH, 4.0, 0.05),
    ("adamw", 2 * BATCH, 4.0, 0.4),
    ("muon", BATCH, 1.0, 0.05),
    ("muon", BATCH, 0.5, 0.05),
    ("muon", 2 * BATCH, 0.5, 0.05),
    ("muon", 2 * BATCH, 1.0, 0.05),
    ("muon", 2 * BATCH, 2**0.5, 0.05),
]  # optimizer, batch, its learning rates by the usual ones, share of the steps in the warm-up
WARMUP = 0.3  # share of the steps, with several batches of 1024 in one
BANDWIDTH, LATENCY = 1.25e9, 50e-6  # bytes a second (10 Gbit/s), and seconds, between two machines
WAYS = {
    "one process": (0, 1),
    "torchrun 1": (1, 1),
    "torchrun 2": (2, 2),
    "torchrun 2, the same batch": (2, 1),
}  # processes of torchrun, batches of 1024 in a step of all of them
BARS = {"torchrun 2": 1.7, "torchrun 1": 0.97}


def work(options: argparse.Namespace) -> None:
    """In each process: train, and let the first one print its rate and error."""
    torch.set_num_threads(1)
    images = made_up if options.tiny else mnist
    batch, hidden = (32, (16, 4)) if options.tiny else (BATCH, HIDDEN)
    task = Task(images("train"), batch * options.times, hidden)
    net, pixels, clock = network(task), task.x.shape[1], []
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(1 + 0.01 * options.seed)

    def objective(i: Any, x: Any, rng: Any) -> Any:
        clock.append(time.perf_counter())
        return squared_error(net, x) / pixels

    warmup = WARMUP if options.times > 1 else SGD.warmup
    plan = SGD(options.epochs, task.batch, lr=LR * options.times, warmup=warmup, precision="bfloat16", seed=options.seed)
    minimize(net, objective, Rows(torch.from_numpy(task.x)), plan=plan)
    if processes.first():
        steps = len(clock) - 1 - task.steps
        test = torch.from_numpy(images("t10k"))
        with torch.no_grad():
            error = float(torch.cat([squared_error(net.eval(), x) for x in test.split(1000)]).mean())
        rate = steps * task.batch / (clock[-1] - clock[task.steps])
        print(json.dumps({"rate": rate, "error": error}))


def larger_batch(epochs: list[int], optimizers: list[str], seeds: int, path: Path | None) -> None:
    """The error of held-out pictures by optimizer, batch and epochs, in one process: several add up the same gradient."""
    torch.set_num_threads(1)
    pixels, rows = mnist("train"), []
    for count in epochs:
        for optimizer, batch, rate, warmup in (tried for tried in TRIED if tried[0] in optimizers):
            settings: dict[str, Any] = {
                "epochs": count,
                "optimizer": optimizer,
                "batch": batch,
                "rate": rate,
                "warm-up": warmup,
            }
            errors = [
                common.kept(path, json.dumps(settings | {"seed": seed}), partial(held_out_error, pixels, **settings, seed=seed))
                for seed in range(seeds)
            ]
            rows.append(settings | {"error": float(np.mean(errors)), "least": min(errors), "most": max(errors)})
            print(rows[-1], flush=True)
    common.show(f"Squared error of held-out pictures, {seeds} seed(s)", rows, None)


def held_out_error(pixels: np.ndarray, seed: int, **settings: Any) -> float:
    """Of 10,000 training pictures that are held out, by a network that is trained on the others."""
    seen, held = Rows(torch.from_numpy(pixels[:-HELD])), torch.from_numpy(pixels[-HELD:])
    net = network(Task(pixels, settings["batch"], HIDDEN), seed)
    plan = SGD(
        settings["epochs"],
        settings["batch"],
        optimizer=settings["optimizer"],
        lr=settings["rate"] * LR,
        muon_lr=settings["rate"] * SGD.muon_lr,
        warmup=settings["warm-up"],
        precision="bfloat16",
        seed=seed,
    )
    minimize(net, lambda i, x, rng: squared_error(net, x) / pixels.shape[1], seen, plan=plan)
    with torch.no_grad():
        return float(torch.cat([squared_error(net.eval(), x) for x in held.split(1000)]).mean())


def start(way: str, seed: int, options: argparse.Namespace) -> dict[str, float]:
    n, times = WAYS[way]
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n}"] if n else []
    said = ["--work", "--times", str(times), "--seed", str(seed), "--epochs", str(options.epochs), *["--tiny"] * options.tiny]
    run = subprocess.run(
        [sys.executable, *torchrun, __file__, *said],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(run.stderr)
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


# ── kills ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def small(folder: Path, fatal: int) -> None:
    """A small fit that kills its last process before the step `fatal`, and writes down the rows of each step."""
    torch.manual_seed(0)
    x, net = torch.randn(ROWS, 5), torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 5))
    log = open(folder / f"{time.time_ns()} {os.getpid()}", "w")  # noqa: SIM115 - a killed process closes nothing

    def objective(i: Any, batch: Any, rng: Any) -> Any:
        step = rng.initial_seed() % processes.APART
        if step == fatal and processes.rank() == processes.world() - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        print(step, *i.tolist(), file=log, flush=True)
        return (net(batch) - batch).square().sum(1)

    plan = SGD(EPOCHS, 24, checkpoint=str(folder / "run.ckpt"), checkpoint_seconds=0.0, resume=True, patience=999)
    minimize(net, objective, Rows(x), lambda: float((net(x) - x).square().mean()), plan)
    if processes.rank() == 0:
        np.save(folder / "w.npy", torch.cat([p.detach().flatten() for p in net.parameters()]).numpy())


def killed(kills: int) -> dict[str, Any]:
    """So many kills, with changing numbers of processes: how often each row of each epoch was seen."""
    steps, rng = EPOCHS * (ROWS // 24), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
        for folder, fatal in ((a, []), (b, sorted(rng.choice(np.arange(1, steps), kills, replace=False).tolist()))):
            for attempt, step in enumerate([*fatal, -1]):
                n = (2, 3, 1)[attempt % 3]
                torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n}"] if n > 1 else []
                command = [sys.executable, *torchrun, __file__, "--small", folder, "--fatal", str(step)]
                subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, check=False)
        seen: dict[int, set[int]] = {}
        for log in sorted(Path(b).glob("[0-9]*")):
            for line in log.read_text().splitlines():
                step, *rows = map(int, line.split())
                seen.setdefault(step, set()).update(rows)
        per = ROWS // 24
        wrong = sum(
            sorted(set().union(*(seen[t] for t in range(e * per, (e + 1) * per)))) != list(range(ROWS)) for e in range(EPOCHS)
        )
        wrong += sum(len(rows) != 24 for rows in seen.values())
        far = float(np.abs(np.load(Path(a) / "w.npy") - np.load(Path(b) / "w.npy")).max())
    return {
        "kills": kills,
        "epochs": EPOCHS,
        "steps": steps,
        "epochs or steps with wrong rows": wrong,
        "weights differ by": far,
    }


# ── many machines ────────────────────────────────────────────────────────────────────────────────────────────────────


def simulated(seconds: float, weights: int) -> list[dict[str, Any]]:
    """Milliseconds of a step of 64 x 1024 rows, by the number of machines with one core each, and what they gain."""
    batch, found = 64 * BATCH, []
    for w in (1, 2, 4, 8, 16, 32, 64):
        compute = seconds * batch / w
        exchange = 2 * (w - 1) / w * 4 * weights / BANDWIDTH + 2 * math.log2(w) * LATENCY
        found.append({"machines": w, "compute, ms": 1000 * compute, "exchange, ms": 1000 * exchange, "times one": 0.0})
        found[-1]["times one"] = seconds * batch / (compute + exchange)
    return found


def main() -> None:
    p = common.parser(str(__doc__).splitlines()[0])
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--times", type=int, default=1, help=argparse.SUPPRESS)
    p.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    p.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--kills", type=int, default=20)
    p.add_argument(
        "--larger-batch", type=int, nargs="+", metavar="EPOCHS", help="only show what a larger batch does to the error"
    )
    p.add_argument("--optimizers", nargs="+", choices=["adamw", "muon"], default=["adamw", "muon"], help="of --larger-batch")
    p.add_argument("--seeds", type=int, default=1, help="of --larger-batch")
    p.add_argument("--rows", type=Path, help="of --larger-batch: keep each error here, and do not compute again what is there")
    p.add_argument("--small", type=Path, help=argparse.SUPPRESS)
    p.add_argument("--fatal", type=int, help=argparse.SUPPRESS)
    options = p.parse_args()
    if options.larger_batch:
        larger_batch(options.larger_batch, options.optimizers, options.seeds, options.rows)
        return
    if options.small:
        small(options.small, options.fatal)
        return
    if options.work:
        work(options)
        return
    rounds = [{way: start(way, seed, options) for way in WAYS} for seed in range(1 if options.tiny else options.rounds)]
    rows = []
    for way in WAYS:
        ratios = [r[way]["rate"] / r["one process"]["rate"] for r in rounds]
        errors = [r[way]["error"] for r in rounds]
        rows.append(
            {
                "processes": way,
                "rows/s": median(r[way]["rate"] for r in rounds),
                "times one process": median(ratios),
                "least": min(ratios),
                "most": max(ratios),
                "bar": BARS.get(way, "-"),
                "test error": float(np.mean(errors)),
                "spread of seeds": float(np.ptp(errors)),
            }
        )
    weights = sum(p.numel() for p in network(Task(made_up("train") if options.tiny else mnist("t10k"), 1, HIDDEN)).parameters())
    many = simulated(1 / rows[0]["rows/s"], weights)
    after = killed(2 if options.tiny else options.kills)
    print(after)
    common.show(
        f"H&S network, {options.epochs} epochs of MNIST, one thread each", rows, options.json, **after, many=json.dumps(many)
    )
    common.show("A step on many machines, by arithmetic", many, None)


if __name__ == "__main__":
    main()
