"""Rows for readers: original units, pictures, words; observed values, and the expected values of two models."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from ..formats import Arrays, Documents, Tables
from .rows import SelectedRows
from .values import packed, plain, rounded

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder

__all__ = ["RowFormatter"]

MAX_CELLS_SHOWN = 40  # cells of a row; for a document, WORDS
WORDS = 12
HALF = 0.5  # the cells with this share of a row's error are surprising, if they are further off than the column varies
ROWS_PER_CHUNK = 500  # rows decoded at once


class RowFormatter:
    """Turns numbers of a model's format into readable texts and pictures.

    Parameters
    ----------
    model : Autoencoder
    picked : Picked
        The rows that are shown; they determine black and white of the pictures.
    """

    def __init__(self, model: Autoencoder, picked: SelectedRows) -> None:
        self.model, self.format = model, model.format_
        self.documents = self.format.kind == "documents"
        self.picture = self._picture(picked)
        self.names = [self._name(j, name) for j, name in enumerate(self.format.columns)]

    def _picture(self, picked: SelectedRows) -> dict[str, Any] | None:
        """Channels, height, width, black and white, if rows are pictures, or numbers of one unit that fill a square."""
        side = isqrt(self.format.width)
        shape = self.format.shape or (1, side, side)
        if not getattr(self.format, "common", False) or int(np.prod(shape)) != self.format.width or shape[1] < 4:
            return None
        x = self.numbers(picked.x)
        return {
            "channels": shape[0],
            "height": shape[1],
            "width": shape[2],
            "low": rounded(float(np.nanmin(x, initial=0.0))),
            "high": rounded(float(np.nanmax(x, initial=0.0))),
        }

    def _name(self, j: int, name: str) -> str:
        if self.picture is None:
            return name
        channel, place = divmod(j, self.picture["height"] * self.picture["width"])
        row, column = divmod(place, self.picture["width"])
        color = f"{('red', 'green', 'blue')[channel]}, " if self.picture["channels"] == 3 else ""
        return f"{name} ({color}row {row + 1}, column {column + 1})"

    # ── columns ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def columns(self, x: Tensor, chosen: list[int]) -> list[list[Any]]:
        """The chosen columns of x (n, d) in original units."""
        found: list[list[Any]] = [[] for _ in chosen]
        for part in x.split(ROWS_PER_CHUNK):
            read = self.format.original(part)
            for values, j in zip(found, chosen, strict=True):
                values.extend(read[j])
        return found

    def seen(self, picked: SelectedRows, chosen: list[int]) -> list[list[Any]]:
        """The chosen columns of rows, as in their table."""
        return [picked.cells[j] for j in chosen] if picked.cells else self.columns(picked.x, chosen)

    def words(self, x: Tensor, most: int) -> list[list[str]]:
        """The most frequent words of each document."""
        return [cast(Documents, self.format).top(row, most) for row in x.numpy()]

    def numbers(self, x: Tensor) -> np.ndarray:
        """x (n, d) of an array in original units."""
        return np.asarray(cast(Arrays, self.format).values(x))

    def pixels(self, x: Tensor) -> str:
        assert self.picture is not None
        return packed(self.numbers(x), self.picture["low"], self.picture["high"])

    def heat(self, errors: np.ndarray) -> list[str] | None:
        """The error of each pixel, over all its colors, as pictures (autoencoder, linear) on one scale."""
        if not self.picture:
            return None
        errors = errors.reshape(len(errors), self.picture["channels"], -1).sum(1)
        return [packed(e, 0.0, float(errors.max())) for e in errors]

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, picked: SelectedRows, usual: np.ndarray) -> list[dict[str, Any]]:
        """One entry per row: its cells by error, and its picture or words; `usual` is the variance of each column."""
        if not len(picked.x):
            return []
        found = [{"cells": c} for c in self._cells(picked, usual)]
        for i, entry in enumerate(found):
            entry |= self._whole(picked, i)
        return found

    def _whole(self, picked: SelectedRows, i: int) -> dict[str, Any]:
        """The whole row: a picture, or a few words."""
        three = [t[i : i + 1] for t in (picked.x, picked.e, picked.p)]
        if self.picture:
            return {"pixels": [self.pixels(t) for t in three]}
        return {"words": [self.words(t, WORDS)[0] for t in three]} if self.documents else {}

    def _cells(self, picked: SelectedRows, usual: np.ndarray) -> list[list[dict[str, Any]]]:
        errors = self.model.loss_.cells(picked.e, picked.x)
        seen, expected, linear = (self._read(t, picked.x) for t in (picked.x, picked.e, picked.p))
        seen = picked.cells or seen
        missing, sure = self._missing(picked.x), self._sure(picked.e)
        if errors.shape[1] != len(self.names):  # a user's loss with other columns
            errors, usual = torch.zeros(missing.shape), np.ones(len(self.names))
        out = []
        for i, e in enumerate(errors.double().numpy()):
            order = np.argsort(-e, kind="stable")[: WORDS if self.documents else MAX_CELLS_SHOWN]
            share = e[order] / (e.sum() or 1.0)
            surprising = (np.cumsum(share) - share < HALF) & (share > 0.1) & (e[order] > usual[order])
            out.append(
                [
                    {
                        "name": self.names[j],
                        "seen": None if missing[i, j] else other(seen[j][i]),
                        "expected": other(expected[j][i]),
                        "linear": other(linear[j][i]),
                        "sure": rounded(sure[i, j], 3),
                        "share": rounded(s, 4),
                        "surprising": bool(much),
                    }
                    for j, s, much in zip(order, share, surprising, strict=True)
                ]
            )
        return out

    def _read(self, t: Tensor, x: Tensor) -> list[list[Any]]:
        """Values per column; for documents, counts for the same number of words."""
        if self.documents:
            t = t * (x.sum(1, keepdim=True) / t.sum(1, keepdim=True).clamp(min=1e-12))
        return self.columns(t, list(range(len(self.names))))

    def _missing(self, x: Tensor) -> np.ndarray:
        """(n, columns) whether the value is missing."""
        first = [block.start for block in self.format.blocks] if self.format.kind == "tables" else slice(None)
        return torch.isnan(x[:, first]).numpy()

    def _sure(self, e: Tensor) -> np.ndarray:
        """(n, columns) the probability of the expected level; NaN for numbers."""
        sure = np.full((len(e), len(self.names)), np.nan)
        if isinstance(self.format, Tables):
            for j, block in enumerate(self.format.blocks):
                sure[:, j] = certainty(type(self.format.fields[j]).__name__, e[:, block])
        return sure


def certainty(kind: str, p: Tensor) -> Any:
    if kind == "Category":
        return p.amax(1)
    return torch.maximum(p, 1 - p)[:, 0] if kind == "Binary" else torch.nan


def other(v: Any) -> Any:
    """The text of a level without a name."""
    found = plain(v)
    return "(another value)" if found is None else found
