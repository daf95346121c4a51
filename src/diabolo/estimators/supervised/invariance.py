r"""Whether a varied picture means the same: then pictures are varied in this way while a network learns.

    learned_c = mean_i (pbar_c - y_ic)^2 - (p_c(x_i) - y_ic)^2                  x_i: pictures that the network has not seen
    lost_c    = mean_i (p_c(varied x_i) - y_ic)^2 - (p_c(x_i) - y_ic)^2             p: predictions, pbar: constant ones
    moved_c   = (mean_i (p_c(x_i to the right) - p_c(x_i to the left)) / 2)^2       and down and up

A left arrow is a right one in the mirror, and a place is another place when the picture is shifted: who learns from both learns
little. So a network is asked: if it loses more than half of what it has learned about an output, or its answers move with the
pictures, by a tenth of that, and not by chance, pictures are not varied in this way. A network that knows nothing yet learns
for a tenth of the steps first, as a copy, from shifted pictures; from mirrored ones it would never tell arrows apart. If it
still knows nothing, pictures are shifted and mirrored.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ...corruption import Mirror, Shift
from ...plan import SGD
from ...rows import Numbered, evenly, steps_per_epoch
from .out_of_fold import OutOfFold

__all__ = ["harmless"]

PILOT, LEAST = 0.1, 100  # share of the steps that a copy of the network learns for, and number at least
LEARNED = 0.1  # of the error of constants: what counts as having learned
MOST_LOST, MOST_MOVED = 0.5, 0.1  # of what was learned
SURE = 3.0  # standard errors


def harmless(shift: Shift, mirror: Mirror, fit: OutOfFold, plan: SGD) -> tuple[bool, bool]:
    """Whether the network of a fit may learn from shifted pictures, and from mirrored ones."""
    fit.network.eval()
    i = fit.sample(fit.target.watched)
    usual = distances(fit, fit.target.start().expand(len(i), -1), i).mean(0)
    plain = squares(fit, i)
    if not knows(plain, usual).any():
        fit = pilot(fit, shift, plan)
        plain = squares(fit, i)
    learned, rng = np.where(knows(plain, usual), usual - plain.mean(0), np.inf), torch.Generator().manual_seed(0)
    shifted, mirrored = (fit.varied(partial(way.vary, rng=rng)) for way in (shift, replace(mirror, p=1.0)))
    lost = [over(squares(those, i) - plain, MOST_LOST * learned) for those in (shifted, mirrored)]
    moved = [over(answers(fit, shift, i, *way), (MOST_MOVED * learned[:-1]) ** 0.5) for way in ((0, 1), (1, 0))]
    return not (lost[0] or any(moved)), not lost[1]


def over(found: np.ndarray, most: np.ndarray) -> bool:
    """Whether the mean of some column of `found` (r, k) is larger than `most` (k,), on either side, and not by chance."""
    mean, chance = np.abs(found.mean(0)), found.std(0) / len(found) ** 0.5
    return bool(((mean > most) & (mean > SURE * chance)).any())


@torch.no_grad()
def answers(fit: OutOfFold, shift: Shift, i: np.ndarray, down: int, right: int) -> np.ndarray:
    """(r, k) by how much predictions for rows i (r,) move with the pictures."""
    ahead, back = (
        fit.target.loss.predict(fit.varied(partial(shift.moved, down=side * down, right=side * right)).raw(i).mean(0))
        for side in (1, -1)
    )
    return ((ahead - back) / 2).numpy()


def knows(plain: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """(k + 1,) what the network has learned something about: its errors are smaller than those of constant predictions."""
    return plain.mean(0) < (1 - LEARNED) * usual


@torch.no_grad()
def squares(fit: OutOfFold, i: np.ndarray) -> np.ndarray:
    """(r, k + 1) squared errors of the predictions for rows i (r,), and their sum over the outputs."""
    return distances(fit, fit.raw(i).mean(0), i)


def distances(fit: OutOfFold, raw: Tensor, i: np.ndarray) -> np.ndarray:
    d = (fit.target.loss.predict(raw) - fit.target.y(torch.from_numpy(i))).square().nan_to_num()
    return torch.cat([d, d.sum(1, keepdim=True)], 1).numpy()


def pilot(fit: OutOfFold, corrupt: Shift, plan: SGD) -> OutOfFold:
    """A copy of the network that has learned for a short time."""
    most = plan.epochs * steps_per_epoch(len(fit.rows), plan.batch_size)
    steps = min(most, max(LEAST, round(PILOT * most)))
    some = Numbered(fit.rows, evenly(len(fit.rows), steps * plan.batch_size))
    epochs = max(1, round(steps / steps_per_epoch(len(some), plan.batch_size)))
    short = OutOfFold(copy.deepcopy(fit.network), some, fit.target, fit.members, fit.piece)
    title = plan.progress and f"{plan.progress}, to know how to vary images"
    alone = replace(plan, epochs=epochs, checkpoint=None, resume=False, keeps_best=False, progress=title)
    short.train(corrupt, alone, stops_early=False)
    short.network.eval()
    return OutOfFold(short.network, fit.rows, fit.target, fit.members, fit.piece)
