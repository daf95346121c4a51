r"""The only SGD loop.

    w  <-  w - eta_t * u( grad_w  1/B  sum_{i in batch} objective(x_i; w) )

* ``w``      all trainable weights, one flat float32 vector (:class:`Flat`)
* ``eta_t``  learning rate of step t: linear warm-up, then a half cosine down to zero. As soon as the held-out error stalls, the
             best weights so far are trained on with a short straight line down to zero in its place
* ``u``      the optimizer's direction: AdamW, or Muon for matrices with AdamW for the rest
* ``w_bar``  the running average of w, which is evaluated, kept and returned

The loop knows nothing about the model: it gets a module, an ``objective(i, x, rng) -> (B,)``, the rows and a function that
measures the held-out error. All random numbers of step t follow from ``(seed, t)``. So a run that resumes from a checkpoint
ends in the same bits, without any generator state.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from . import processes, storage
from .chance import drawing, redirected
from .errors import FormatError, LostError, TrainingError, warn
from .hardware import one_torch_thread
from .history import History
from .limits import keep_freed_memory
from .optimizers import Flat, optimizers
from .plan import SGD, autocast, schedule
from .printed import few
from .progress import At, progress, told
from .rows import Rows, mark, steps_per_epoch
from .signals import Signals

__all__ = ["SGD", "checkpoint_file", "minimize", "unfinished"]

Objective = Callable[[Tensor, Tensor, torch.Generator], Tensor]


def minimize(
    module: nn.Module,
    objective: Objective,
    rows: Rows,
    held_out: Callable[[], float] | None = None,
    plan: SGD | None = None,
) -> History:
    """Train `module` in place; at the end it has the best averaged weights.

    Parameters
    ----------
    module : nn.Module
        Its parameters with ``requires_grad=True`` are trained.
    objective : callable
        ``(i (B,), x (B, d), rng) -> (B,)``, the loss of each row of a batch x; i are the numbers of its rows.
    rows : Rows
        The training rows.
    held_out : callable, optional
        ``() -> float``: the error on held-out rows. Without it, the last weights are kept.
    plan : SGD, optional
        The settings.

    Returns
    -------
    History

    Raises
    ------
    TrainingError
        The loss is NaN or infinite.
    KeyboardInterrupt
        Ctrl-C, unless the plan keeps the best weights. With a checkpoint, its state is written first, as before the end that
        SIGTERM announces.
    """
    return Run(module, objective, rows, held_out, plan or SGD()).go()


class Run:
    """The state of one call of :func:`minimize`, which a checkpoint holds."""

    def __init__(
        self,
        module: nn.Module,
        objective: Objective,
        rows: Rows,
        held_out: Callable[[], float] | None,
        plan: SGD,
    ) -> None:
        self.module, self.objective, self.rows, self.held_out, self.plan = module, objective, rows, held_out, plan
        processes.join(plan.device)
        self.dtype = getattr(torch, plan.precision)
        self.flat = Flat(module.to(plan.device), self.dtype, plan.optimizer)
        self.optimizers = optimizers(self.flat, plan.optimizer, plan.lr, plan.muon_lr, plan.weight_decay)
        self.per_epoch = steps_per_epoch(len(rows), plan.batch_size)
        self.batch = min(plan.batch_size, len(rows))
        self.part = processes.share(self.batch)
        self.total = plan.epochs * self.per_epoch
        self.every = max(1, round(self.total / plan.rounds)) if self.per_epoch < self.total / plan.rounds else self.per_epoch
        self.step = self.measured = 0
        self.next = self.gap  # the step of the next round
        self.tail: tuple[int, float, int] | None = None  # first step, share of the learning rate there, and number of steps
        self.redirect = True
        self.sum = torch.zeros((), device=plan.device)  # of the losses since the last round
        self.average = self.flat.w.clone()
        self.best = self.flat.w.clone()
        self.history = History()
        self.signals = Signals(signal.SIGINT, *([signal.SIGTERM] if plan.checkpoint else []))
        self.begin = self.clock = time.monotonic()
        self.judging = 0.0  # seconds of held-out evaluations
        self.saved = time.monotonic()
        self.unwritten = ""  # why the last checkpoint is not there
        self.left = False  # whether it is that of the end
        self.told: set[int | None] = set()  # kinds of such failures

    def go(self) -> History:
        keep_freed_memory()
        self.module.train()
        if self.plan.checkpoint and processes.first():
            storage.check_writable(self.plan.checkpoint)
        try:
            if self.plan.resume and self.plan.checkpoint and Path(self.plan.checkpoint).exists():
                self.read()
            elif self.plan.checkpoint and processes.first() and (found := unfinished(self.plan.checkpoint)):
                warn(f"{found}, which is overwritten, since resume=False: resume=True goes on from it")
            processes.check_alike((self.step, self.identity()), "checkpoint, data and settings")
            processes.same([*self.state().values(), *self.module.buffers()])
            self.flat.sync()
            with self.threads(), self.shown() as at, self.signals:
                self.start()
                while self.step < self.total:
                    self.epoch(at)
                    if self.step >= self.total and self.plan.checkpoint and processes.first():
                        self.write()  # it says that the run is finished
            processes.same(self.module.buffers())
        except LostError:
            if not self.signals.number:
                raise
            self.end(self.signals.number)  # the others have obeyed it already
        except KeyboardInterrupt as stop:
            self.end(getattr(stop, "number", signal.SIGINT))
        finally:
            self.flat.release(self.best if self.held_out else self.average)
        if self.unwritten:
            warn(f"training is over, but its last checkpoint is not there: {self.unwritten}")
        if self.tail is None and self.step == self.total and self.history.still_improves:
            self.history.stopped += (
                f", while the held-out error still fell: a fit with epochs={2 * self.plan.epochs} may be better"
            )
        self.history.times = {"training": time.monotonic() - self.begin - self.judging, "held-out rows": self.judging}
        return self.history

    def end(self, number: int) -> None:
        """Training was told to end: of SIGTERM the process ends, of Ctrl-C this training, or the work of which it is a part."""
        kept = f"; {self.plan.checkpoint!r} has its state, from which a run that resumes goes on" if self.left else ""
        if number != signal.SIGINT:
            if processes.first():
                warn(f"training was ended by {signal.Signals(number).name} {self.at}{kept}")
            signal.raise_signal(number)
        if not self.plan.keeps_best:
            raise KeyboardInterrupt
        self.history.stopped = f"interrupted {self.at}: the best weights so far are kept"
        if processes.first():
            warn(f"training was {self.history.stopped}{kept}")

    @property
    def at(self) -> str:
        """Where training is."""
        return f"at epoch {self.step / self.per_epoch:.0f} of {self.plan.epochs}"

    @property
    def gap(self) -> int:
        """Steps until the next round."""
        first = self.plan.first_gap
        return max(first, min(self.every, self.step // 8)) if first else self.every

    @property
    def share(self) -> float:
        """Share of the peak learning rate."""
        if self.tail is None:
            return schedule(self.step, self.total, self.plan.warmup)
        start, share, steps = self.tail
        return share * (1 - (self.step - start) / steps)

    @property
    def stalls(self) -> bool:
        """Whether the held-out error has not fallen for too long, with steps left; a warm-up may do harm at first."""
        judged = self.held_out is not None and self.tail is None
        long = self.history.waited >= self.plan.patience and self.step >= 2 * self.plan.warmup * self.total
        return judged and (long or self.history.solved) and self.step < self.total

    def anneal(self) -> None:
        """The held-out error stalls, or is nothing: return to the best weights, let the learning rate go down to zero."""
        steps = min(max(LEAST_TAIL, round(TAIL * self.step)), self.total - self.step)
        self.tail = self.step, self.share, steps
        self.total = self.step + steps
        self.flat.w.copy_(self.best)
        self.average.copy_(self.best)
        self.flat.sync()
        stalled = f"no gain on held-out rows for {self.plan.patience} round{'s' * (self.plan.patience != 1)}"
        self.history.stopped = "next to no error is left on held-out rows" if self.history.solved else stalled

    def threads(self) -> AbstractContextManager[None]:
        """One thread for small steps."""
        return one_torch_thread() if self.plan.batch_size * self.flat.w.numel() < SMALL_STEP else nullcontext()

    def start(self) -> None:
        """Round 0: the error before the first step, so that the result is never worse than the start."""
        if self.step == 0 and not self.history.epoch and self.held_out is not None:
            self.round(float("nan"))

    def shown(self) -> AbstractContextManager[At]:
        """The progress; with held-out rows, training may end early."""
        return progress(self.plan.progress, self.total, self.step, early=self.held_out is not None)

    def where(self) -> str:
        """The text of the progress: epoch, loss and held-out error."""
        h, words = self.history, f"epoch {self.step / self.per_epoch:.0f} of {self.plan.epochs}"
        held_out = f", held-out {few(h.held_out[h.best])}" if self.held_out is not None else ""
        return f"{words}, loss {few(h.loss[-1])}{held_out}" if h.loss else words

    def epoch(self, at: At) -> None:
        number, skip = divmod(self.step, self.per_epoch)
        seed = self.plan.seed + number * 1_000_003
        for i, x in self.rows.batches(self.plan.batch_size, seed, skip, self.part):
            self.descend(i, x.to(self.plan.device))
            if self.step >= self.next or self.step == self.total:
                self.round(processes.total(self.sum).item() / max(1, self.step - self.measured))
                self.next = self.step + self.gap
                if self.stalls:
                    self.anneal()
            at(self.step, self.where)
            if self.plan.checkpoint and processes.first() and time.monotonic() - self.saved > self.plan.checkpoint_seconds:
                self.write()
            if self.step >= self.total:
                return
            self.obey()

    def obey(self) -> None:
        """End, if that was asked for: between two steps the state is whole. Of several processes the first one ends them."""
        try:
            self.signals.obey(0.0 if processes.first() else GRACE)
        except KeyboardInterrupt:
            if self.plan.checkpoint and processes.first():
                self.write()
                self.left = not self.unwritten
            raise

    def descend(self, i: Tensor, x: Tensor) -> None:
        """One step of SGD."""
        seed = self.plan.seed + self.step + processes.rank() * processes.APART
        rng = torch.Generator(self.plan.device).manual_seed(seed)
        with self.chance(seed), autocast(self.plan):
            losses = self.objective(i, x, rng).float()
            loss = losses.mean() if processes.world() == 1 else losses.sum() / self.batch
        loss.backward()
        norm = self.flat.gradient(self.plan.clip)
        self.check(norm if processes.world() > 1 else loss)  # of the norm, all processes know
        share = self.share
        for optimizer in self.optimizers:
            optimizer.step(share)
        self.flat.sync()
        self.step += 1
        self.sum += loss.detach()
        if self.step % AVERAGE_EVERY == 0 or self.step == self.total:
            self.average.lerp_(self.flat.w, 1 - self.decay**AVERAGE_EVERY)

    def check(self, value: Tensor) -> None:
        """Raise a TrainingError if the loss, or the gradient, is no number."""
        if not math.isfinite(value.item()):
            rate = "muon_lr" if self.plan.optimizer == "muon" else "lr"
            now = getattr(self.plan, rate)
            raise TrainingError(
                f"the loss became {value.item()} at step {self.step + 1}: try a smaller {rate} (now {now:g}), "
                f"precision='float32' (now {self.plan.precision!r}), or look for extreme values in the data"
            )

    @contextmanager
    def chance(self, seed: int) -> Iterator[None]:
        """Seed what modules draw; the first step finds out whether one uses the global generator: if not, steps are faster."""
        if not self.redirect:
            with drawing(seed):
                yield
            return
        with redirected(seed) as mode:
            yield
        self.redirect = mode.caught

    @property
    def decay(self) -> float:
        """Decay of the running average; smaller at first, so that the start is forgotten."""
        return min(self.plan.average, self.step / (self.step + 10.0)) if self.plan.average else 0.0

    def round(self, loss: float) -> None:
        """Measure the averaged weights on held-out rows; keep them if they are the best."""
        value = None
        if self.held_out is not None:
            self.module.eval()
            chance = redirected(self.plan.seed + self.step) if self.redirect else nullcontext()
            start = time.monotonic()
            with torch.no_grad(), self.flat.using(self.average), chance:
                value = processes.agreed(self.held_out())
            self.module.train()
            self.judging += time.monotonic() - start
        seconds = time.monotonic() - self.clock
        if self.history.add(self.step / self.per_epoch, loss, value, seconds):
            self.best.copy_(self.average)
        self.sum.zero_()
        self.measured = self.step

    def state(self) -> dict[str, Tensor]:
        tensors = {"w": self.flat.w, "average": self.average, "best": self.best, "sum": self.sum}
        for i, optimizer in enumerate(self.optimizers):
            tensors |= {f"optimizer.{i}.{key}": value for key, value in optimizer.state().items()}
        return tensors

    def write(self) -> None:
        """Write the whole state, atomically. If that fails, training goes on, and the next checkpoint is another try."""
        try:
            self.write_state()
            self.unwritten = ""
        except OSError as error:
            self.unwritten = error.strerror or str(error)
            if error.errno not in self.told:
                warn(
                    f"no checkpoint at step {self.step:,}: {self.unwritten}. Training goes on, and tries again at the next one"
                )
            self.told.add(error.errno)
        self.saved = time.monotonic()

    def write_state(self) -> None:
        where = {name: getattr(self, name) for name in ("step", "measured", "next", "total", "tail")}
        meta = where | {"history": self.history.state(), "plan": self.identity()}
        storage.write(Path(str(self.plan.checkpoint)), "checkpoint", meta, _arrays(self.state()))

    def read(self) -> None:
        path = Path(str(self.plan.checkpoint))
        meta, arrays = storage.read(path, "checkpoint")
        if other := unlike(meta["plan"], self.identity()):
            raise TrainingError(
                f"{path} belongs to a run with other settings or data ({other}): "
                "give the same, another checkpoint=, or resume=False"
            )
        with storage.explained(path):
            for name, kept in self.state().items():
                kept.copy_(torch.from_numpy(arrays[name]))
            for name in ("step", "measured", "next", "total"):
                setattr(self, name, int(meta[name]))
            self.tail = meta["tail"] and (int(meta["tail"][0]), float(meta["tail"][1]), int(meta["tail"][2]))
            self.history = History.from_state(meta["history"])
        self.flat.sync()
        self.clock -= self.history.seconds[-1] if self.history.seconds else 0.0
        told(self.plan.progress, f"goes on from {path}, {self.at}")

    def identity(self) -> dict[str, Any]:
        """What a checkpoint and the run that resumes from it must have in common."""
        free = ("checkpoint", "checkpoint_seconds", "resume", "keeps_best", "progress", "device")
        same = {k: v for k, v in asdict(self.plan).items() if k not in free}
        return same.pop("about") | same | {"rows": len(self.rows), "weights": self.flat.w.numel(), "data": self.data}

    @cached_property
    def data(self) -> str:
        """Some rows, by which those of two runs are told apart."""
        if self.plan.checkpoint is None and processes.world() == 1:
            return ""
        return mark(next(self.rows.batches(min(MARKED, len(self.rows)), 0))[1])


def checkpoint_file(place: str | os.PathLike[str]) -> str:
    """The checkpoint in a folder, or the file itself; what ends in a slash is a folder, and is made."""
    if os.fspath(place).endswith(("/", os.sep)):
        Path(place).mkdir(parents=True, exist_ok=True)
    return str(Path(place) / "training.ckpt" if Path(place).is_dir() else Path(place))


def unfinished(path: str | os.PathLike[str]) -> str:
    """What a run would overwrite here: the state of another one that has steps left; empty if there is none."""
    try:
        found = storage.header(path)
    except (OSError, FormatError):
        return ""
    step, total = int(found.meta.get("step", 0)), int(found.meta.get("total", 0))
    stopped = found.kind == "checkpoint" and step < total
    return f"{os.fspath(path)!r} is the checkpoint of a run that stopped at step {step:,} of {total:,}" if stopped else ""


def unlike(was: dict[str, Any], now: dict[str, Any]) -> str:
    """In which settings two runs differ, and how."""
    return ", ".join(f"{k}={was.get(k)!r}, now {now.get(k)!r}" for k in {**was, **now} if was.get(k) != now.get(k))


MARKED = 64  # rows


GRACE = 10.0  # seconds that the first process has to end all of them
SMALL_STEP = 1e8  # multiply-adds of a forward pass
TAIL, LEAST_TAIL = 0.3, 20  # steps in which the learning rate goes down once the held-out error stalls: share of those so far
AVERAGE_EVERY = 5  # steps between two updates of the running average: it reads and writes all weights


def _arrays(tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: t.detach().cpu().numpy() for name, t in tensors.items()}
