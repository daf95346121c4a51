r"""The linear autoencoder, which has a closed form.

    z = A (x - mean),   e = mean + A' z          A (k, d): the k leading axes

PCA for numbers, latent semantic analysis (the singular value decomposition of tf-idf) for documents. Every autoencoder starts
from it and is compared with it.

References
----------
Neural networks and principal component analysis (Baldi & Hornik, 1989), https://doi.org/10.1016/0893-6080(89)90014-2
Indexing by latent semantic analysis (Deerwester et al., 1990)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.decomposition import PCA, TruncatedSVD
from torch import Tensor, nn

from ..errors import DataError, warn
from ..formats import Documents, Format
from ..limits import memory
from ..losses import Bounded, Columns, Logistic, Loss, Multinomial, Part, Softmax
from ..nets import EnsembleSkipMLP, Link, Shares, SkipMLP, TfIdf, inside
from ..rows import Rows

__all__ = ["LEAST_SAMPLED", "Linear", "at_once", "check_components", "sample", "sampled"]

N = TypeVar("N", SkipMLP, EnsembleSkipMLP)

LEAST_SAMPLED = 1000  # rows, however many features they have
NUMBERS = 200_000_000  # of a sample, at most
BYTES = 128  # of memory for each of them: PCA has several copies
AT_ONCE = 1 << 20  # numbers that are copied
SMOOTHING = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)  # shares of the mean word distribution that are tried in LSA


class Linear:
    """PCA or LSA on the features of a format.

    Parameters
    ----------
    format : Format
        It decides between the two.
    n_components : int or float
        Number of components, or the share of the variance to explain (PCA only).
    seed : int
        Seed of scikit-learn's randomized solvers.
    """

    def __init__(self, format: Format, n_components: int | float, seed: int = 0) -> None:
        self.format = format
        self.n_components = n_components
        self.seed = seed
        self.smoothing = 0.0
        self.see = tfidf(format) if format.words else None

    def fit(self, x: Tensor, weight: Tensor | None = None, spare: bool = False) -> Linear:
        """x (n, d), NaN = missing, read as the mean; weight (n,): weight of each row; x may be written over, if it is spare."""
        x = inside(x) if any(part.isinf().any() for part in x.split(at_once(x.shape[1]))) else x
        if self.see is not None and x.shape[1] == 1:
            raise DataError(f"X has one word, {self.format.columns[0]!r}: there is nothing to compress")
        if weight is not None:
            return self._fit_weighted(x, weight.double())
        if self.see is None:
            self.mean = torch.nan_to_num(means(x)).float().double()  # rounded as in a file
            filled = torch.where(gaps, self.mean.to(x), x) if (gaps := torch.isnan(x)).any() else x
            with np.errstate(invalid="ignore", divide="ignore"):  # one row has no variance
                self.model: Any = PCA(self.n_components, random_state=self.seed, copy=not spare).fit(filled.numpy())
            if len(x) == 1:
                warn("X has one row: the model can only learn its values")
                self.model.explained_variance_[:] = self.model.explained_variance_ratio_[:] = 0.0
        else:
            self.mean = means(x).float().double()
            self.model = self._svd(self._words(x))
            self._smooth(x[:2000])
        return self._rounded()

    def _words(self, x: Tensor, root: Tensor | None = None) -> sp.csr_matrix:
        """tf-idf of counts x (n, d), most of them 0, and each row times its root (n, 1)."""
        see, pieces, size = cast(TfIdf, self.see), [], at_once(x.shape[1])
        for i in range(0, len(x), size):
            seen = see(x[i : i + size].double())
            pieces.append(sp.csr_matrix((seen if root is None else root[i : i + size] * seen).numpy()))
        return sp.vstack(pieces, "csr")

    def _svd(self, x: sp.csr_matrix) -> TruncatedSVD:
        """If all rows are equal, no component explains anything."""
        with np.errstate(invalid="ignore"):
            model = TruncatedSVD(int(self.n_components), random_state=self.seed).fit(x)
        model.explained_variance_ratio_ = np.nan_to_num(model.explained_variance_ratio_)
        return model

    def _rounded(self) -> Linear:
        """Rounded as in a file."""
        self.model.components_ = np.ascontiguousarray(self.model.components_, dtype=np.float32)
        if self.see is None:
            self.model.mean_ = self.mean.numpy().astype(np.float32)
        return self

    def _fit_weighted(self, x: Tensor, weight: Tensor) -> Linear:
        """The axes of sqrt(w_i) (x_i - mean), each row with its negative, so that the mean is 0."""
        known = ~torch.isnan(x)
        total = (weight[:, None] * known).sum(0).clamp(min=1e-12)
        self.mean = ((weight[:, None] * torch.nan_to_num(x.double())).sum(0) / total).float().double()
        root = (weight / weight.mean()).sqrt()[:, None]
        if self.see is not None:
            self.model = self._svd(self._words(x, root))
            self._smooth(x[:2000])
            return self._rounded()
        off = (root * torch.where(known, x.double() - self.mean, 0.0)).float()
        with np.errstate(invalid="ignore", divide="ignore"):  # for a single row
            self.model = PCA(self.n_components, random_state=self.seed).fit(torch.cat([off, -off]).numpy())
        self.model.explained_variance_ratio_ = np.nan_to_num(self.model.explained_variance_ratio_)
        n = len(x)
        self.model.explained_variance_ *= (2 * n - 1) / (2 * max(1, n - 1))
        self.model.singular_values_ /= 2**0.5
        self.model.n_samples_ = n
        return self._rounded()

    def _smooth(self, x: Tensor) -> None:
        """Choose on training rows how much of the mean word distribution to mix in, so that zeros do not penalize LSA."""
        z, loss, size = self.encode(x), self.format.loss(), at_once(x.shape[1])
        values = []
        for self.smoothing in SMOOTHING:
            pieces = zip(z.split(size), x.split(size), strict=True)
            values.append(sum(float(loss.errors(self.expected(c), part.double()).sum()) for c, part in pieces))
        self.smoothing = SMOOTHING[int(np.argmin(values))]

    @property
    def a(self) -> Tensor:
        """A (k, d)."""
        return torch.from_numpy(self.model.components_)

    @property
    def spread(self) -> Tensor:
        """(k,) standard deviation of each code."""
        return torch.from_numpy(np.sqrt(self.model.explained_variance_)).float().clamp(min=1e-6)

    @property
    def k(self) -> int:
        return int(self.model.components_.shape[0])

    @property
    def center(self) -> Tensor:
        """What is subtracted before A is applied: the mean for PCA, nothing for LSA."""
        return torch.from_numpy(self.model.mean_) if self.see is None else torch.zeros(self.format.width)

    def lead_in(self, net: N, watched: Sequence[int]) -> N:
        """Initialize an encoder as ``z = A (x - mean)``; `watched` features have a missing indicator."""
        c, s = self.format.view()
        if self.see is not None:
            return net.init_skip(self.a / self.spread[:, None], torch.zeros(self.k)).set_scaling(c, s)
        weighted = self.a * self.center  # missing values are read as the mean, as in PCA
        block = {b.start: b for b in self.format.blocks}
        gaps: list[Tensor] = [weighted[:, block[j]].sum(1, keepdim=True) for j in watched]
        net.init_skip(torch.cat([self.a, *gaps], 1), -weighted.sum(1))
        return net.set_scaling(torch.cat([c, torch.zeros(len(watched))]), torch.cat([s, torch.ones(len(watched))]))

    def lead_out(self, net: N, loss: Loss, z: Tensor) -> N:
        """Initialize a decoder as ``e = mean + A' z`` for codes that are distributed like z (n, k)."""
        raw0, slope = loss.tangent(self.mean.float())
        if self.see is not None:
            slope = torch.zeros_like(slope)  # the axes of LSA are those of tf-idf, not of log-probabilities
        net.init_skip(self.a.T * slope[:, None], raw0)
        spread = z.std(0) if len(z) > 1 else torch.ones(z.shape[1])
        return net.set_scaling(z.mean(0).float(), spread.clamp(min=1e-6).float())

    def decoder(self, loss: Loss) -> nn.Sequential:
        """A decoder with the output of :meth:`expected`, for codes of an encoder as in :meth:`lead_in`."""
        if self.see is None:
            line = SkipMLP(self.k, (), self.format.width).init_skip(self.a.T, self.center)
            return nn.Sequential(line, link(loss, self.format.width))
        line = SkipMLP(self.k, (), self.format.width).init_skip(self.a.T * self.spread, self.center)
        shares = Shares(self.format.width, self.smoothing)
        shares.idf.copy_(self.see.idf)
        shares.prior.copy_(self.mean / self.mean.sum())
        return nn.Sequential(line, shares, link(loss, self.format.width))

    def encode(self, x: Tensor) -> Tensor:
        """x (n, d) -> z (n, k)."""
        return torch.cat([self._encode(part) for part in x.split(at_once(x.shape[1]))])

    def _encode(self, x: Tensor) -> Tensor:
        if self.see is not None:
            return self.see(x.double()) @ self.a.double().T
        filled = torch.where(torch.isnan(x), self.center.to(x.dtype), inside(x))
        return (filled.double() - self.center.double()) @ self.a.double().T

    def expected(self, z: Tensor) -> Tensor:
        """z (n, k) -> expected values (n, d)."""
        e = z @ self.a.to(z.dtype) + self.center.to(z.dtype)
        if self.see is None:
            return e
        counts = e.clamp(min=0) / self.see.idf.to(z.dtype)
        share = counts / counts.sum(1, keepdim=True).clamp(min=1e-12)
        prior = (self.mean / self.mean.sum()).to(z.dtype)
        return (1 - self.smoothing) * share + self.smoothing * prior

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        values = self.model.explained_variance_, self.model.explained_variance_ratio_, self.model.singular_values_
        arrays = {
            "components": self.model.components_,
            "variances": np.nan_to_num(np.stack([np.asarray(v, dtype=np.float64) for v in values])),  # 0 / 0 if nothing varies
            "mean": self.mean.numpy().astype(np.float32),
        }
        rest = {
            "n_samples": int(getattr(self.model, "n_samples_", 0)),
            "noise": float(getattr(self.model, "noise_variance_", 0)),
        }
        return {"smoothing": self.smoothing, **rest}, arrays

    @classmethod
    def from_state(cls, format: Format, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Linear:
        k = arrays["components"].shape[0]
        self = cls(format, k)
        self.mean, self.smoothing = torch.from_numpy(arrays["mean"]).double(), float(meta["smoothing"])
        self.model = PCA(k) if self.see is None else TruncatedSVD(k)
        self.model.components_ = arrays["components"]
        names = ("explained_variance_", "explained_variance_ratio_", "singular_values_")
        for name, values in zip(names, arrays["variances"], strict=True):
            setattr(self.model, name, values)
        self.model.n_features_in_ = format.width
        if arrays["components"].shape != (k, format.width) or arrays["mean"].shape != (format.width,):
            raise DataError("the linear model does not fit the columns")
        if self.see is None:
            self.model.mean_ = arrays["mean"]
            self.model.n_components_ = k
            self.model.n_samples_, self.model.noise_variance_ = int(meta["n_samples"]), float(meta["noise"])
        return self


def means(x: Tensor) -> Tensor:
    """(d,) of each column of x (n, d), NaN = missing, in float64."""
    pieces, total = x.split(at_once(x.shape[1])), torch.zeros(x.shape[1], dtype=torch.float64)
    for part in pieces:
        total += part.sum(0, dtype=torch.float64)
    if not total.isnan().any():  # to look for gaps costs ten times as much
        return total / len(x)
    known = torch.stack([(~part.isnan()).sum(0) for part in pieces]).sum(0)
    return torch.stack([part.nansum(0, dtype=torch.float64) for part in pieces]).sum(0) / known


def at_once(n: int) -> int:
    """How many rows of n numbers are looked at together."""
    return max(1, AT_ONCE // max(1, n))


def check_components(k: Any, format: Format, shape: tuple[int, ...], shares: bool) -> int | float:
    """`n_components` for rows (n, d) of this format; `shares`: whether it may be a share of the variance."""
    n, d = shape
    if isinstance(k, (int, np.integer)) and not isinstance(k, bool) and 1 <= k <= min(n, d):
        return int(k)
    if isinstance(k, float) and 0 < k < 1 and shares:
        return k
    columns = len(format.columns)
    split = "" if d == columns else f" from {columns:,} columns: a category is one feature for each level"
    raise ValueError(
        f"n_components={k!r}: allowed are integers from 1 to {min(n, d)}{' and shares of the variance in (0, 1)' * shares}, "
        f"at most the number of training rows (n_samples={n}) and of features (n_features={d}{split})"
    )


def link(loss: Loss, d: int) -> Link:
    """From expected values of d features to the raw outputs that the loss takes."""
    parts = loss.parts if isinstance(loss, Columns) else (Part(loss, tuple(range(d)), (), ()),)

    def features(*kinds: type[Loss]) -> list[int]:
        return [j for part in parts if isinstance(part.loss, kinds) for j in part.features]

    sizes = [n for part in parts if isinstance(part.loss, Softmax) for n in part.loss.sizes]
    made = Link(features(Bounded, Logistic), features(Softmax), sizes, features(Multinomial))
    if isinstance(loss, Multinomial):
        made.v.copy_(loss.v)
    return made


def tfidf(format: Format) -> TfIdf:
    """The input transform for counts of this format."""
    see = TfIdf(format.width).double()
    see.idf.copy_(torch.from_numpy(cast(Documents, format).idf))
    return see


def sample(rows: Rows) -> Tensor:
    """All rows, or some of them, as many as PCA can be computed from in memory."""
    some = sampled(len(rows), len(rows.take(np.array([0]))[0]) if len(rows) else 1)
    return rows.whole() if len(some) == len(rows) else rows.take(some)


def sampled(n: int, d: int) -> np.ndarray:
    """The numbers of these rows, of n with d features."""
    most = max(LEAST_SAMPLED, min(NUMBERS, memory() // BYTES) // max(1, d))
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(0).choice(n, most, replace=False))
