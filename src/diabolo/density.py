r"""p(z): the density of codes, which a plain autoencoder does not have.

    Normal     p(z) = N(z; m, S)
    Mixture    p(z) = sum_c w_c N(z; m_c, S_c)            the BIC chooses the number of parts c
    Kernel     p(z) = 1/n sum_i N(z; z_i, h^2)            h by the likelihood of held-out codes
    Flow       p(z) = N(f(z); 0, 1) |det df/dz|           f invertible: splines whose knots a network sets

All work on standardized codes, ``u = (z - center) / spread``, and give nats per code vector:
``log p(z) = log p(u) - sum_j log spread_j``. scikit-learn fits them; the flow has zuko's layers and the common loop.

References
----------
Estimating the dimension of a model (Schwarz, 1978), https://doi.org/10.1214/aos/1176344136 (the BIC)
From variational to deterministic autoencoders (Ghosh et al., 2020), https://arxiv.org/abs/1903.12436
Neural spline flows (Durkan et al., 2019), https://arxiv.org/abs/1906.04032
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from typing import Any, Self

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from .chance import redirected
from .errors import DataError, missing_extra, suggest
from .plan import SGD
from .registry import registered_name
from .rows import Rows
from .training import minimize

__all__ = [
    "CHUNK",
    "DENSITIES",
    "Density",
    "Flow",
    "Kernel",
    "Mixture",
    "Normal",
    "Points",
    "density",
    "steady_product",
    "with_column",
]

DENSITIES: dict[str, type[Density]] = {}
RIDGE = 1e-4  # smallest variance of a part, in units of the codes' own
WIDTHS = (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5)
ROUNDS = 5  # of trimming
MIN_CODES_TO_HOLD_OUT = 40  # codes; with fewer, a flow holds none out
CHUNK = 256  # codes at once: their nearness to all points fits into the cache
FAR = 1e30  # further out, float32 cannot tell the nearest of the points
MAX_CODES = 10_000  # codes that a fit uses


class Density(ABC):
    """Base: a distribution of codes z (n, k)."""

    center: np.ndarray
    spread: np.ndarray

    def __init_subclass__(cls) -> None:
        DENSITIES[cls.name()] = cls

    @classmethod
    def name(cls) -> str:
        """The name of the density in ``density=`` and in a file."""
        return registered_name(cls).lower()

    def fit(self, z: np.ndarray, seed: int = 0) -> Self:
        """Fit to codes z (n, k)."""
        z = np.asarray(z, dtype=np.float64)
        if z.ndim != 2 or not len(z) or not np.isfinite(z).all():
            raise DataError(f"codes of shape {z.shape}: a density needs finite numbers of shape (n, k), n from 1")
        rng = np.random.default_rng(seed)
        z = z if len(z) <= MAX_CODES else z[rng.choice(len(z), MAX_CODES, replace=False)]
        self.center = z.mean(0).astype(np.float32).astype(np.float64)
        deviation = self._deviation(z)
        self.spread = np.where(deviation > 1e-9, deviation, 1.0).astype(np.float32).astype(np.float64)
        self._fit((z - self.center) / self.spread, seed)
        return self

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """(n, k) -> (n,) log density in nats."""
        u = (np.asarray(z, dtype=np.float64) - self.center) / self.spread
        return self._log_prob(u) - np.log(self.spread).sum()

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """(n, k) draws."""
        return self._sample(n, rng) * self.spread + self.center

    def _deviation(self, z: np.ndarray) -> np.ndarray:
        """(k,) the unit of each code."""
        return z.std(0)

    @abstractmethod
    def _fit(self, u: np.ndarray, seed: int) -> None: ...

    @abstractmethod
    def _log_prob(self, u: np.ndarray) -> np.ndarray: ...

    @abstractmethod
    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray: ...

    def state(self) -> dict[str, np.ndarray]:
        """Arrays from which :meth:`from_state` makes the same density."""
        kept = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        return {name: value.astype(np.float32) for name, value in kept.items()}

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray]) -> Self:
        """The inverse of :meth:`state`."""
        self = cls()
        for name, value in arrays.items():
            setattr(self, name, value.astype(np.float64))
        self._check()
        return self

    def _check(self) -> None:
        """Check that the shapes in a file fit together."""
        right = self.center.ndim == 1 and self.center.shape == self.spread.shape and bool((self.spread > 0).all())
        if not right or not self._fits(len(self.center)):
            raise DataError(f"the parts of a {type(self).__name__.lower()} density do not fit together")

    @abstractmethod
    def _fits(self, k: int) -> bool: ...

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Mixture(Density):
    """A mixture of normals with full covariances.

    Parameters
    ----------
    sizes : sequence of int, default=(1, 2, 4, 8, 16, 32, 64)
        Numbers of parts that are tried in addition to 1, as long as the BIC falls.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> z = np.concatenate([rng.normal(-5, 1, (200, 2)), rng.normal(5, 1, (200, 2))])
    >>> p = Mixture().fit(z)
    >>> p, p.sample(3, rng).shape, bool(p.log_prob([[5, 5]]) > p.log_prob([[0, 0]]))
    (Mixture(parts=2), (3, 2), True)
    """

    def __init__(self, sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)) -> None:
        self.sizes = sizes

    def _fit(self, u: np.ndarray, seed: int) -> None:
        n, k = u.shape
        weights = (k + 1) * (k + 2) // 2  # of one part
        best, least = None, np.inf
        for c in [c for c in sorted({1, *self.sizes}) if n > 1 and (c == 1 or c * weights < n / 2)]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                found = GaussianMixture(c, reg_covar=RIDGE, max_iter=50, random_state=seed).fit(u)
            value = found.bic(u)
            if value >= least:
                break
            best, least = found, value
        covariances = best.covariances_ if best is not None else np.eye(k)[None] * RIDGE
        lower = np.linalg.cholesky(covariances)
        self.weight = self._kept(best.weights_ if best is not None else np.ones(1))
        self.mean = self._kept(best.means_ if best is not None else u)
        self.lower = self._kept(lower[:, *triangle(k)], np.float16)

    @staticmethod
    def _kept(values: np.ndarray, dtype: Any = np.float32) -> np.ndarray:
        """Rounded as in a file."""
        return np.asarray(values, dtype=dtype).astype(np.float64)

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | {"lower": self.lower.astype(np.float16)}

    def _triangles(self) -> np.ndarray:
        """(c, k, k) lower triangles L_c, S_c = L_c L_c'."""
        k = self.mean.shape[1]
        lower = np.zeros((len(self.mean), k, k))
        lower[:, *triangle(k)] = self.lower
        return lower

    def _log_prob(self, u: np.ndarray) -> np.ndarray:
        parts = []
        for w, m, lower in zip(self.weight, self.mean, self._triangles(), strict=True):
            e = (u - m) @ np.linalg.inv(lower).T
            parts.append(np.log(w) - 0.5 * np.square(e).sum(1) - np.log(np.diag(lower)).sum())
        return np.logaddexp.reduce(parts) - 0.5 * u.shape[1] * np.log(2 * np.pi)

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        part = rng.choice(len(self.weight), n, p=self.weight / self.weight.sum())
        e = rng.standard_normal((n, self.mean.shape[1]))
        return self.mean[part] + np.einsum("nij,nj->ni", self._triangles()[part], e)

    def _fits(self, k: int) -> bool:
        c = len(self.weight)
        shapes = self.weight.shape == (c,) and self.mean.shape == (c, k) and self.lower.shape == (c, k * (k + 1) // 2)
        return c > 0 and shapes and bool((self.weight > 0).all()) and bool(np.isfinite(np.log(self._diagonals(k))).all())

    def _diagonals(self, k: int) -> np.ndarray:
        i, j = triangle(k)
        return np.maximum(self.lower[:, i == j], 0.0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(parts={len(self.weight)})" if hasattr(self, "weight") else f"{type(self).__name__}()"


class Normal(Mixture):
    """One normal distribution with full covariance.

    Parameters
    ----------
    trim : float in [0, 0.5), default=0.0
        Share of the codes that are left out: the least likely ones. Several rounds of fitting find them.
    """

    def __init__(self, trim: float = 0.0) -> None:
        super().__init__((1,))
        self.trim = trim

    def _fit(self, u: np.ndarray, seed: int) -> None:
        self._moments(u)
        for _ in range(ROUNDS if self.trim else 0):
            likely = self._log_prob(u)
            self._moments(u[likely >= np.quantile(likely, self.trim)])

    def _moments(self, u: np.ndarray) -> None:
        k = u.shape[1]
        covariance = np.cov(u.T, bias=True).reshape(k, k) + RIDGE * np.eye(k)
        self.weight, self.mean = np.ones(1), self._kept(u.mean(0, keepdims=True))
        self.lower = self._kept(np.linalg.cholesky(covariance)[None][:, *triangle(k)], np.float16)


class Kernel(Density):
    """A kernel density: a small normal around every code, or around a sample of the codes.

    Parameters
    ----------
    widths : sequence of float
        Bandwidths h that are tried. The one with the largest likelihood of held-out codes is used.
    most : int, default=2000
        Largest number of codes that get a normal; if there are more, they are drawn at random.
    common : bool, default=False
        True: one unit for all components, so that components with a small variance have little influence. False: each
        component has its own unit.
    """

    def __init__(self, widths: tuple[float, ...] = WIDTHS, most: int = 2000, common: bool = False) -> None:
        self.widths = widths
        self.most = most
        self.common = common

    def _deviation(self, z: np.ndarray) -> np.ndarray:
        each = z.std(0)
        return np.full_like(each, np.sqrt(np.square(each).mean())) if self.common else each

    def _fit(self, u: np.ndarray, seed: int) -> None:
        u = np.random.default_rng(seed).permutation(u)[: self.most]
        train, held = (u[len(u) // 4 :], u[: len(u) // 4]) if len(u) >= 8 else (u, u)
        values = Points(train).kernels(held, self.widths).mean(1)
        self.width = np.array([self.widths[int(np.argmax(values))]], dtype=np.float32).astype(np.float64)
        self.points = u.astype(np.float32).astype(np.float64)

    def _log_prob(self, u: np.ndarray) -> np.ndarray:
        parts = [u[i : i + CHUNK] for i in range(0, len(u), CHUNK)]
        points = Points(self.points)
        return np.concatenate([points.kernels(part, self.width)[0] for part in parts] or [np.empty(0)])

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self.points[rng.integers(len(self.points), size=n)] + self.width * rng.standard_normal((n, self.points.shape[1]))

    def _fits(self, k: int) -> bool:
        return self.width.shape == (1,) and self.width[0] > 0 and self.points.ndim == 2 and self.points.shape[1] == k


class Flow(Density):
    """A normalizing flow of neural splines; needs the extra ``flow`` (zuko).

    Parameters
    ----------
    transforms : int, default=3
        Number of spline transforms.
    hidden : int, default=64
        Width of the two hidden layers that compute the knots.
    epochs : int, default=60
        Largest number of epochs. A tenth of the codes is held out, and the best weights are kept.
    """

    def __init__(self, transforms: int = 3, hidden: int = 64, epochs: int = 60) -> None:
        self.transforms = transforms
        self.hidden = hidden
        self.epochs = epochs

    def _fit(self, u: np.ndarray, seed: int) -> None:
        self.sizes = np.array([self.transforms, self.hidden], dtype=np.float64)
        net = self._net(u.shape[1], seed)
        x = torch.from_numpy(np.random.default_rng(seed).permutation(u)).float()
        held, train = (x[: len(x) // 10], x[len(x) // 10 :]) if len(x) >= MIN_CODES_TO_HOLD_OUT else (x, x)

        def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
            return self._value(net, x)

        plan = SGD(self.epochs, min(256, len(train)), lr=3e-3, patience=10, seed=seed)
        minimize(net, objective, Rows(train), lambda: float(self._value(net, held).mean()), plan)
        self.weights = parameters_to_vector(net.parameters()).detach().double().numpy()

    def _net(self, k: int, seed: int = 0) -> nn.Module:
        try:
            from zuko.flows import NSF
        except ImportError:
            raise missing_extra("zuko", "flow", "normalizing flows") from None
        transforms, hidden = (int(v) for v in self.sizes)
        with redirected(seed):
            net: nn.Module = NSF(k, transforms=transforms, hidden_features=(hidden, hidden))
        return net

    @staticmethod
    def _value(net: nn.Module, x: Tensor) -> Tensor:
        value: Tensor = -net().log_prob(x)
        return value

    def _fitted(self, k: int) -> nn.Module:
        net = self._net(k).double().requires_grad_(False)
        vector_to_parameters(torch.from_numpy(self.weights), net.parameters())
        return net

    def _log_prob(self, u: np.ndarray) -> np.ndarray:
        return -self._value(self._fitted(u.shape[1]), torch.from_numpy(u)).numpy()

    def _sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        e = torch.from_numpy(rng.standard_normal((n, len(self.center))))
        drawn: np.ndarray = self._fitted(len(self.center))().transform.inv(e).numpy()
        return drawn

    def _fits(self, k: int) -> bool:
        if self.sizes.shape != (2,) or not ((self.sizes >= 1) & (self.sizes <= MAX_CODES)).all():
            return False
        return self.weights.shape == (sum(p.numel() for p in self._net(k).parameters()),)


triangle = cache(np.tril_indices)  # of a (k, k) matrix


class Points:
    """Points v (n, k), to which the nearest of others are sought: u'v - v'v / 2 is largest for the nearest v.

    One product in float32, so that of a distance that counts, such as the least, all digits are to be computed anew.

    >>> Points(np.array([[0.0, 0.0], [3.0, 4.0]])).near(np.array([[3.0, 4.0]]))
    array([[ 0. , 12.5]], dtype=float32)
    """

    def __init__(self, v: np.ndarray) -> None:
        self.v = v
        self.beside = np.ascontiguousarray(with_column(v, -0.5 * np.square(v).sum(1)).T)

    def near(self, u: np.ndarray) -> np.ndarray:
        """u (m, k) -> (m, n) float32."""
        return steady_product(with_column(np.clip(u, -FAR, FAR), 1.0), self.beside)

    def kernels(self, u: np.ndarray, widths: Iterable[float]) -> np.ndarray:
        """u (m, k) -> for each of w widths the log of the mean of the normals around all v, (w, m)."""
        near = self.near(u)
        first = near.argmax(1)
        behind = np.subtract(near, near[np.arange(len(u)), first][:, None], out=near)
        least, k = np.square(u - self.v[first]).sum(1), u.shape[1]

        def log_mean(h: float) -> np.ndarray:
            e = behind * np.float32(1 / h**2)
            total: np.ndarray = np.log(np.exp(e, out=e).mean(1)) - 0.5 * least / h**2
            return total - k * np.log(h * np.sqrt(2 * np.pi))

        return np.stack([log_mean(float(h)) for h in widths])


def with_column(u: np.ndarray, column: Any) -> np.ndarray:
    """(m, k), (m,) -> (m, k + 1) in float32."""
    out = np.empty((len(u), u.shape[1] + 1), dtype=np.float32)
    out[:, :-1], out[:, -1] = u, column
    return out


def steady_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a (m, k) @ b (k, n) in float32; up to CHUNK rows, the last bits of one do not depend on how many there are.

    >>> a, b = (np.random.default_rng(0).normal(size=(60, 60)).astype(np.float32) for _ in range(2))
    >>> np.array_equal(steady_product(a[:1], b), steady_product(a, b)[:1])
    True
    """
    if len(a) < CHUNK:
        full = np.zeros((CHUNK, a.shape[1]), dtype=np.float32)
        full[: len(a)] = a
        return steady_product(full, b)[: len(a)]
    product: np.ndarray = a @ b
    return product


def density(given: Any) -> Density:
    """A density from its name, or the given density itself.

    >>> density("kernel")
    Kernel()
    """
    if isinstance(given, Density):
        return given
    if not isinstance(given, str) or given not in DENSITIES:
        allowed = ", ".join(map(repr, sorted(DENSITIES)))
        raise ValueError(f"density={given!r}: allowed are {allowed}, or a Density{suggest(given, DENSITIES)}")
    return DENSITIES[given]()
