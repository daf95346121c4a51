r"""Whether a varied picture means the same: then pictures are varied in this way while a network learns.

    learned_c  = mean_i (pbar_c - y_ic)^2 - (p_c(x_i) - y_ic)^2                     x_i: pictures that the network has not seen
    mirrored_c = mean_i ((p_c(x_i) + p_c(mirrored x_i)) / 2 - y_ic)^2 - (p_c(x_i) - y_ic)^2
    shifted_c  = mean_i (p_c(shifted x_i) - y_ic)^2 - (p_c(x_i) - y_ic)^2           p: predictions, pbar: constant ones
    moved_c    = (mean_i (p_c(x_i to the right) - p_c(x_i to the left)) / 2)^2      and down and up

A left arrow is a right one in the mirror, and who learns from both says the mean of both. So a network that has seen no
mirrored picture says this mean: if it loses more than a twentieth of what it has learned about an output, and not by chance,
pictures are not mirrored. That mirrored pictures are merely new to the network costs the mean nothing. A place is another place
when the picture is shifted: if answers move with the pictures, by as much, or if shifted ones cost half of what was learned,
pictures are not shifted. A network that knows nothing yet learns for a tenth of the steps first, as a copy, from shifted
pictures; from mirrored ones it would never tell arrows apart. If it knows nothing after three such times, pictures are shifted,
which costs a place some of its digits at worst, but not mirrored, which could cost all.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
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

PILOT, LEAST, TIMES = 0.1, 100, 3  # share of the steps that a copy of the network learns for, number at least; how often
LEARNED = 0.1  # of the error of constants: what counts as having learned
MOST, MOST_SHIFTED = 0.05, 0.5  # of what was learned
SURE = 3.0  # standard errors
SIDES = (0, 1), (1, 0)  # down, right


def harmless(shift: Shift, mirror: Mirror, fit: OutOfFold, plan: SGD) -> tuple[bool, bool]:
    """Whether the network of a fit may learn from shifted pictures, and from mirrored ones."""
    fit.network.eval()
    i = fit.sample(fit.target.watched)
    usual = squares(fit, fit.target.loss.predict(fit.target.start().expand(len(i), -1)), i).mean(0)
    p = predictions(fit, i)
    for _ in range(TIMES):
        if knows(squares(fit, p, i), usual).any():
            break
        fit = pilot(fit, shift, plan)
        p = predictions(fit, i)
    plain, rng = squares(fit, p, i), torch.Generator().manual_seed(0)
    if not knows(plain, usual).any():
        return True, False
    learned = np.where(knows(plain, usual), usual - plain.mean(0), np.inf)

    def of(vary: Callable[[Tensor], Tensor]) -> Tensor:
        return predictions(fit.varied(vary), i)

    def over(found: np.ndarray, most: np.ndarray) -> bool:
        mean, chance = found.mean(0), found.std(0) / len(i) ** 0.5
        return bool(((mean > most) & (mean > SURE * chance)).any())

    both = (p + of(partial(replace(mirror, p=1.0).vary, rng=rng))) / 2
    shifted = over(squares(fit, of(partial(shift.vary, rng=rng)), i) - plain, MOST_SHIFTED * learned)
    sides = [(of(partial(shift.moved, down=y, right=x)) - of(partial(shift.moved, down=-y, right=-x))) / 2 for y, x in SIDES]
    moved = any(over(s * m.numpy(), (MOST * learned[:-1]) ** 0.5) for m in sides for s in (1, -1))
    return not (shifted or moved), not over(squares(fit, both, i) - plain, MOST * learned)


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
