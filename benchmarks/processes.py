"""Two processes with one thread each against one: rows a second, and the error at the end.

The network of Hinton & Salakhutdinov on MNIST, as in training_speed.py, by the common loop. One process has batches of 1024
rows; two have batches of 2048, 1024 for each. *torchrun 1* is one process started by torchrun: what the loop costs there.
Each start trains some epochs on all rows and prints its rate without start and first epoch; starts take turns, round after
round, and ratios are compared within a round. The error is that of the test pictures after the same number of epochs, the
squared error summed over pixels, for several seeds.

    DIABOLO_DATA=... python benchmarks/processes.py [--rounds 3] [--epochs 3] [--seeds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
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
WAYS = {"one process": (0, 1), "torchrun 1": (1, 1), "torchrun 2": (2, 2)}  # processes of torchrun, batches of 1024
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

    plan = SGD(options.epochs, task.batch, lr=LR * options.times**0.5, precision="bfloat16", seed=options.seed)
    minimize(net, objective, Rows(torch.from_numpy(task.x)), plan=plan)
    if processes.first():
        steps = len(clock) - 1 - task.steps
        test = torch.from_numpy(images("t10k"))
        with torch.no_grad():
            error = float(torch.cat([squared_error(net.eval(), x) for x in test.split(1000)]).mean())
        rate = steps * task.batch / (clock[-1] - clock[task.steps])
        print(json.dumps({"rate": rate, "error": error}))


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


def main() -> None:
    p = common.parser(str(__doc__).splitlines()[0])
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--times", type=int, default=1, help=argparse.SUPPRESS)
    p.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    p.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = p.parse_args()
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
    common.show(f"H&S network, {options.epochs} epochs of MNIST, one thread each", rows, options.json)


if __name__ == "__main__":
    main()
