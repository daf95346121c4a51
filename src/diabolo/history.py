"""The course of a run of SGD.

held_out_r = error of the averaged weights on held-out rows at round r,     best = argmin_r held_out_r
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from .printed import Grid, Marked, Printed, few

__all__ = ["History"]

FALL = 0.03  # a held-out error that falls by more than this share of it in the last third of the steps still improves
NOTHING = 1e-7  # share of the first held-out error below which 32 bits see none
SHOWN = 7  # rounds of a history that are printed, evenly spaced


@dataclass(repr=False)
class History(Printed):
    """The course of training: one entry per round (an evaluation on held-out rows); prints as a table of some rounds."""

    epoch: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best: int = 0
    stopped: str = "all epochs done"
    times: dict[str, float] = field(default_factory=dict)  # seconds of each stage of this fit; no file holds them

    def state(self) -> dict[str, Any]:
        """As JSON, which has no NaN; where the time of the fit went is no part of the model."""
        kept = {k: v for k, v in asdict(self).items() if k != "times"}
        return {k: [_or_none(x) for x in v] if isinstance(v, list) else v for k, v in kept.items()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> History:
        """The inverse of :meth:`state`."""
        names = ("epoch", "loss", "held_out", "seconds")
        lists = [[math.nan if x is None else float(x) for x in state[name]] for name in names]
        rounds, best = {len(values) for values in lists}, state["best"]
        if len(rounds) != 1 or type(best) is not int or not 0 <= best < max(1, *rounds) or type(state["stopped"]) is not str:
            raise ValueError("the history does not fit together")
        epoch, loss, held_out, seconds = lists
        return cls(epoch, loss, held_out, seconds, best, state["stopped"])

    def add(self, epoch: float, loss: float, held_out: float | None, seconds: float) -> bool:
        """Append a round; True if it is the best so far. Without held-out rows (None), the last one is."""
        self.epoch.append(epoch)
        self.loss.append(loss)
        self.held_out.append(math.nan if held_out is None else held_out)
        self.seconds.append(seconds)
        if held_out is not None and not held_out < self.held_out[self.best] and len(self.held_out) > 1:
            return False
        self.best = len(self.held_out) - 1
        return True

    @property
    def interrupted(self) -> bool:
        """Whether training was ended by Ctrl-C."""
        return self.stopped.startswith("interrupted")

    @property
    def kept(self) -> float:
        """Epochs until the round whose weights are kept; 0 if it is the start, or a linear model."""
        last = self.best == len(self.epoch) - 1
        return self.epoch[self.best] if self.epoch and (self.held_some_out or last) else 0.0

    def _parts(self) -> Iterator[str | Grid]:
        n, held = len(self.epoch), self.held_some_out
        if n:
            some = sorted({round(i * (n - 1) / (SHOWN - 1)) for i in range(SHOWN)} | {self.best})
            columns = {"epoch": self.epoch, "loss": self.loss, "held out": self.held_out, "seconds": self.seconds}
            if not held:
                del columns["held out"]
            rows = [[few(round(v[i], 1) if head == "seconds" else v[i]) for head, v in columns.items()] for i in some]
            kept = held and self.held_out[self.best] <= min(self.held_out)  # otherwise the linear model is kept
            if kept:
                rows[some.index(self.best)][2] = Marked(rows[some.index(self.best)][2])
            yield Grid(tuple(columns), rows, f"{len(some):,} of {n:,} rounds", left=0)
            if kept:
                yield "* The best round; its weights are kept."
            if not held and self.kept:
                yield "No rows were held out: the weights of the last round are kept."
        yield f"Stopped: {self.stopped}."
        if self.times:
            yield f"Seconds: {self.spent}."

    @property
    def spent(self) -> str:
        """The seconds of each stage of the fit, in words."""
        return ", ".join(f"{stage} {few(round(seconds, 2))}" for stage, seconds in self.times.items())

    @property
    def still_improves(self) -> bool:
        """Whether the held-out error fell by 3 % in the last third; some errors are below zero, such as that of decibels."""
        early = [e for e, at in zip(self.held_out, self.epoch, strict=True) if at <= 2 / 3 * self.epoch[-1]]
        return bool(early) and self.held_some_out and self.held_out[self.best] < min(early) - FALL * abs(min(early))

    @property
    def solved(self) -> bool:
        """Whether next to nothing is left of the first held-out error: separable labels can halve it a hundred times more."""
        return self.held_some_out and 0 <= self.held_out[self.best] <= NOTHING * self.held_out[0]

    @property
    def held_some_out(self) -> bool:
        """Whether rows were held out."""
        return not all(math.isnan(value) for value in self.held_out)

    @property
    def waited(self) -> int:
        """Rounds since the best one."""
        return len(self.held_out) - 1 - self.best


def _or_none(x: float) -> float | None:
    return x if math.isfinite(x) else None
