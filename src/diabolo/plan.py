"""The settings of the loop (training.py), and what follows from them alone: the learning rate of a step, and its precision."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

__all__ = ["SGD", "autocast", "schedule"]


@dataclass(frozen=True)
class SGD:
    """The settings of :func:`minimize`.

    Parameters
    ----------
    epochs : int
        Number of epochs.
    batch_size : int
        Rows per step, B.
    lr : float
        Peak learning rate of AdamW (also for the vectors that Muon leaves to it).
    optimizer : {"adamw", "muon"}
        Muon orthogonalizes the update of every matrix.
    muon_lr : float
        Peak learning rate of the matrices under Muon, per unit of root-mean-square update.
    weight_decay : float
        Decoupled weight decay, of matrices only.
    warmup : float
        Share of the steps in the linear warm-up.
    clip : float
        Largest norm of the gradient; longer ones are scaled down.
    average : float
        Decay of the running average of the weights per step; 0 keeps the last weights.
    rounds : int
        Number of held-out evaluations in the whole run (at most one per epoch if epochs are long).
    first_gap : int
        Steps before the first of them; the next are an eighth of the steps so far apart, until it is as many as `rounds`
        says. 0: always as far apart as that.
    patience : int
        After this number of rounds without improvement, the learning rate goes down to zero, and training stops.
    precision : {"float32", "bfloat16"}
        Precision of forward and backward; the weights are float32.
    device : str
        A torch device.
    seed : int
        Seed of all random numbers.
    checkpoint : str or None
        File to which the state is written every `checkpoint_seconds`, atomically.
    resume : bool
        Whether to continue from `checkpoint` if it exists.
    about : dict
        What else a run that continues from it must have in common, such as the labels.
    keeps_best : bool
        Whether Ctrl-C ends the training with the best weights so far, and a warning; else it ends the whole work.
    progress : str or None
        Title of the progress: a bar on a terminal, elsewhere a line every few seconds. None: no progress is shown.
    """

    epochs: int = 20
    batch_size: int = 256
    lr: float = 1e-3
    optimizer: str = "adamw"
    muon_lr: float = 0.02
    weight_decay: float = 0.0
    warmup: float = 0.05
    clip: float = 1.0
    average: float = 0.99
    rounds: int = 60
    first_gap: int = 0
    patience: int = 20
    precision: str = "float32"
    device: str = "cpu"
    seed: int = 0
    checkpoint: str | None = None
    checkpoint_seconds: float = 30.0
    resume: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    keeps_best: bool = False
    progress: str | None = None


def schedule(step: int, total: int, warmup: float) -> float:
    """Share of the peak learning rate at `step`: a linear warm-up, then half a cosine down.

    >>> [round(schedule(t, 10, 0.2), 2) for t in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    start = max(1.0, warmup * total)
    if step < start:
        return min(1.0, (step + 1) / start)
    return 0.5 * (1 + math.cos(math.pi * (step - start) / max(1.0, total - start)))


def autocast(plan: SGD) -> Any:
    """Forward and backward in bfloat16 if the plan says so (the trained weights already are)."""
    if plan.precision == "float32":
        return nullcontext()
    return torch.autocast(plan.device.split(":")[0], dtype=getattr(torch, plan.precision))
