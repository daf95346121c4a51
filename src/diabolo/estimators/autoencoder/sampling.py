r"""New rows: draw a code, decode it, and draw what the code leaves open.

    z   ~ p(z)                                    the density of the training codes
    x_j ~ levels with probabilities e_j           e = predict(decoder(z)): categories, booleans
    x_j = Q_j(F_j(e_j + r_j eps))                 numbers; r_j: the root mean squared residual

``F_j`` is the distribution of ``e_j + r_j eps`` under p(z), and ``Q_j`` are the quantiles of the training rows. So each
number is as frequent as in the training rows, zeros and round numbers included; a column of few values, such as 500, 1000 and
5000, gets no others. Pictures and documents are expected values.

With *given* cells, codes are drawn in proportion to the likelihood of these cells (importance sampling), and the cells are
set to the given values.

References
----------
From variational to deterministic autoencoders (Ghosh et al., 2020), https://arxiv.org/abs/1903.12436
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from ...density import DENSITIES, Density, density
from ...errors import DataError, an, warn
from ...formats import scale as scales
from ...formats.far import ENOUGH_TO_TELL
from ...formats.targets import is_missing
from ...losses import Columns
from ...nets import inside

if TYPE_CHECKING:
    from ...estimators.autoencoder.autoencoder import Autoencoder
    from ...formats import Format

__all__ = ["Sampler", "novelty"]

GRID = np.linspace(0, 1, 101)  # of the quantiles
FEW, EACH = 50, 10  # values of a column that has no others, if there are so many rows for each
MAX_ROWS_FOR_SCATTER = 4000  # rows from which F is learned
CANDIDATES_PER_ROW = 50  # candidate codes for each row with given cells
CANDIDATES, NUMBERS = 10_000, 1 << 25  # at least so many for few rows, too; and numbers in what they decode to, at most
FEW_CODES = 10  # that suit the given cells, fewer of which are told
MAX_ROWS_FOR_NOVELTY = 2000  # rows whose nearest distance is measured
MAX_ROUNDS = 200  # rounds of drawing codes within a band of likelihoods, at most


class Sampler:
    """p(z), and the scatter around decoded codes.

    Parameters
    ----------
    p : Density
        Density of the codes.
    likely : ndarray (101,)
        Quantiles of log p of the training codes.
    off : ndarray (d,)
        r, the root mean squared residual of each feature; 0 for features without scatter.
    before, after : ndarray (101, m)
        Quantiles of F and Q, of the m features with scatter; or the steps from one value to the next.
    """

    def __init__(self, p: Density, likely: np.ndarray, off: np.ndarray, before: np.ndarray, after: np.ndarray) -> None:
        self.p, self.likely, self.off, self.before, self.after = p, likely, off, before, after

    @classmethod
    def fit(cls, model: Autoencoder, x: Tensor, given: Any) -> Self:
        """From training rows x (n, d); `given` is a density or its name."""
        x = inside(x)
        z = model.network_.encoder(x)
        p = density(given).fit(z.numpy())
        likely = np.quantile(p.log_prob(z.numpy()), GRID)
        off = (x - model.loss_.predict(model.network_.decoder(z))).square().nanmean(0).sqrt().numpy()
        off = np.where(model.format_.quantities(), np.nan_to_num(off), 0.0)
        none = np.zeros((len(GRID), 0))
        self = cls(p, likely, off, none, none).rounded()
        some = np.flatnonzero(self.off)
        if len(some):
            rng = np.random.default_rng(0)
            raw = self._noisy(expected(model, p.sample(MAX_ROWS_FOR_SCATTER, rng)), rng)[:, some]
            pairs = [matched(*pair) for pair in zip(raw.T, x[:, some].numpy().T, strict=True)]
            self.before, self.after = (np.column_stack(side) for side in zip(*pairs, strict=True))
        return self.rounded()

    def rounded(self) -> Self:
        """Rounded to float32, as in a file."""
        for name in ("likely", "off", "before", "after"):
            setattr(self, name, np.nan_to_num(getattr(self, name)).astype(np.float32).astype(np.float64))
        return self

    def codes(self, n: int, rng: np.random.Generator, band: tuple[float, float]) -> np.ndarray:
        """(n, k) draws of p(z), with a likelihood between two quantiles of the training codes' likelihood."""
        low, high = np.interp(band, GRID, self.likely)
        low, high = (-np.inf if band[0] <= 0 else low), (np.inf if band[1] >= 1 else high)
        found, count = [], 0
        for _ in range(MAX_ROUNDS):
            z = self.p.sample(max(100, 2 * (n - count)), rng)
            value = self.p.log_prob(z)
            found.append(z[(value >= low) & (value <= high)])
            count += len(found[-1])
            if count >= n:
                return np.concatenate(found)[:n]
        raise DataError(
            f"likelihood={band}: only {count:,} of {n:,} draws fell into this range in {MAX_ROUNDS} rounds: give a wider one"
        )

    def rows(self, model: Autoencoder, z: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Codes (n, k) -> x (n, d)."""
        e = model.format_.drawn(expected(model, z), rng)
        if not self.off.any():
            return torch.from_numpy(e)
        noisy = self._noisy(e, rng)
        for i, j in enumerate(np.flatnonzero(self.off).tolist()):
            e[:, j] = np.interp(noisy[:, j], self.before[:, i], self.after[:, i])
            e[:, j] = short(e[:, j], *model.format_.unit_of(j))
        return torch.from_numpy(e)

    def _noisy(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return e + self.off * rng.standard_normal(e.shape)

    def draw(self, model: Autoencoder, n: int, likelihood: Any, given: dict[str, Any] | None, seed: int) -> Any:
        """n new rows, as the kind of object that the model was fitted to."""
        low, high = quantiles(likelihood)
        if given is not None and not isinstance(given, dict):
            raise DataError(f"given is {an(type(given).__name__)}: give a dict of column to value, such as {{'age': 40}}")
        rng, given = np.random.default_rng(seed), known(model.format_, given) if given else None
        if not given:
            return model.format_.from_draws(self.rows(model, self.codes(n, rng, (low, high)), rng), rng)
        wanted = cells(model, given)
        model.format_.tell_far(wanted.expand(ENOUGH_TO_TELL, -1))
        x = self.rows(model, conditioned(model, self, wanted, n, rng, (low, high)), rng)
        return model.format_.with_given(model.format_.from_draws(torch.where(torch.isnan(wanted), x, wanted), rng), given)

    def state(self, format: Format) -> dict[str, np.ndarray]:
        arrays = {"likely": self.likely, "off": self.off[format.quantities()], "before": self.before, "after": self.after}
        kept = {name: v.astype(np.float32) for name, v in arrays.items()}
        return kept | {f"p.{name}": v for name, v in self.p.state().items()}

    @classmethod
    def from_state(cls, density: str, arrays: dict[str, np.ndarray], format: Format) -> Self:
        """The inverse of :meth:`state`; `density` is the name of p(z)."""
        if density not in DENSITIES:
            raise DataError(f"its density is {density!r}, not one of {', '.join(map(repr, sorted(DENSITIES)))}")
        p = DENSITIES[density].from_state({name[2:]: v for name, v in arrays.items() if name.startswith("p.")})
        off = np.zeros(format.width)
        off[format.quantities()] = arrays["off"]
        return cls(p, arrays["likely"].astype(np.float64), off, *(arrays[n].astype(np.float64) for n in ("before", "after")))


def quantiles(likelihood: Any) -> tuple[float, float]:
    """The range of log p, as quantiles."""
    try:
        low, high = map(float, likelihood)
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not 0 <= low < high <= 1:
        raise ValueError(f"likelihood={likelihood!r}: allowed are two numbers in [0, 1], the lower one first")
    return low, high


def matched(raw: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draws raw (m,) and what a column holds, x (n,) -> the two sides (101,) of a curve from the one to the other.

    >>> before, after = matched(np.arange(100.0), np.repeat([1.0, 5.0], [30, 70]))
    >>> np.interp([0, 29, 30, 99], before, after).tolist()
    [1.0, 1.0, 5.0, 5.0]
    """
    values, counts = np.unique(x[~np.isnan(x)], return_counts=True)
    if len(values) > FEW or counts.sum() < EACH * len(values):
        return np.quantile(raw, GRID), np.nanquantile(x, GRID)
    ends = np.quantile(raw, np.cumsum([0, *counts]) / counts.sum())  # from each value to the next there is a step
    missing = len(GRID) - 2 * len(values)
    return np.pad(np.repeat(ends, 2)[1:-1], (0, missing), "edge"), np.pad(np.repeat(values, 2), (0, missing), "edge")


def short(x: np.ndarray, mean: float, deviation: float, *rest: float) -> np.ndarray:
    """Standardized numbers, their values rounded to six digits of the deviation, because training rows are float32."""
    v, step = scales.decoded(x, mean, deviation, *rest), max(10.0 ** -scales.six_digits(deviation), 1e-300)
    near = np.abs(v) < 2.0**52 * step  # beyond, a float64 has fewer digits
    return scales.encoded(np.where(near, np.round(v / step) * step, v), mean, deviation, *rest)


def expected(model: Autoencoder, z: np.ndarray) -> np.ndarray:
    """Codes (n, k) -> expected values (n, d)."""
    return np.asarray(model._decode(z).double().numpy())


def conditioned(
    model: Autoencoder, sampler: Sampler, wanted: Tensor, n: int, rng: np.random.Generator, band: Any
) -> np.ndarray:
    """(n, k) codes, drawn in proportion to the likelihood of the given cells `wanted` (d,); NaN = not given."""
    z = sampler.codes(max(CANDIDATES_PER_ROW * n, min(CANDIDATES, NUMBERS // model.format_.width)), rng, band)
    raw = model.network_.decoder(torch.from_numpy(z).to(next(model.network_.parameters()).dtype))
    apart = model.loss_.surprise(raw, wanted.expand(len(z), -1)).double().numpy()
    scale = np.ones(apart.shape[1])
    if isinstance(model.loss_, Columns):
        for j, block in enumerate(model.format_.blocks):
            off = float(sampler.off[block].max())
            scale[j] = 2 * max(off, 0.05) ** 2 if off else model.loss_.of(j)[1]
    weights = -(apart / scale).sum(1)
    weights = np.exp(weights - weights.max())
    weights /= weights.sum()
    if (suit := 1 / np.square(weights).sum()) < min(n, FEW_CODES):  # the effective number of draws (Kish)
        warn(
            f"given: of {len(z):,} codes that were drawn, only about {round(suit)} suit these cells, so the {n:,} new rows are "
            "more alike than they should be. Such rows are rare, or the cells contradict each other"
        )
    return z[rng.choice(len(z), n, p=weights)]


def known(format: Format, given: dict[str, Any]) -> dict[str, Any]:
    """The given cells that are not missing; their columns are checked."""
    if not format.has_cells:
        raise DataError("given= needs a table or an array: documents have no columns to fix")
    absent = [name for name in given if name not in format.columns]
    if absent:
        raise DataError(
            f"given={given!r}: there is no column {absent[0]!r}; the columns are {', '.join(map(repr, format.columns))}"
        )
    return {name: value for name, value in given.items() if not is_missing(value)}


def cells(model: Autoencoder, given: dict[str, Any]) -> Tensor:
    """{column: value} -> (d,); NaN = not given."""
    format = model.format_
    row = torch.full((format.width,), torch.nan, dtype=torch.float64)
    for name, value in given.items():
        j = format.columns.index(name)
        row[format.blocks[j]] = torch.from_numpy(format.cell(j, value))
    return row


def novelty(new: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(n,) distance of each new row (n, d) to the nearest row of x, divided by the median nearest distance within x."""
    x = x[np.sort(np.unique(x, axis=0, return_index=True)[1])]  # a copy in x is no neighbor: it would be at no distance
    if len(x) < 2:
        raise DataError("all rows of X are the same: there is no usual distance within X, give at least two different ones")
    tree = NearestNeighbors(n_neighbors=2).fit(x)
    usual = np.median(tree.kneighbors(x[:MAX_ROWS_FOR_NOVELTY])[0][:, 1])
    return np.asarray(tree.kneighbors(new, 1)[0][:, 0] / max(float(usual), 1e-12))
