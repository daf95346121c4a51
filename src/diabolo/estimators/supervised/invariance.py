r"""Whether a varied picture means the same: then pictures are varied in this way while a network learns.

    learned_c = mean_i (pbar_c - y_ic)^2 - (p_c(x_i) - y_ic)^2              x_i: pictures that the network has not seen
    lost_c    = mean_i (p_c(varied x_i) - y_ic)^2 - (p_c(x_i) - y_ic)^2         p: predictions, pbar: constant ones

A left arrow is a right one in the mirror, and one that points at a place points at another when it is shifted: who learns from
both learns little. So a network is asked: if it loses more than 15 % of what it has learned about an output, and not by
chance, pictures are not varied in this way. A network that knows nothing yet learns for a tenth of the steps first, as a copy,
from pictures that are varied in the first way only; in all ways, arrows would never be told apart. If it still knows nothing,
all ways are taken.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ...corruption import Corruption
from ...plan import SGD
from ...rows import Numbered, evenly, steps_per_epoch
from .out_of_fold import OutOfFold

__all__ = ["harmless"]

PILOT, LEAST = 0.1, 100  # share of the steps that a copy of the network learns for, and number at least
LEARNED = 0.1  # of the error of constants: what counts as having learned
MOST_LOST = 0.15  # of what was learned
SURE = 3.0  # standard errors


def harmless(ways: Sequence[Corruption], fit: OutOfFold, plan: SGD) -> list[bool]:
    """Of each way to vary pictures, whether the network of a fit may learn from them."""
    fit.network.eval()
    i = fit.sample(fit.target.watched)
    usual = distances(fit, fit.target.start().expand(len(i), -1), i).mean(0)
    plain = squares(fit, i)
    if not knows(plain, usual).any():
        fit = pilot(fit, ways[0], plan)
        plain = squares(fit, i)
    learned = np.where(knows(plain, usual), usual - plain.mean(0), np.inf)
    found = []
    for way in ways:
        lost = squares(fit.varied(way), i) - plain
        sure = lost.mean(0) > SURE * lost.std(0) / len(i) ** 0.5
        found.append(not (sure & (lost.mean(0) > MOST_LOST * learned)).any())
    return found


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


def pilot(fit: OutOfFold, corrupt: Corruption, plan: SGD) -> OutOfFold:
    """A copy of the network that has learned for a short time."""
    most = plan.epochs * steps_per_epoch(len(fit.rows), plan.batch_size)
    steps = min(most, max(LEAST, round(PILOT * most)))
    some = Numbered(fit.rows, evenly(len(fit.rows), steps * plan.batch_size))
    epochs = max(1, round(steps / steps_per_epoch(len(some), plan.batch_size)))
    short = OutOfFold(copy.deepcopy(fit.network), some, fit.target, fit.members, fit.piece)
    short.train(corrupt, replace(plan, epochs=epochs, checkpoint=None, resume=False), stops_early=False)
    short.network.eval()
    return OutOfFold(short.network, fit.rows, fit.target, fit.members, fit.piece)
