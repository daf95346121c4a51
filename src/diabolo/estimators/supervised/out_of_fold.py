r"""What the members have learned, judged on rows that they have not seen.

    raw_i = output of the member that has not seen row i          one for each kind of members (cross_fitting.py)

These outputs decide when SGD stops, the penalty of a last layer on fixed codes, and the temperature of each kind of members:

    minimize  sum_i loss(V h_i + b, y_i) + lambda / 2 |V|^2          lambda: the best for out-of-fold rows
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor

from ...corruption import Corruption
from ...hardware import one_thread
from ...history import History
from ...nets import Head
from ...network import Diabolo
from ...plan import SGD
from ...rows import Rows, Varied, evenly, mark, spread_rows
from ...training import minimize
from ..cross_fitting import CrossFit
from .targets import Target

__all__ = ["OutOfFold"]

MAX_ROWS_FOR_RIDGE = 2000  # rows on which it is chosen
MARKED = 1_000_000  # cells by which the y of two runs, and their weights, are told apart


class OutOfFold:
    """The members of one fit, with the rows and the target that they learn from.

    Parameters
    ----------
    network : Diabolo
        All members.
    rows : Rows
        All rows.
    target : Target
        Their y.
    members : CrossFit
        Which member has seen which row.
    piece : int
        Number of rows that are read at once.
    """

    def __init__(self, network: Diabolo, rows: Rows, target: Target, members: CrossFit, piece: int) -> None:
        self.network, self.rows, self.target, self.members, self.piece = network, rows, target, members, piece

    def on_codes(self, network: Diabolo, h: Tensor) -> OutOfFold:
        """The same members, as a network that reads the codes h (n, m) of all rows."""
        return OutOfFold(network, Rows(h), self.target, self.members, self.piece)

    def varied(self, vary: Callable[[Tensor], Tensor]) -> OutOfFold:
        """The same members, which see the rows varied."""
        return OutOfFold(self.network, Varied(self.rows, vary), self.target, self.members, self.piece)

    def counted(self, i: np.ndarray) -> np.ndarray:
        """Which of the rows i can be judged: some member has not seen them, and they have a weight."""
        return self.members.has_out_of_fold(i) & self.target.counts(i)

    def sample(self, most: int) -> np.ndarray:
        """Numbers of rows that can be judged, at most so many."""
        return spread_rows(np.flatnonzero(self.counted(np.arange(len(self.rows)))), most)

    def raw(self, i: np.ndarray) -> Tensor:
        """(r,) row numbers -> raw (J, r, k), of each kind by the member that has not seen the row."""
        return self.members.out_of_fold(self.network, self.rows, i, self.piece)

    def train(self, corruption: Corruption, plan: SGD, stops_early: bool, first: int = 0) -> History:
        """SGD, of the members from number `first` on."""

        def losses(seen: Tensor, _: Tensor, i: Tensor, rng: torch.Generator) -> Tensor:
            return self.target.losses(partial(outputs, self.network, seen), i, rng)

        objective = self.members.objective(corruption, losses, first=first)
        watched = self.sample(self.target.watched)
        if plan.checkpoint is not None:
            some = torch.from_numpy(evenly(len(self.rows), max(1, MARKED // self.target.k)))
            same = {"y": self.target.y(some), "sample_weight": self.target.weight(some), "groups": self.members.fold}
            marks = {name: mark(torch.as_tensor(x)) for name, x in same.items() if x is not None}
            plan = replace(plan, about=plan.about | marks)

        def held_out() -> float:
            return self.target.error_of(self.raw(watched).mean(0), watched)

        return minimize(self.network, objective, self.rows, held_out if stops_early else None, plan)

    @one_thread()
    def solve(self, h: Tensor, rows: np.ndarray | None = None) -> None:
        """Solve the last layer of each member for codes h (r, m) of the rows of numbers `rows` (r,); None: of all rows."""
        u, rows = h.double().numpy(), np.arange(len(h)) if rows is None else rows
        ridge = min(self.target.ridges, key=partial(self._error, u, rows, evenly(len(u), MAX_ROWS_FOR_RIDGE)))
        head = cast(Head, self.network.decoder)
        for k in range(self.members.k):
            i = np.flatnonzero(self.members.fold[rows] != k)
            v, b = self.target.optimum(u[i], rows[i], ridge)
            with torch.no_grad():
                head.v[0][k, : len(v)], head.b[0][k] = torch.from_numpy(v), torch.from_numpy(b)

    def _error(self, u: np.ndarray, rows: np.ndarray, some: np.ndarray, ridge: float) -> float:
        """Out-of-fold error with this lambda, on some of u (r, m), which are codes of `rows` (r,)."""
        u, rows = u[some], rows[some]
        fold, raw = self.members.fold[rows], np.zeros((len(rows), self.target.k))
        for k in range(self.members.k):
            v, b = self.target.optimum(u[fold != k], rows[fold != k], ridge)
            raw[fold == k] = u[fold == k] @ v + b
        judged = self.counted(rows)
        return self.target.error_of(torch.from_numpy(raw[judged]).float(), rows[judged])

    def scale_temperature(self, i: np.ndarray) -> None:
        """Calibrate each kind of members by a temperature, so that no kind dominates the mean by overconfidence."""
        head, k = cast(Head, self.network.decoder), self.members.k
        for j, raw in enumerate(self.raw(i)):
            t = self.target.temperature(raw, i)
            for p in (*head.v, *head.b):
                part = p[j * k : (j + 1) * k]
                part.copy_((part * t).float())  # rounded as in a file


def outputs(network: Diabolo, x: Tensor, some: Tensor | None) -> Tensor:
    """Rows x (B, d) -> raw (K, B, k), or (K, B, c) for some outputs c."""
    raw = network(x) if some is None else cast(Head, network.decoder).only(network.encoder(x), some.to(x.device))
    return cast(Tensor, raw.float())
