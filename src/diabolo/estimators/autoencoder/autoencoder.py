r"""The autoencoder: non-linear PCA of tables, arrays, documents and images.

    z = encoder(x) (k numbers),   e = predict(decoder(z)),   minimize  sum_j v_j loss_j(decoder(z)_j, x_j)

Training starts at the linear autoencoder, which is PCA, and keeps the weights that did best on held-out rows. So the result
is never worse than PCA there, and `comparison_` says whether it is better. For documents the codes start at those of latent
semantic analysis (LSA), on a sphere. The decoder starts at the mean document, because LSA has no probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ...corruption import Corruption
from ...density import Density
from ...engine import as_codes, imputed, indexed
from ...formats.matrices import stacked
from ...nets import inside
from ...rows import Rows
from ...storage import under
from ...usual_codes import UsualCodes
from ..base import _materialized
from ..gaps import without_new_gaps
from ..parameters import check_integer
from ..weights import RowWeights
from .base import Compressor
from .comparison import explained
from .maps import Map, spread
from .regions import Region, regions
from .sampling import Sampler, novelty

__all__ = ["Autoencoder"]


MAX_ROWS_FOR_DENSITY = 10_000  # training rows to whose codes the density is fitted
MAX_NUMBERS_FOR_DENSITY = 20_000_000  # numbers in these rows, at most


@dataclass(kw_only=True, repr=False, eq=False)
class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Compressor):
    """Non-linear PCA: compress each row to a few numbers from which it can be reconstructed.

    X can be a pandas or polars DataFrame (numbers, booleans, categories, strings, dates, missing values), an array, a sparse
    matrix, a list of texts, pictures, or the path of a file that holds one of these.

    Parameters
    ----------
    n_components : int or float, default=2
        Width k of the bottleneck. A float in (0, 1) chooses the k with which PCA explains this share of the variance.
    hidden : "auto" or tuple of int, default="auto"
        Widths of the encoder's hidden layers; the decoder has them in reverse order. ``()``: no hidden layers, which is the
        linear autoencoder, PCA.
    corruption : Corruption or None, default=None
        How the encoder's input is corrupted, such as ``Gaussian(0.1)`` or ``Mask(0.2)``; the target remains the clean row (a
        denoising autoencoder). None chooses by the kind of data. Tables and arrays: no corruption; but rows that are flattened
        square pictures in [0, 1] with an empty frame are shifted by up to one pixel, which ``Clean()`` prevents. Documents:
        half of the words are removed, ``WordDropout(0.5)``, and the target is half the document, half the mean of the ten that
        are most like it. Pictures: shifted by up to 1/16 of their side, and mirrored, if there are fewer than 5000, and below
        20,000 if PCA gains by it.
    loss : str or Loss, default="auto"
        "auto" chooses a loss for each column (see `losses.Columns`). "squared", "clipped", "bounded", "logistic",
        "softmax" and "multinomial" are one loss for all columns.
    density : str or Density, default="mixture"
        Density p(z) that :meth:`log_prob` and :meth:`sample` use: "normal", "mixture" (of normals; BIC chooses how many),
        "kernel", or "flow" (the extra ``flow``).
    encoder, decoder : nn.Module or None, default=None
        Your own module, in place of the one built from `hidden`. It is copied, and the copy is trained. Its parameters with
        ``requires_grad=False`` do not change.
    format : {"auto", "tables", "arrays", "documents", "images"} or Format, default="auto"
        How X is read. "auto" infers it from X.
    epochs : int or "auto", default="auto"
        Largest number of epochs.
    batch_size : int or "auto", default="auto"
        Rows per step. "auto" is 256, but 512 for documents and for hidden layers wider than 512, and 128 for pictures.
    lr : float or "auto", default="auto"
        Peak learning rate of AdamW. "auto" is 0.003 for the biases of dense layers, and 0.001 otherwise.
    muon_lr : float or "auto", default="auto"
        Peak learning rate of Muon, for the matrices. "auto" is 0.03, and 0.05 for documents. For convolutions it is 0.006,
        or 0.002 if the pictures are shifted and mirrored.
    optimizer : {"auto", "muon", "adamw"}, default="auto"
        "auto" is "muon", with AdamW for all weights that are not matrices.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of the matrices. "auto" is 0 for tables and arrays, and 0.2 if all their columns share one
        unit, or less above 2500 rows, 10 / sqrt(rows). Of documents it is 0.4, or less if they are many: 2 x words / documents.
    average : float in [0, 1), default=0.99
        Decay per step of the exponential moving average of the weights. The average is the result.
    dropout : float in [0, 1), default=0.0
        Dropout rate of the hidden layers.
    validation_fraction : float in [0, 1), default=0.1
        Share of the rows held out for early stopping and for the comparison with PCA. It is raised to 20 rows if possible,
        but at most to a quarter of the rows. With fewer than 40 rows, none are held out.
    patience : int, default=5
        After this number of evaluations without improvement, the learning rate goes down to zero, and training stops.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Precision of the arithmetic in training. The weights are float32.
    device : str, default="auto"
        "auto" uses CUDA if available.
    checkpoint : path or None, default=None
        File, or folder, to which the state of training is written every 30 seconds, atomically.
    resume : bool, default=False
        Whether to continue from `checkpoint`. The result has the same bits as without interruption.
    warm_start : bool, default=False
        Whether a second ``fit`` continues from the fitted network. It keeps the columns and their units; rows may be new.
    random_state : int, RandomState or None, default=None
        Seed of all random numbers.
    verbose : bool, default=True
        Whether to show a progress bar after two seconds. Without a terminal, it is a line on stderr every few seconds.

    Attributes
    ----------
    network_ : Diabolo
        The network, x -> z -> raw: ``network_.decoder(network_.encoder(x))``.
    encoder_, decoder_ : nn.Module
        Its two parts.
    format_ : Format
        It converts X to numbers and back; it prints the kinds of the columns.
    density_ : Density
        Density p(z). It is fitted to the codes of training rows at its first use.
    loss_ : Loss
        The loss that is minimized.
    seed_ : int
        Drawn from `random_state`. All other random numbers follow from it.
    pca_ : sklearn.decomposition.PCA or TruncatedSVD
        The linear autoencoder of the same width, fitted to the same training rows, in the units of ``format_``.
    explained_variance_ratio_ : ndarray of shape (k,)
        Share of the held-out variance that each component explains: the explained variance is divided in proportion to how
        far the reconstruction moves if the component is replaced by its mean. For a linear network it equals PCA's
        ``explained_variance_ratio_``.
    comparison_ : Comparison
        A dict that prints as a table. ``pca`` and ``autoencoder`` are the scores of both on ``held_out_rows`` rows, or on the
        training rows if there are none; with `corruption`, the encoder sees them corrupted. A difference up to ``margin``, two
        standard errors, may be chance. ``.verdict`` says what they mean.
    hidden_cells_ : HiddenCells or None
        Prints what share of cells in held-out rows, of each column, is explained while they are hidden: how far `impute` is to
        be trusted; of rows that were learned, if none are held out. None for pictures and documents, without missing cells.
    n_components_ : int
        Width k of the bottleneck.
    history_ : History
        Loss and held-out error per round; prints as a table.
    n_iter_ : float
        Number of epochs until the best round.
    n_features_in_, feature_names_in_ : int, ndarray
        Number of columns of X, and their names if it is a table.

    References
    ----------
    Reducing the dimensionality of data with neural networks (Hinton & Salakhutdinov, 2006),
    https://doi.org/10.1126/science.1127647

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X = load_iris().data
    >>> ae = Autoencoder(n_components=2, epochs=5, random_state=0).fit(X)
    >>> ae.transform(X).shape, ae.inverse_transform(ae.transform(X)).shape
    ((150, 2), (150, 4))
    >>> bool(ae.score(X) > 0.9)
    True
    """

    n_components: int | float = field(default=2, kw_only=False)
    hidden: Any = "auto"
    corruption: Corruption | None = None
    loss: Any = "auto"
    density: Any = "mixture"
    encoder: nn.Module | None = None
    decoder: nn.Module | None = None
    format: Any = "auto"
    lr: Any = "auto"
    muon_lr: Any = "auto"
    optimizer: str = "auto"
    dropout: float = 0.0
    validation_fraction: float = 0.1
    patience: int = 5
    warm_start: bool = False
    _has_codes = True

    def __post_init__(self) -> None:
        self._sampler: Sampler | None = None
        self._usual: UsualCodes | None = None

    # ── fit and transform ────────────────────────────────────────────────────────────────────────────────────────────

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, categories: Any = None, numbers: Any = None) -> Self:
        """Learn to reconstruct X.

        Parameters
        ----------
        X : DataFrame, array-like (n, d), sparse matrix (n, d), list of str, or path
            The rows.
        y : ignored
        sample_weight : array-like (n,), optional
            Weight of each row in the loss, the held-out error, PCA and p(z). Rows with weight 0 are left out. The units of
            the columns come from all other rows, without weights.
        categories : list of str, optional
            Names of integer columns of a table that are codes, not quantities.
        numbers : list of str, optional
            Names of columns of a table that are quantities although they look like row numbers or codes.

        Returns
        -------
        self
        """
        X, self._row_weights = RowWeights.of(_materialized(X), sample_weight)
        self._fit(X, categories, numbers)
        del self._row_weights, self._train_weights
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Encode X: codes (n, k); float32 for float32 arrays, else float64."""
        dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
        return stacked((self.network_.encoder(x).numpy() for x in self._features(X)), X, dtype)

    def inverse_transform(self, Z: Any) -> Any:
        """Decode codes (n, k) to the kind of object that was fitted: the same columns, types and categories.

        Codes far from nearly all codes of fit, such as those of another model, are told.
        """
        check_is_fitted(self)
        out = self.format_.from_array(self._decode(self._usual_codes().tell(as_codes(Z, self.n_components_))))
        return out.astype(np.float32) if isinstance(out, np.ndarray) and getattr(Z, "dtype", None) == np.float32 else out

    def reconstruct(self, X: Any) -> Any:
        """Encode and decode X: the same kind of object as X, with missing values filled in."""
        expected = self._expected(X)
        return indexed(self.format_.from_array(expected), X)

    def impute(self, X: Any) -> Any:
        """X with missing values replaced by reconstructed ones; all other values stay as they are.

        Estimates lie within the range of the column in fit, and as far from its mean as held-out rows allow (hidden_cells.py);
        a warning names columns in which they are hardly better than the mean.

        Parameters
        ----------
        X : as in transform

        Returns
        -------
        As X; of a path an Arrow table with all columns of the file, also those that the model does not use.
        """
        self._must_be_numbers("impute")
        parts = [(x, self.loss_.predict(self.network_(x))) for x in self._features(X)]
        x, e = (torch.cat(side).numpy() for side in zip(*parts, strict=True))
        return imputed(self.format_, X, x, e, self.hidden_cells_)

    def map(self, X: Any, seed: int = 0) -> Map:
        """A point (n, 2) for each row, to plot: rows with similar codes are neighbors.

        With two components the points are the codes. With more, t-SNE places them (openTSNE, the extra ``maps``).

        Parameters
        ----------
        X : as in fit
        seed : int, default=0
            Seed of t-SNE.

        Returns
        -------
        Map
            ``map.places`` are the points (n, 2). ``map.transform(ae.transform(new))`` gives the points of further rows.
            ``map.regions_`` are its regions, each with a name, a center, its rows, and what sets it apart.
        """
        found = spread(self.transform(X).astype(np.float64), seed)

        def naming() -> list[Region]:
            x = torch.cat([x.float() for x in self._features(X)]).numpy()
            return regions(found.drawn, x, self.format_)

        return replace(found, naming=naming)

    def explore(self, X: Any, **settings: Any) -> Any:
        """A map of X in a cell of a notebook: drag its circle, and what is decoded there follows. Needs the extra ``notebook``.

        Parameters
        ----------
        X : as in fit
        **settings
            ``title``, ``labels``, ``color``, ``seed``, as in :func:`diabolo.explorer.export`, which writes the same to a file.

        Returns
        -------
        diabolo.explorer.Explorer
            A widget: ``w.place`` is the circle's place, ``w.decoded`` what is decoded there, ``w.selection`` the selected rows.
        """
        return import_module("....explorer.widget", __name__).Explorer(self, X, **settings)  # a room for people: not before

    # ── density and sampling ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def density_(self) -> Density:
        """p(z), fitted to the codes of training rows at its first use."""
        return self._fitted_sampler().p

    def log_prob(self, X: Any) -> np.ndarray:
        """(n,) log p(z) of the code of each row, in nats: low values are unlikely codes.

        A missing value in a column without missing values in fit is first predicted from the other cells.
        """
        codes = (self.network_.encoder(self._without_new_gaps(x)).numpy() for x in self._features(X))
        return np.concatenate([self.density_.log_prob(z) for z in codes])

    def _without_new_gaps(self, x: Tensor) -> Tensor:
        """x (n, d) with gaps filled in columns that had none in fit: such a gap is no evidence."""
        return without_new_gaps(self.format_, x, lambda y: self.loss_.predict(self.network_(y)))

    def sample(
        self,
        n: int = 1,
        *,
        likelihood: tuple[float, float] = (0.0, 1.0),
        given: dict[str, Any] | None = None,
        random_state: Any = None,
    ) -> Any:
        """New rows: codes drawn from p(z), and decoded.

        Categories are drawn from their predicted probabilities. Numbers get the scatter that the code does not explain, and
        the distribution of the training rows. Pictures and documents are the decoder's expected values.

        Parameters
        ----------
        n : int, default=1
            Number of rows.
        likelihood : (float, float), default=(0.0, 1.0)
            Range of log p(z), as quantiles of that of the training codes: (0.5, 1.0) gives ordinary rows, the more likely
            half; (0.0, 0.05) gives strange ones.
        given : dict of column to value, optional
            Cells that are fixed in all rows; the other cells are drawn to match them.
        random_state : int, RandomState or None, default=None
            Seed of the draws.

        Returns
        -------
        DataFrame, ndarray, sparse matrix or list of str
            The kind of object that was fitted, with its columns and types.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> X = load_iris(as_frame=True).data
        >>> ae = Autoencoder(n_components=2, epochs=20, random_state=0).fit(X)
        >>> new = ae.sample(5, given={"petal length (cm)": 1.5}, random_state=0)
        >>> new.shape, set(new["petal length (cm)"]), bool(new["petal width (cm)"].mean() < 1)
        ((5, 4), {1.5}, True)
        """
        check_integer("n", n, 1, auto=False)
        seed = check_random_state(random_state).randint(2**31 - 1)
        return self._fitted_sampler().draw(self, n, likelihood, given, seed)

    def novelty(self, new: Any, X: Any) -> np.ndarray:
        """(n,) distance of each new row to the nearest row of X, divided by the median nearest distance within X.

        Rows of X that are there more than once count once.
        About 1: the new row is as far from X as rows of X are from each other. 0: it is a copy.
        """
        return novelty(*(torch.nan_to_num(inside(torch.cat(list(self._features(rows))))).numpy() for rows in (new, X)))

    def _fitted_sampler(self) -> Sampler:
        check_is_fitted(self)
        if self._sampler is None:
            self._sampler = Sampler.fit(self, self._density_rows, self.density)
        return self._sampler

    def _usual_codes(self) -> UsualCodes:
        if self._usual is None:
            parts = inside(self._density_rows).split(self.format_.piece)
            self._usual = UsualCodes.of(torch.cat([self.network_.encoder(part) for part in parts]).double().numpy())
        return self._usual

    # ── errors and scores ────────────────────────────────────────────────────────────────────────────────────────────

    def score(self, X: Any, y: Any = None) -> float:
        """Explained variance of X, at most 1: 1 - error / error of the training mean.

        The error is the squared error of standardized numbers plus the Brier score of categories, over all cells that are
        not missing. For documents it is the Kullback-Leibler divergence. ``comparison_`` has the same score for PCA.
        """
        found = [(errors.sum(), constant.sum()) for errors, constant in self._errors(X)]
        return explained(*np.sum(found, 0))

    def score_samples(self, X: Any) -> np.ndarray:
        """(n,) negative reconstruction error of each row: higher is better."""
        return -np.concatenate([errors.sum(1) for errors, _ in self._errors(X)])

    def reconstruction_errors(self, X: Any) -> np.ndarray:
        """(n, columns) error of each cell, in units of the column's variance; 0 where X is missing."""
        return np.concatenate([errors for errors, _ in self._errors(X)])

    def constant_errors(self, X: Any) -> np.ndarray:
        """(n, columns) errors of the training mean, the reference of ``score``."""
        return np.concatenate([constant for _, constant in self._errors(X)])

    def _errors(self, X: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The errors of each cell, and those of the training mean, (b, columns) both, in batches."""
        for x in self._features(X):
            expected = self.loss_.predict(self.network_(self._without_new_gaps(x)))
            yield self.loss_.errors(expected, x).numpy(), self.loss_.errors(self._mean(x), x).numpy()

    def _expected(self, X: Any) -> Tensor:
        """X -> expected values (n, d)."""
        return torch.cat([self.loss_.predict(self.network_(x)) for x in self._features(X)])

    def _decode(self, Z: Any) -> Tensor:
        """Codes -> expected values (n, d)."""
        z = torch.from_numpy(as_codes(Z, self.n_components_)).to(next(self.network_.parameters()).dtype)
        return torch.cat([self._decoded(part) for part in z.split(self.format_.piece)] or [z.new_empty(0, self.format_.width)])

    def _measure(self, train: Rows, held: Rows | None) -> None:
        super()._measure(train, held)
        some = self._row_weights.sample(
            train, min(MAX_ROWS_FOR_DENSITY, max(100, MAX_NUMBERS_FOR_DENSITY // self.format_.width))
        )
        self._density_rows = some.to(next(self.network_.parameters()).dtype)
        self._sampler = self._usual = None

    # ── attributes ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def encoder_(self) -> nn.Module:
        return self.network_.encoder

    @property
    def decoder_(self) -> nn.Module:
        return self.network_.decoder

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.non_deterministic = False
        return tags

    def _must_be_numbers(self, method: str) -> None:
        check_is_fitted(self)
        if self.format_.free:
            raise AttributeError(f"{method} needs a table or an array; {self.format_.kind} have no missing cells")

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        meta["density"] = self._fitted_sampler().p.name()
        return meta, arrays | {f"sampler.{name}": v for name, v in self._fitted_sampler().state(self.format_).items()}

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super()._restore(meta, arrays)
        self._sampler = Sampler.from_state(meta["density"], under(arrays, "sampler"), self.format_)
        self._usual = UsualCodes.from_state(under(arrays, "sampler.p"), self.n_components_)
