r"""Replay: a model keeps a few old rows, so that it does not forget when it learns from new ones.

    minimize  sum over new rows and old rows of loss,      both with the same weight

The new weights are accepted only if no label gets worse on held-out old rows:

    AP_c(after) >= AP_c(before) - delta        for every label c;  otherwise they are rolled back

References
----------
Experience replay for continual learning (Rolnick et al., 2019), https://arxiv.org/abs/1811.11682
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from ...errors import FormatError
from ...model_selection import folds
from ...nets import EnsembleMLP, Head
from ...network import Diabolo
from ...printed import Grid, Printed
from ...rows import Rows
from ...training import minimize
from .metrics import average_precision

if TYPE_CHECKING:
    from .base import MultiLabel

__all__ = ["Memory", "Refresh", "fine_tune"]

EPOCHS = 20  # of a refresh
DENSE = 10  # times as many numbers as are not 0: more take less room as bytes, all of them
REFRESH_RATE = 0.3  # its learning rate, in units of that of the fit


class Memory:
    """Rows x (r, d) in the units of the format, and their labels y (r, k), NaN = unknown."""

    def __init__(self, x: sp.csr_matrix, y: np.ndarray, sparse: bool = False) -> None:
        self.x, self.y = x, y
        self.sparse = sparse  # whether a file held them so, and is to hold them so again

    @classmethod
    def of(cls, rows: Rows, y: Any, n: int, seed: int) -> Self:
        """Keep n of the rows, stratified by their labels."""
        n = min(n, len(rows))
        i = np.arange(n)
        if 0 < n < len(rows):
            share = n / len(rows)
            i = np.flatnonzero(folds(y, [share, 1 - share], np.random.RandomState(seed)) == 0)[:n]
        x = rows.take(i).numpy() if n else np.empty((0, len(rows.take(np.arange(1))[0])), dtype=np.float32)
        kept = y[i]
        return cls(sp.csr_matrix(x), (kept.toarray() if sp.issparse(kept) else np.asarray(kept)).astype(np.float32))

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def rows(self) -> Tensor:
        """x (r, d), dense."""
        return torch.from_numpy(self.x.toarray())

    def more(self) -> Self:
        """With one more label, unknown in all rows."""
        return type(self)(self.x, np.column_stack([self.y, np.full((len(self.y), 1), np.nan, dtype=np.float32)]))

    def less(self, c: int) -> Self:
        """Without label c."""
        return type(self)(self.x, np.delete(self.y, c, 1))

    def parted(self, n: int | None, seed: int) -> tuple[Self, Self]:
        """n of the rows, by default half of them, drawn at random; and the others."""
        order = np.random.default_rng(seed).permutation(len(self))
        n = len(self) // 2 if n is None else min(int(n), len(self))
        first, rest = (type(self)(self.x[i], self.y[i]) for i in (order[:n], order[n:]))
        return first, rest

    def joined(self, x: Tensor, y: np.ndarray, most: int, seed: int) -> Self:
        """With new rows; at most so many in all, drawn at random from old and new ones."""
        both = sp.vstack([self.x, sp.csr_matrix(x.float().numpy())], format="csr")
        i = np.sort(np.random.default_rng(seed).permutation(both.shape[0])[:most])
        return type(self)(both[i], np.concatenate([self.y, y.astype(np.float32)])[i])

    def state(self) -> dict[str, np.ndarray]:
        """Arrays without NaN; rows of bytes, such as pictures, take a byte for each number."""
        labels = {"y": np.nan_to_num(self.y), "known": (~np.isnan(self.y)).astype(np.uint8)}
        if (
            not self.sparse
            and self.x.nnz > self.x.shape[0] * self.x.shape[1] / DENSE
            and (pixels := in_bytes(self.x)) is not None
        ):
            return {"pixels": pixels} | labels
        return labels | {
            "data": np.nan_to_num(self.x.data, posinf=1.0, neginf=0.0),
            "gaps": np.isnan(self.x.data).astype(np.uint8),
            "indices": self.x.indices.astype(np.int32),
            "indptr": self.x.indptr.astype(np.int64),
        }

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], d: int, k: int) -> Self:
        """The inverse of :meth:`state`."""
        x = rows_of(arrays, d)
        n = x.shape[0]
        if x.shape[1] != d or arrays["y"].shape != (n, k) or arrays["known"].shape != (n, k):
            raise FormatError("its kept rows do not fit its labels")
        y = np.where(arrays["known"] > 0, arrays["y"], np.nan).astype(np.float32)
        return cls(x, y, sparse="pixels" not in arrays)


def in_bytes(x: sp.csr_matrix) -> np.ndarray | None:
    """Rows x (r, d) as bytes, if each number is one of 0, 1/255, ... 1."""
    pixels = np.rint(255 * np.nan_to_num(x.data, nan=-1.0)).clip(0, 255).astype(np.uint8)
    if not np.array_equal(from_bytes(pixels), x.data):
        return None
    return np.asarray(sp.csr_matrix((pixels, x.indices, x.indptr), shape=x.shape).toarray())


def from_bytes(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float32) / np.float32(255)


def rows_of(arrays: dict[str, np.ndarray], d: int) -> sp.csr_matrix:
    """The rows x (r, d) of :meth:`Memory.state`."""
    if "pixels" in arrays:
        if arrays["pixels"].dtype != np.uint8:
            raise FormatError("its kept rows are no bytes")
        return sp.csr_matrix(from_bytes(arrays["pixels"]))
    data = np.where(arrays["gaps"] > 0, np.nan, arrays["data"]).astype(np.float32)
    x = sp.csr_matrix((data, arrays["indices"], arrays["indptr"]), shape=(len(arrays["indptr"]) - 1, d))
    x.check_format(full_check=True)
    return x


@dataclass(frozen=True, repr=False)
class Refresh(Printed):
    """The result of a refresh; prints as a sentence.

    Parameters
    ----------
    accepted : bool
        Whether the model has changed.
    before, after : dict of label to float
        Average precision on held-out old rows, for the labels that these rows have.
    worst : label or None
        The label that lost most.
    learned : bool
        Whether the held-out rows are those that the model kept of its fit: it knew them better than new rows, and may seem to
        lose what it only knew by heart.
    """

    accepted: bool
    before: dict[Any, float]
    after: dict[Any, float]
    worst: Any
    learned: bool = False

    def _parts(self) -> Iterator[str | Grid]:
        yield self._sentence()

    def _sentence(self) -> str:
        if self.worst is None:
            return "accepted; there were no held-out rows with labels to check it" if self.accepted else "rolled back"
        lost = self.before[self.worst] - self.after[self.worst]
        verb = "accepted" if self.accepted else "rolled back: the model has not changed"
        said = f"{verb}; " + (f"{self.worst!r} lost most, {lost:.3f} in average precision" if lost > 0 else "no label lost")
        if self.accepted or not self.learned:
            return said
        return f"{said} on rows of the fit, some of which it knew by heart: judge it by others, held_out=(X, y)"


def fine_tune(
    clf: MultiLabel, x: Tensor, y: np.ndarray, replay: Memory, judge: tuple[Tensor, np.ndarray], delta: float
) -> Refresh:
    """Fine-tune the network of `clf` on new rows x, y and the replayed ones; accept it if the held-out rows allow it."""
    network = copy.deepcopy(clf.network_).float().train().requires_grad_(True)
    if isinstance(network.decoder, Head):
        network.decoder.merged()
    for part in network.modules():
        if isinstance(part, EnsembleMLP):
            part.straight.requires_grad_(False)  # fitted by its own convex problem
    old = np.resize(np.arange(len(replay)), len(x) if len(replay) else 0)
    rows = Rows(torch.cat([x.float(), replay.rows[old]]))
    targets = torch.from_numpy(np.concatenate([y, replay.y[old]])).float()

    def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        raw = network(x).float()
        wanted = targets[i].to(raw.device)
        return torch.stack([clf.loss_(member, wanted) for member in raw]).mean(0)

    rate = clf.lr * REFRESH_RATE
    plan = replace(clf._plan(len(rows)), epochs=EPOCHS, optimizer="adamw", lr=rate, checkpoint=None, resume=False)
    minimize(network, objective, rows, None, plan)
    network.eval().requires_grad_(False).to("cpu", next(clf.network_.parameters()).dtype)
    before, after = (average_precisions(clf, net, *judge) for net in (clf.network_, network))
    worst = min(before, key=lambda name: after[name] - before[name]) if before else None
    accepted = worst is None or after[worst] >= before[worst] - delta
    if accepted:
        clf.network_ = network
    return Refresh(accepted, before, after, worst)


def average_precisions(clf: MultiLabel, network: Diabolo, x: Tensor, y: np.ndarray) -> dict[Any, float]:
    """Average precision of each label with positive and negative rows."""
    if not len(x):
        return {}
    with torch.no_grad():
        raw = network(x.to(next(network.parameters()).dtype)).mean(0).numpy()
    out = {}
    for c, name in enumerate(clf.labels_.names):
        known = ~np.isnan(y[:, c])
        yes = y[known, c] > 0.5
        if 0 < yes.sum() < len(yes):
            out[name], _ = average_precision(raw[known, c], yes, 0)
    return out
