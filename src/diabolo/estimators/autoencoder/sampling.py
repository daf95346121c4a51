r"""New rows: a likely code, decoded, with what the code leaves open drawn as well.

    z   ~ p(z)                                    the density of the training codes
    x_j ~ levels with probabilities e_j           e = predict(decoder(z)): categories, yes and no
    x_j = Q_j(F_j(e_j + r_j eps))                 numbers; r_j: what the network is usually off by

``F_j`` is the distribution of ``e_j + r_j eps`` under p(z), and ``Q_j`` the quantiles of the training rows: each number
comes as often as it does among them, zeros and round numbers included. Pictures and documents are what is expected.

With some cells *given*, codes are drawn in proportion to how likely they make these cells (importance sampling), and the
cells are set to what was given.

References
----------
From variational to deterministic autoencoders (Ghosh et al., 2020), https://arxiv.org/abs/1903.12436
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ...density import DENSITIES, Density, density
from ...errors import DataError
from ...formats import Arrays, Documents, Tables
from ...formats import scale as scales
from ...formats.tables import Binary, Category, Number
from ...losses import Columns
from ...nets import inside

__all__ = ["Sampler"]

GRID = np.linspace(0, 1, 101)  # of the quantiles
DRAWN = 4000  # rows from which F is learned
LISTED = 20  # levels named in an error
POOL = 50  # codes looked at for each row with given cells
TRIES = 200  # rounds in which a band of likelihoods must be filled


class Sampler:
    """p(z), and what decoded codes leave open.

    Parameters
    ----------
    p : Density
        Of the codes.
    likely : ndarray (101,)
        Quantiles of log p of the training codes.
    off : ndarray (d,)
        r, the root of the mean squared residual of each feature; 0 where nothing is drawn.
    before, after : ndarray (101, m)
        Quantiles of F and Q of the m features of which something is drawn.
    """

    def __init__(self, p: Density, likely: np.ndarray, off: np.ndarray, before: np.ndarray, after: np.ndarray) -> None:
        self.p, self.likely, self.off, self.before, self.after = p, likely, off, before, after

    @classmethod
    def fit(cls, model: Any, x: Tensor, given: Any) -> Self:
        """From training rows x (n, d), with the density `given` by name or as it is."""
        x = inside(x)
        z = model.network_.encoder(x)
        p = density(given).fit(z.numpy())
        likely = np.quantile(p.log_prob(z.numpy()), GRID)
        off = (x - model.loss_.predict(model.network_.decoder(z))).square().nanmean(0).sqrt().numpy()
        off = np.where(numbers(model.format_), np.nan_to_num(off), 0.0)
        none = np.zeros((len(GRID), 0))
        self = cls(p, likely, off, none, none).rounded()
        some = np.flatnonzero(self.off)
        if len(some):
            rng = np.random.default_rng(0)
            raw = self._noisy(expected(model, p.sample(DRAWN, rng)), rng)[:, some]
            self.before, self.after = np.quantile(raw, GRID, axis=0), np.nanquantile(x[:, some].numpy(), GRID, axis=0)
        return self.rounded()

    def rounded(self) -> Self:
        """As a file keeps it."""
        for name in ("likely", "off", "before", "after"):
            setattr(self, name, np.nan_to_num(getattr(self, name)).astype(np.float32).astype(np.float64))
        return self

    def codes(self, n: int, rng: np.random.Generator, band: tuple[float, float]) -> np.ndarray:
        """(n, k) draws of p(z) whose likelihood is between two quantiles of that of the training codes."""
        low, high = np.interp(band, GRID, self.likely)
        low, high = (-np.inf if band[0] <= 0 else low), (np.inf if band[1] >= 1 else high)
        found, count = [], 0
        for _ in range(TRIES):
            z = self.p.sample(max(100, 2 * (n - count)), rng)
            value = self.p.log_prob(z)
            found.append(z[(value >= low) & (value <= high)])
            count += len(found[-1])
            if count >= n:
                return np.concatenate(found)[:n]
        raise DataError(
            f"likelihood={band}: only {count:,} of {n:,} draws fell into that band in {TRIES} rounds: take a wider one"
        )

    def rows(self, model: Any, z: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Codes (n, k) -> x (n, d)."""
        e = expected(model, z)
        if isinstance(model.format_, Tables):
            e = drawn(model.format_, e, rng)
        if not self.off.any():
            return torch.from_numpy(e)
        noisy = self._noisy(e, rng)
        for i, j in enumerate(np.flatnonzero(self.off).tolist()):
            e[:, j] = np.interp(noisy[:, j], self.before[:, i], self.after[:, i])
            e[:, j] = short(e[:, j], *unit(model.format_, j))
        return torch.from_numpy(e)

    def _noisy(self, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return e + self.off * rng.standard_normal(e.shape)

    def state(self, format: Any) -> dict[str, np.ndarray]:
        arrays = {"likely": self.likely, "off": self.off[numbers(format)], "before": self.before, "after": self.after}
        kept = {name: v.astype(np.float32) for name, v in arrays.items()}
        kind = next(i for i, cls in enumerate(DENSITIES.values()) if type(self.p) is cls)
        return kept | {"kind": np.array([kind], np.int64)} | {f"p.{name}": v for name, v in self.p.state().items()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray], format: Any) -> Self:
        """The inverse of :meth:`state`."""
        kinds = list(DENSITIES.values())
        kind = arrays["kind"]
        if kind.shape != (1,) or not 0 <= kind[0] < len(kinds):
            raise DataError("its density is of an unknown kind")
        p = kinds[int(kind[0])].from_state({name[2:]: v for name, v in arrays.items() if name.startswith("p.")})
        off = np.zeros(format.width)
        off[numbers(format)] = arrays["off"]
        return cls(p, arrays["likely"].astype(np.float64), off, *(arrays[n].astype(np.float64) for n in ("before", "after")))


