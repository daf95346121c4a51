"""Training speed of one deep autoencoder: ours beside others, and beside the limit that the matrix products set.

The network of Hinton & Salakhutdinov, 784-1000-500-250-30-250-500-1000-784, with ReLU, Adam at 1e-3 and the squared error
of pixels behind a logistic output, the same for all (PyOD and scikit-learn can only have a linear output). Each method keeps
its state in a process of its own and trains one epoch when its turn comes, round after round. So a slow minute of the machine
is slow for all. Times are compared within a round. The table shows medians over rounds and their spread: differences below the
spread mean nothing. Imports, compilation and a first epoch are not timed. *Loader* is a plain PyTorch loop with a DataLoader,
*tensors* the same loop with tensors in memory.

*limit* is the 23 matrix products of a step and nothing else (forward, both backward, no gradient of the pixels, results
into memory that is already there); *limit + update* adds what :class:`diabolo.optimizers.Flat` and AdamW do with them.

    DIABOLO_DATA=... python benchmarks/training_speed.py [--peers loader keras] [--batch 128] [--quality-epochs 5]

References
----------
Reducing the dimensionality of data with neural networks (Hinton & Salakhutdinov, 2006),
https://doi.org/10.1126/science.1127647 (the network)
"""

from __future__ import annotations

import argparse
import gzip
import logging
import multiprocessing as mp
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import common
from diabolo.history import History
from diabolo.nets.dense import mlp
from diabolo.optimizers import Flat, optimizers
from diabolo.rows import Rows
from diabolo.training import SGD, minimize

LR = 1e-3
ENDLESS = 1_000_000  # epochs: the parent decides
PAUSE = 0.1  # seconds between two turns, for the threads of the one before to fall asleep
BARS = {  # (batch, who, than whom): how many times as fast
    (128, "ours bfloat16", "keras"): 1.25,
    (128, "ours bfloat16", "loader"): 2.2,
    (128, "ours bfloat16", "lightning"): 2.2,
    (128, "ours bfloat16", "skorch"): 2.2,
    (128, "ours float32", "loader"): 1.2,
    (1024, "ours bfloat16", "keras"): 1.9,
    (1024, "ours bfloat16", "loader"): 1.9,
    (1024, "ours bfloat16", "lightning"): 1.9,
    (1024, "ours bfloat16", "skorch"): 1.9,
    (128, "ours bfloat16", "limit bfloat16"): 0.8,
    (128, "ours bfloat16", "limit + update bfloat16"): 0.8,
    (128, "ours float32", "limit float32"): 0.8,
    (1024, "ours bfloat16", "limit bfloat16"): 0.8,
    (1024, "ours float32", "limit float32"): 0.8,
}
YARDSTICKS = ("loader", "ours bfloat16", "limit bfloat16", "limit float32")  # columns: speed / theirs


# ── the task, the same for all ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Task:
    """What a peer is given: images (n, d), the batch size and the widths of the network."""

    x: np.ndarray
    batch: int
    hidden: tuple[int, ...]  # down to the code

    @property
    def widths(self) -> tuple[int, ...]:
        d = self.x.shape[1]
        return (d, *self.hidden, *self.hidden[-2::-1], d)

    @property
    def steps(self) -> int:
        return len(self.x) // self.batch


def mnist(part: str) -> np.ndarray:
    """(n, 784) float32 in [0, 1]; part is "train" or "t10k"."""
    path = common.data() / "images" / "mnist" / f"{part}-images-idx3-ubyte.gz"
    header = 16  # magic number, images, rows, columns
    pixels = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)
    return pixels.reshape(-1, 784).astype(np.float32) / 255


def made_up(part: str) -> np.ndarray:
    return np.random.default_rng(len(part)).random((256, 24), dtype=np.float32)


def network(task: Task, seed: int = 0) -> nn.Sequential:
    """Pixels to logits of pixels, out of the library's own parts."""
    torch.manual_seed(seed)
    d, *hidden, k = task.widths[: len(task.hidden) + 1]
    return nn.Sequential(mlp(d, hidden, k, nn.ReLU), mlp(k, hidden[::-1], d, nn.ReLU))


def squared_error(net: nn.Module, x: Tensor) -> Tensor:
    """(B,): summed over pixels."""
    return F.mse_loss(torch.sigmoid(net(x)), x, reduction="none").sum(1)


# ── the peers: each trains one epoch whenever `turns` yields ────────────────────────────────────────────────────────────

Turns = Iterator[None]
Peer = Callable[[Task, Turns], Any]
PEERS: dict[str, Peer] = {}
NEEDS: dict[str, str] = {}


