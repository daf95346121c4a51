r"""Whether a mirrored picture means the same: then pictures are mirrored in training.

    learned_c = mean_i (pbar_c - y_ic)^2 - (p_c(x_i) - y_ic)^2              x_i: pictures that the network has not seen
    lost_c    = mean_i (p_c(mirrored x_i) - y_ic)^2 - (p_c(x_i) - y_ic)^2       p: predictions, pbar: constant ones

A left arrow is a right one in the mirror, and who learns from both learns nothing. So a network that has seen no mirrored
picture is asked: if it loses more than half of what it has learned about an output, and not by chance, orientation matters. A
network that knows nothing yet learns for a tenth of the steps first, as a copy. If it still knows nothing, pictures are
mirrored.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ...corruption import Corruption
from ...plan import SGD
from ...rows import Numbered, evenly, steps_per_epoch
from .out_of_fold import OutOfFold

__all__ = ["mirrors_well"]

PILOT, LEAST = 0.1, 100  # share of the steps that a copy of the network learns for, and number at least
LEARNED = 0.1  # of the error of constants: what counts as having learned
MOST_LOST = 0.5  # of what was learned
SURE = 3.0  # standard errors


def mirrors_well(mirror: Corruption, fit: OutOfFold, corrupt: Corruption, plan: SGD) -> bool:
    """Whether the network of a fit may learn from pictures that `mirror` turns; `corrupt` is what else it learns through."""
    fit.network.eval()
    i = fit.sample(fit.target.watched)
    usual = distances(fit, fit.target.start().expand(len(i), -1), i).mean(0)
    plain = squares(fit, i)
    if not knows(plain, usual).any():
        fit = pilot(fit, corrupt, plan)
        plain = squares(fit, i)
    lost = squares(fit.varied(mirror), i) - plain
    sure = lost.mean(0) > SURE * lost.std(0) / len(i) ** 0.5
    return not (knows(plain, usual) & sure & (lost.mean(0) > MOST_LOST * (usual - plain.mean(0)))).any()


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
    title = plan.progress and f"{plan.progress}, to know whether to mirror"
    alone = replace(plan, epochs=epochs, checkpoint=None, resume=False, keeps_best=False, progress=title)
    short.train(corrupt, alone, stops_early=False)
    short.network.eval()
    return OutOfFold(short.network, fit.rows, fit.target, fit.members, fit.piece)
