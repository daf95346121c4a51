r"""Whether a mirrored picture means the same: then pictures are mirrored in training.

    learned_c = mean_i (pbar_c - y_ic)^2 - (p_c(x_i) - y_ic)^2              x_i: pictures that the network has not seen
    lost_c    = mean_i ((p_c(x_i) + p_c(mirrored x_i)) / 2 - y_ic)^2 - (p_c(x_i) - y_ic)^2
                                                                            p: predictions, pbar: constant ones

A left arrow is a right one in the mirror, and who learns from both says the mean of both. So a network that has seen no
mirrored picture says this mean: if it loses more than a twentieth of what it has learned about an output, and not by chance,
orientation matters. That mirrored pictures are merely new to the network costs the mean nothing. A network that knows nothing
yet learns for a tenth of the steps first, as a copy. If it still knows nothing, pictures are mirrored.
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
MOST_LOST = 0.05  # of what was learned
SURE = 3.0  # standard errors


def mirrors_well(mirror: Corruption, fit: OutOfFold, corrupt: Corruption, plan: SGD) -> bool:
    """Whether the network of a fit may learn from pictures that `mirror` turns; `corrupt` is what else it learns through."""
    fit.network.eval()
    i = fit.sample(fit.target.watched)
    usual = squares(fit, fit.target.loss.predict(fit.target.start().expand(len(i), -1)), i).mean(0)
    p = predictions(fit, i)
    if not knows(squares(fit, p, i), usual).any():
        fit = pilot(fit, corrupt, plan)
        p = predictions(fit, i)
    plain = squares(fit, p, i)
    lost = squares(fit, (p + predictions(fit.varied(mirror), i)) / 2, i) - plain
    sure = lost.mean(0) > SURE * lost.std(0) / len(i) ** 0.5
    return not (knows(plain, usual) & sure & (lost.mean(0) > MOST_LOST * (usual - plain.mean(0)))).any()


def knows(plain: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """(k + 1,) what the network has learned something about: its errors are smaller than those of constant predictions."""
    return plain.mean(0) < (1 - LEARNED) * usual


@torch.no_grad()
def predictions(fit: OutOfFold, i: np.ndarray) -> Tensor:
    """(r, k) what the network says of the rows i (r,), which it has not seen."""
    return fit.target.loss.predict(fit.raw(i).mean(0))


def squares(fit: OutOfFold, p: Tensor, i: np.ndarray) -> np.ndarray:
    """(r, k + 1) squared errors of predictions (r, k) for the rows i (r,), and their sum over the outputs."""
    d = (p - fit.target.y(torch.from_numpy(i))).square().nan_to_num()
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