def numbers(format: Any) -> np.ndarray:
    """(d,) which features are numbers of their own unit: of these, what the code leaves open is drawn."""
    if isinstance(format, Tables):
        own = [isinstance(field, Number) for field in format.fields for _ in range(field.width)]
        return np.array(own) & (not format.common)
    if isinstance(format, Arrays) and not format.common:
        return ~np.asarray(format.binary)
    return np.zeros(format.width, dtype=bool)


def unit(format: Any, j: int) -> tuple[float, ...]:
    """Mean, deviation and what else makes up the scale of feature j (formats/scale.py)."""
    if isinstance(format, Arrays):
        return tuple(float(values[j]) for values in format.unit)
    field: Number = next(f for f, block in zip(format.fields, format.blocks, strict=True) if block.start == j)
    return field.unit


def short(x: np.ndarray, mean: float, deviation: float, *rest: float) -> np.ndarray:
    """Standardized numbers whose values have six digits of the deviation: training rows are kept as float32."""
    v, step = scales.decoded(x, mean, deviation, *rest), max(10.0 ** -scales.six_digits(deviation), 1e-300)
    near = np.abs(v) < 2.0**52 * step  # further out, the digits of a float64 are fewer
    return scales.encoded(np.where(near, np.round(v / step) * step, v), mean, deviation, *rest)


def expected(model: Any, z: np.ndarray) -> np.ndarray:
    """Codes (n, k) -> expected values (n, d)."""
    return np.asarray(model._decode(z).double().numpy())


def drawn(format: Tables, e: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Categories and yes or no drawn from their probabilities."""
    for field, block in zip(format.fields, format.blocks, strict=True):
        if isinstance(field, Category):
            p = e[:, block].copy()
            if field.rest is None and field.levels:  # no other level was ever seen
                p[:, -1] = 0.0
            p /= p.sum(1, keepdims=True)
            level = (p.cumsum(1) < rng.random((len(p), 1))).sum(1).clip(max=p.shape[1] - 1)
            e[:, block] = np.eye(p.shape[1])[level]
        elif isinstance(field, Binary):
            e[:, block] = rng.random(e[:, block].shape) < e[:, block]
    return e


def conditioned(model: Any, sampler: Sampler, wanted: Tensor, n: int, rng: np.random.Generator, band: Any) -> np.ndarray:
    """(n, k) codes, drawn in proportion to the likelihood of the given cells `wanted` (d,), NaN where nothing is given."""
    z = sampler.codes(POOL * n, rng, band)
    raw = model.network_.decoder(torch.from_numpy(z).to(next(model.network_.parameters()).dtype))
    apart = model.loss_.surprise(raw, wanted.expand(len(z), -1)).double().numpy()
    scale = np.ones(apart.shape[1])
    if isinstance(model.loss_, Columns):
        for j, block in enumerate(model.format_.blocks):
            off = float(sampler.off[block].max())
            scale[j] = 2 * max(off, 0.05) ** 2 if off else model.loss_.of(j)[1]
    weights = -(apart / scale).sum(1)
    weights = np.exp(weights - weights.max())
    return z[rng.choice(len(z), n, p=weights / weights.sum())]


def cells(model: Any, given: dict[str, Any]) -> Tensor:
    """{column: value} -> (d,), NaN where nothing is given."""
    format = model.format_
    if not isinstance(format, (Tables, Arrays)) or isinstance(format, Documents):
        raise DataError("given= needs a table or an array: documents have no columns to fix")
    absent = [name for name in given if name not in format.columns]
    if absent:
        raise DataError(
            f"given={given!r}: there is no column {absent[0]!r}; the columns are {', '.join(map(repr, format.columns))}"
        )
    row = torch.full((format.width,), torch.nan, dtype=torch.float64)
    for name, value in given.items():
        j = format.columns.index(name)
        row[format.blocks[j]] = x = torch.from_numpy(encoded(format, j, value))
        binary = isinstance(format, Arrays) and bool(format.binary[j])
        if x.isinf().any() or (binary and value not in (0, 1)):
            raise DataError(f"given {name!r}: {value!r} is neither 0 nor 1, the only values that the column had")
    return row


def encoded(format: Any, j: int, value: Any) -> np.ndarray:
    """One value of column j -> its features."""
    if isinstance(format, Arrays):
        try:
            return np.array([format.one(j, float(value))])
        except (TypeError, ValueError):
            raise DataError(f"given {format.columns[j]!r}: {value!r} is no number") from None
    import pyarrow as pa

    field = format.fields[j]
    if isinstance(field, Category) and value is not None and value not in field.levels:
        known = ", ".join(map(repr, field.levels[:LISTED])) + (", ..." if len(field.levels) > LISTED else "")
        raise DataError(f"given {field.name!r}: {value!r} is none of its levels, which are {known}")
    return np.asarray(format.encode(field, pa.array([value]))[0])