def peer(name: str, needs: str = "torch", **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a peer; `needs` is the module without which it is absent."""

    def register(train: Callable[..., Any]) -> Callable[..., Any]:
        PEERS[name] = lambda task, turns: train(task, turns, **options)
        NEEDS[name] = needs
        return train

    return register


class Paced(Rows):
    """Rows whose every epoch waits for its turn."""

    def __init__(self, x: np.ndarray, turns: Turns) -> None:
        super().__init__(torch.from_numpy(x))
        self.turns = turns

    def batches(self, *which: Any) -> Iterator[tuple[Tensor, Tensor]]:
        next(self.turns)
        yield from super().batches(*which)


@peer("ours bfloat16", precision="bfloat16")
@peer("ours float32", precision="float32")
def ours(task: Task, turns: Turns, precision: str) -> None:
    plan = SGD(epochs=ENDLESS, batch_size=task.batch, lr=LR, warmup=0.0, precision=precision)
    fit(task, Paced(task.x, turns), plan)


def fit(task: Task, rows: Rows, plan: SGD) -> tuple[nn.Module, History]:
    net, pixels = network(task), task.x.shape[1]
    return net, minimize(net, lambda i, x, rng: squared_error(net, x) / pixels, rows, plan=plan)


@peer("tensors")
def tensors(task: Task, turns: Turns) -> None:
    """The plain loop, batches cut out of one tensor, PyTorch's default Adam."""
    x = torch.from_numpy(task.x)
    step = plain_step(task)
    for _ in turns:
        for rows in torch.randperm(len(x))[: task.steps * task.batch].split(task.batch):
            step(x[rows])


@peer("loader")
def loader(task: Task, turns: Turns) -> None:
    """The loop of the tutorials: TensorDataset, DataLoader, PyTorch's default Adam."""
    batches, step = data_loader(task), plain_step(task)
    for _ in turns:
        for (x,) in batches:
            step(x)


def data_loader(task: Task) -> torch.utils.data.DataLoader[Any]:
    rows = torch.utils.data.TensorDataset(torch.from_numpy(task.x))
    return torch.utils.data.DataLoader(rows, batch_size=task.batch, shuffle=True, drop_last=True)


def plain_step(task: Task) -> Callable[[Tensor], None]:
    net = network(task)
    adam = torch.optim.Adam(net.parameters(), lr=LR)

    def step(x: Tensor) -> None:
        adam.zero_grad()
        F.mse_loss(torch.sigmoid(net(x)), x).backward()
        adam.step()

    return step


@peer("keras", needs="keras")
def keras(task: Task, turns: Turns) -> None:
    """Keras 3 on JAX."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    d, *inner, _ = task.widths
    hidden = [keras.layers.Dense(m, "linear" if m == task.hidden[-1] else "relu") for m in inner]
    model = keras.Sequential([keras.Input((d,)), *hidden, keras.layers.Dense(d, "sigmoid")])
    model.compile(keras.optimizers.Adam(LR), "mean_squared_error")
    pace = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: next(turns))
    x = task.x[: task.steps * task.batch]
    model.fit(x, x, batch_size=task.batch, epochs=ENDLESS, verbose=0, callbacks=[pace])


@peer("skorch", needs="skorch")
def skorch(task: Task, turns: Turns) -> None:
    from skorch import NeuralNetRegressor

    model = NeuralNetRegressor(
        nn.Sequential(network(task), nn.Sigmoid()),
        optimizer=torch.optim.Adam,
        lr=LR,
        batch_size=task.batch,
        iterator_train__shuffle=True,
        iterator_train__drop_last=True,
        train_split=None,
        verbose=0,
    )
    for _ in turns:
        model.partial_fit(task.x, task.x, epochs=1)


@peer("lightning", needs="lightning")
def lightning(task: Task, turns: Turns) -> None:
    import lightning as L

    class Module(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = network(task)

        def on_train_epoch_start(self) -> None:
            next(turns)

        def training_step(self, batch: list[Tensor]) -> Tensor:
            return F.mse_loss(torch.sigmoid(self.net(batch[0])), batch[0])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=LR)

    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    L.Trainer(max_epochs=ENDLESS, accelerator="cpu", **quiet).fit(Module(), data_loader(task))


@peer("pyod", needs="pyod")
def pyod(task: Task, turns: Turns) -> None:
    """Its own loop over its own network (linear output, ReLU on the code too)."""
    from pyod.models.auto_encoder import AutoEncoder

    class Turning(AutoEncoder):
        def epoch_update(self) -> None:
            next(turns)

    plan = {"epoch_num": ENDLESS, "batch_size": task.batch, "lr": LR, "preprocessing": False, "verbose": 0}
    model = Turning(hidden_neuron_list=list(task.hidden), dropout_rate=0.0, batch_norm=False, **plan)
    next(turns)
    model.fit(task.x)


@peer("sklearn", needs="sklearn")
def sklearn(task: Task, turns: Turns) -> None:
    """MLPRegressor (linear output, ReLU on the code too)."""
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(hidden_layer_sizes=task.widths[1:-1], batch_size=task.batch, learning_rate_init=LR, alpha=0.0)
    for _ in turns:
        model.partial_fit(task.x, task.x)


@peer("limit bfloat16", dtype=torch.bfloat16)
@peer("limit float32", dtype=torch.float32)
def limit(task: Task, turns: Turns, dtype: torch.dtype) -> None:
    products = Products(task, dtype)
    for _ in turns:
        for _ in range(task.steps):
            products.step()


@peer("limit + update bfloat16", dtype=torch.bfloat16)
@peer("limit + update float32", dtype=torch.float32)
def limit_with_update(task: Task, turns: Turns, dtype: torch.dtype) -> None:
    products = Products(task, dtype)
    flat = Flat(nn.ParameterList(products.w), dtype)
    adams = optimizers(flat, "adamw", LR, 0.0, 0.0)
    products.w = [p.data for p in flat.parameters]
    for _ in turns:
        for _ in range(task.steps):
            products.step()
            for p, dw in zip(flat.parameters, products.dw, strict=True):
                p.grad = dw
            flat.gradient(clip=1.0)
            for adam in adams:
                adam.step(1.0)
            flat.sync()


class Products:
    """The matrix products of one step: y = x w^T, then dw = dy^T x and dx = dy w from the last layer to the first."""

    def __init__(self, task: Task, dtype: torch.dtype) -> None:
        rng = torch.Generator().manual_seed(0)
        layers = list(pairwise(task.widths))
        self.w = [(torch.randn(b, a, generator=rng) / a**0.5).to(dtype) for a, b in layers]
        self.dw = [torch.empty_like(w) for w in self.w]
        self.x = [torch.randn(task.batch, m, generator=rng).to(dtype) for m in task.widths]
        self.dx = [x.clone() for x in self.x]

    def step(self) -> None:
        for i, w in enumerate(self.w):
            torch.mm(self.x[i], w.T, out=self.x[i + 1])
        for i, w in reversed(list(enumerate(self.w))):
            torch.mm(self.dx[i + 1].T, self.x[i], out=self.dw[i])
            if i:
                torch.mm(self.dx[i + 1], w, out=self.dx[i])


# ── turns: one process each, one at a time ──────────────────────────────────────────────────────────────────────────────


class Worker:
    """A peer in a process of its own: sleeps in ``recv`` until it is told to train an epoch."""

    def __init__(self, name: str, task: Task, threads: int) -> None:
        self.name = name
        self.pipe, theirs = mp.Pipe()
        self.process = mp.get_context("forkserver").Process(target=work, args=(name, task, threads, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.seconds: list[float] = []

    def turn(self) -> float:
        """One epoch; how long it took."""
        with suppress(BrokenPipeError):  # a peer that could not begin has said why, and left
            self.pipe.send("go")
        answer = self.pipe.recv()
        if isinstance(answer, str):
            raise RuntimeError(answer)
        time.sleep(PAUSE)
        return float(answer)

    def stop(self) -> None:
        self.pipe.close()
        self.process.join(timeout=10)
        self.process.kill()


def work(name: str, task: Task, threads: int, pipe: Any) -> None:
    hush()
    torch.set_num_threads(threads)
    try:
        PEERS[name](task, turns(pipe))
    except EOFError:  # the parent is gone
        return
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")


def turns(pipe: Any) -> Turns:
    """One turn for every message; answers how long it took."""
    while pipe.recv():
        start = time.perf_counter()
        yield
        pipe.send(time.perf_counter() - start)


def hush() -> None:
    """Nothing but the parent speaks."""
    warnings.simplefilter("ignore")
    logging.disable()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def share(threads: int) -> None:
    """Workers inherit this: as many cores and threads for everybody, whatever its thread pool."""
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def race(names: list[str], task: Task, threads: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Seconds of every round, by peer; and who cannot take part, with the reason."""
    absent = {name: f"{NEEDS[name]} is not installed" for name in names if find_spec(NEEDS[name]) is None}
    workers = [Worker(name, task, threads) for name in names if name not in absent]
    ready = [w for w in workers if warmed_up(w, absent)]
    for _ in range(rounds):
        for w in ready:
            w.seconds.append(w.turn())
    for w in workers:
        w.stop()
    return {w.name: w.seconds for w in ready}, absent


def warmed_up(worker: Worker, absent: dict[str, str]) -> bool:
    """Import, build, compile and a first epoch; not timed. A peer may fail, we may not."""
    try:
        worker.turn()
    except (RuntimeError, EOFError) as error:
        if worker.name.startswith("ours"):
            raise
        absent[worker.name] = str(error) or "its process ended"
    return worker.name not in absent


# ── what is printed ─────────────────────────────────────────────────────────────────────────────────────────────────────


def times_faster(seconds: dict[str, list[float]], who: str, than: str) -> float:
    """Median over rounds of the ratio within a round."""
    return median(b / a for a, b in zip(seconds[who], seconds[than], strict=True))


def table(task: Task, seconds: dict[str, list[float]]) -> list[dict[str, Any]]:
    return [row(task, name, seconds) for name in sorted(seconds, key=lambda name: median(seconds[name]))]


def row(task: Task, name: str, seconds: dict[str, list[float]]) -> dict[str, Any]:
    images = task.steps * task.batch
    speeds = [images / s for s in seconds[name]]
    own = {
        "batch": task.batch,
        "peer": name,
        "ms/step": 1e3 * median(seconds[name]) / task.steps,
        "images/s": round(median(speeds)),
        "min..max": f"{min(speeds):.0f}..{max(speeds):.0f}",
    }
    return own | {f"/ {other}": times_faster(seconds, name, other) for other in YARDSTICKS if other in seconds}


def bars(batch: int, seconds: dict[str, list[float]]) -> dict[str, str]:
    """Every bar with what was measured."""
    return {
        f"batch {batch}, {who} / {than}": f"{times_faster(seconds, who, than):.2f} (bar {bar})"
        for (size, who, than), bar in BARS.items()
        if size == batch and {who, than} <= seconds.keys()
    }


def noise(seconds: dict[str, list[float]]) -> float:
    """Median over peers of slowest round / fastest round: differences below it mean little."""
    return median(max(s) / min(s) for s in seconds.values())


def quality(args: argparse.Namespace) -> dict[str, Any]:
    """Error on the test images after training on all of them: bfloat16 beside float32."""
    train, test = args.images_of("train"), torch.from_numpy(args.images_of("t10k"))
    errors = {p: test_error(Task(train, args.batch[0], args.hidden), test, p, args) for p in ("float32", "bfloat16")}
    change = errors["bfloat16"] / errors["float32"] - 1
    return {f"test error {p}": e for p, e in errors.items()} | {"bfloat16 - float32": f"{change:+.2%} (bar 2%)"}


def test_error(task: Task, test: Tensor, precision: str, args: argparse.Namespace) -> float:
    plan = SGD(epochs=args.quality_epochs, batch_size=task.batch, lr=LR, precision=precision)
    net, _ = fit(task, Rows(torch.from_numpy(task.x)), plan)
    with torch.no_grad():
        return squared_error(net, test).mean().item()


def arguments() -> argparse.Namespace:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER", help="who: " + ", ".join(PEERS))
    p.add_argument("--batch", nargs="+", type=int, default=[128, 1024], help="batch sizes")
    p.add_argument("--images", type=int, default=10_240, help="in one turn")
    p.add_argument("--rounds", type=int, default=5, help="turns of everybody")
    p.add_argument("--quality-epochs", type=int, default=5, help="of the comparison of precisions; 0 leaves it out")
    args = p.parse_args()
    args.images_of, args.hidden = mnist, (1000, 500, 250, 30)
    if args.tiny:
        args.images_of, args.hidden, args.batch, args.rounds, args.threads = made_up, (16, 8, 2), [64], 2, 1
        args.quality_epochs = min(1, args.quality_epochs)
        args.peers = ["ours bfloat16", "ours float32", "tensors", "loader", "sklearn", "limit + update bfloat16"]
    return args


def main() -> None:
    args = arguments()
    share(args.threads)
    torch.set_num_threads(args.threads)
    rows: list[dict[str, Any]] = []
    facts: dict[str, Any] = {}
    for batch in args.batch:
        task = Task(args.images_of("train")[: args.images], batch, args.hidden)
        seconds, absent = race(args.peers, task, args.threads, args.rounds)
        facts |= {f"batch {batch}, absent: {name}": why for name, why in absent.items()}
        if not seconds:
            sys.exit(f"nobody can take part: {facts}")
        rows += table(task, seconds)
        facts |= bars(batch, seconds) | {f"batch {batch}, slowest / fastest round (noise)": noise(seconds)}
    facts |= quality(args) if args.quality_epochs else {}
    common.show(
        "one epoch at a time, round robin; / peer: times as fast as that peer", rows, args.json, **facts, threads=args.threads
    )


if __name__ == "__main__":
    main()
