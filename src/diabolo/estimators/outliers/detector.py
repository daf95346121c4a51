r"""Outliers: far from what the decoder makes of them, or at an unlikely place of the bottleneck.

    D(x) = log mean_j (loss_j(decoder(z)_j, x_j) / v_j(z))^2     distance to the manifold;   z = encoder(x)
    U(x) = -log p(z),  V(x) = -log q(z),  W(x)                   how unlikely the code is, seen closely and from afar;
                                                                 and how far out single features are (scores.py)
    s(x)                                                         their probabilities, combined (scorer.py)
    p(x) = (1 + #{i : s_i >= s(x)}) / (n + 1)                    conformal: about a share alpha of such rows has p <= alpha

K networks, the members, are trained side by side, each on all rows but those of its own fold (cross_fitting.py), from a
start that has not seen these either, so that every row is judged by one that does not know it; ``v``, the probabilities and
the ``s_i`` come from these judgements.

They are denoising networks: from a row with noise, and with some of its columns hidden, they must produce the whole row.
What they know is how the columns depend on each other, and so the bottleneck need not be narrow.

References
----------
Extracting and composing robust features with denoising autoencoders (Vincent et al., 2008),
https://doi.org/10.1145/1390156.1390294
Least trimmed squares regression (Rousseeuw, 1984), https://doi.org/10.1080/01621459.1984.10477105
Testing for outliers with conformal p-values (Bates et al., 2023), https://doi.org/10.1214/22-AOS2244
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import OutlierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...corruption import Corruption
from ...errors import FormatError
from ...formats.targets import same_order
from ...groups import tell_dependent
from ...history import History
from ...nets import EnsembleSkipMLP
from ...network import Diabolo
from ...rows import Rows, in_order_of, steps_per_epoch
from ...training import minimize
from ..architectures import Dense, architecture
from ..base import System
from ..cross_fitting import CrossFit
from ..linear import Linear
from ..parameters import is_size
from ..weights import RowWeights
from .conformal import Calibration, discoveries, warn_of_limits
from .explanation import Explainer, RowExplanation, RowExplanations, row_numbers
from .known_outliers import training_rows
from .scorer import Reconstructor, Scorer, within_domain
from .unseen import UnseenBy, keys

__all__ = ["OutlierDetector"]

STEPS = 100  # of SGD, unless `epochs` says otherwise
MIN_STEPS, ROWS_PER_STEP = 50, 16  # with fewer rows, fewer steps
MAX_CALIBRATED, MAX_REMEMBERED = 5000, 20_000  # rows whose scores are kept, and those that are known again
NUMBERS = 1 << 22  # that are looked at at once
MAX_PIXELS = 32  # of the longer side, to which pictures are brought
HIDDEN = 64, 64  # widths of layers, unless `hidden` says otherwise
MAX_COMPONENTS = 64  # Width k of the bottleneck, unless `n_components` says otherwise


@dataclass(kw_only=True, repr=False, eq=False)
class OutlierDetector(OutlierMixin, System):
    """Outliers with a promise: of normal rows, a share `alpha` is flagged.

    Copies of a row count once: rows are copies if they are equal and a single column distinguishes the different rows.

    Takes what :class:`Autoencoder` takes: DataFrames of mixed types with missing values, arrays, sparse matrices, lists of
    texts, and paths of files. Of dates it also judges the time of day and the weekday, as columns such as ``when: weekday``.

    Parameters
    ----------
    alpha : float in (0, 1), default=0.01
        Share of the normal rows that may be flagged. With fewer than ``1 / alpha - 1`` rows none can be; fit warns.
    contamination : float in (0, 0.5] or None, default=None
        If given, flag this share of the training rows instead, as scikit-learn's detectors do.
    n_components : int, float or "auto", default="auto"
        Width k of the bottleneck, or the share of the variance that PCA explains with it; "auto" is the number of features,
        at most 64.
    members : int, default=3
        Networks K, at least 2; each is trained without its own fold.
    hidden : "auto" or tuple of int, default="auto"
        Widths of the layers between the input and the bottleneck; "auto" is (64, 64). The decoder has them in reverse.
    corruption : Corruption or None, default=None
        What the encoder sees; None: noise and hidden columns, ``Chain((Gaussian(0.3), ColumnMask(0.7)))``, and for documents
        half of the words, ``WordDropout(0.5)``.
    trim_fraction : float in [0, 0.5), default=0.1
        Share of each batch, the largest losses, that does not count: about the share of outliers among the rows.
    loss : str or Loss, default="auto"
        "auto" chooses by column (see `losses.Columns`); "squared", "clipped", "bounded", "logistic", "softmax" and
        "multinomial" force one for all.
    format : {"auto", "tables", "arrays", "documents", "images"} or Format, default="auto"
        How X is read; "auto" looks at it. Unless this or `loss` is given, the columns of a table or array are scaled one by
        one, and pictures are brought to at most 32 pixels a side.
    epochs : int or "auto", default="auto"
        Passes over the rows; "auto" makes 100 steps, and from 50 on for fewer than 1,600 rows.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is 128.
    lr : float, default=1e-2
        Peak learning rate of AdamW.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of the matrices; "auto" is 0.
    average : float in [0, 1), default=0.99
        Decay per step of the running average of the weights, which is what is kept.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of training; weights are float32.
    device : str, default="auto"
        "auto" takes CUDA where there is one.
    checkpoint : path or None, default=None
        Written atomically every 30 seconds while training.
    resume : bool, default=False
        Go on from `checkpoint`; the result has the same bits as that of a run never stopped.
    random_state : int, RandomState or None, default=None
        Seed of everything random.
    verbose : bool, default=True
        A progress bar; where there is no terminal, a line on stderr every few seconds. Nothing for the first two seconds.

    Attributes
    ----------
    offset_ : float
        ``decision_function = score_samples - offset_``: where p is just above alpha, -inf if no p can be as small; or the
        quantile that `contamination` asks for.
    rate_ : float
        Share of the normal rows that are flagged: at most alpha.
    calibration_ : Calibration
        Scores of training rows, each by the network that has not seen it.
    members_ : int
        K, at most a fourth of the rows.
    network_ : Diabolo
        Encoder and decoder of all members: (B, d) -> (K, B, k) -> (K, B, m).
    format_ : Format
        How X becomes numbers and back; prints the kinds of the columns.
    loss_ : Loss
        What is minimized.
    history_ : History
        Loss per round; prints as a table.
    seed_ : int
        Drawn from `random_state`; all else that is random follows from it.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where X has names.

    References
    ----------
    Testing for outliers with conformal p-values (Bates et al., 2023), https://doi.org/10.1214/22-AOS2244

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X = load_iris().data
    >>> detector = OutlierDetector(alpha=0.02, epochs=30, random_state=0).fit(X)
    >>> strange = [[5.0, 3.4, 5.5, 0.2]]                       # a small flower with long petals
    >>> detector.predict(strange), detector.predict(X[:3])
    (array([-1]), array([1, 1, 1]))
    >>> cell = detector.explain(strange)[0].cells[0]
    >>> cell.column, cell.seen, 1 < cell.expected < 2
    ('x2', 5.5, True)
    """

    alpha: float = field(default=0.01, kw_only=False)
    contamination: Any = None
    n_components: Any = "auto"
    members: int = 3
    hidden: Any = "auto"
    corruption: Any = None
    trim_fraction: float = 0.1
    loss: Any = "auto"
    format: Any = "auto"
    lr: float = 1e-2

    _judges = True

    # ── fit, and the contract of scikit-learn's detectors ────────────────────────────────────────────────────────────

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, categories: Any = None, numbers: Any = None) -> Self:
        """Learn what is normal in X.

        Parameters
        ----------
        X : DataFrame, array-like (n, d), sparse matrix (n, d), list of str, or path
            The rows; some of them may be outliers.
        y : array-like (n,), optional
            What is known about a few rows: -1 outlier, 1 normal, 0 unknown. The networks do not learn from known outliers;
            these show which axis and which columns distinguish outliers of their kind. Without a single -1, y is ignored, as by
            scikit-learn's detectors; a warning says so where it may have had another meaning.
        sample_weight : array-like (n,), optional
            How much each row counts in the loss. Rows of weight 0 are used neither for learning nor for calibration.
        categories, numbers : list of str, optional
            Columns of a table that are codes although they are whole numbers, and columns that are quantities although they
            look like row numbers or codes.

        Returns
        -------
        self
        """
        same_order(X, y)
        same_order(X, sample_weight, "sample_weight")
        self._given = y, sample_weight
        try:
            self._fit(X, categories, numbers)
        finally:
            del self._given
        if self.contamination is None:
            return self.at(self.alpha)
        self.offset_ = float(np.quantile(self.score_samples(X), self.contamination))
        return self

    def at(self, alpha: float) -> Self:
        """From now on, flag the rows with ``p <= alpha``. Nothing is learned again.

        Parameters
        ----------
        alpha : float in (0, 1)
            Share of the normal rows that may be flagged.

        Returns
        -------
        self
        """
        check_is_fitted(self)
        self.set_params(alpha=alpha)._check_parameters()
        self.offset_ = self.calibration_.limit(alpha)
        fields = getattr(self.format_, "fields", ()) if self.contamination is None else ()
        warn_of_limits(alpha, len(self.calibration_), {c.name: getattr(c, "new", 0.0) for c in fields})
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(n,) -1 for outliers, which are the rows with ``p <= alpha``, 1 for normal rows."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) ``score_samples(X) - offset_``: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def score_samples(self, X: Any) -> np.ndarray:
        """(n,) logarithm of the p-value: low values are strange rows. It goes on beyond the training rows (see Calibration)."""
        s, _ = self._judgements(X)
        return self.calibration_.log_p(s)

    @property
    def rate_(self) -> float:
        """Largest share of the normal rows that are flagged: the largest p-value of a flagged row; 0 if none can be."""
        found = int((self.calibration_.log_p(self.calibration_.scores) < self.offset_).sum())
        return (found + 1) / (len(self.calibration_) + 1) if self.offset_ > -np.inf else 0.0

    # ── what it promises ─────────────────────────────────────────────────────────────────────────────────────────────

    def p_values(self, X: Any) -> np.ndarray:
        """(n,) conformal p-values; of normal rows that were not trained on, about a share alpha has ``p <= alpha``."""
        s, _ = self._judgements(X)
        return self.calibration_.p(s)

    def axes(self, X: Any) -> np.ndarray:
        """(n, 2) p-values of the two axes, distance to the manifold and unlikely code.

        If the first is small, such a combination was never seen. If the second is small, the row is rare, but consistent.
        Both are geometric means over the members.
        """
        return self._judgements(X)[1]

    def discoveries(self, X: Any, q: float = 0.1) -> np.ndarray:
        """(n,) bool: a list of outliers in X. On average at most about a share q of it is false (Benjamini & Hochberg).

        X should not be the training rows: their p-values are too large, so the list is too short.
        """
        return discoveries(self.p_values(X), q, len(self.calibration_))

    def cell_p_values(self, X: Any) -> np.ndarray:
        """(n, c) how surprising each cell is, given the others of its row; NaN where it is missing.

        The share of training cells of the column that are as surprising. Errors of single cells have the smallest values,
        even if their rows look normal as a whole. It takes one pass over X for each column.
        """
        return np.concatenate([self._explainer.cell_p_values(x) for x in self._features(X)])

    def explain(self, X: Any, rows: Any = None, most: int = 5) -> RowExplanations:
        """Which cells make a row an outlier, what was expected there, and the fewest cells to change.

        Parameters
        ----------
        X : as in fit
        rows : array-like of int, or of bool (n,), optional
            Row numbers or a mask; by default the rows that :meth:`predict` flags, the strangest first.
        most : int, default=5
            Largest number of cells per row.

        Returns
        -------
        Verdicts
            A list of :class:`diabolo.estimators.outliers.explanation.RowExplanation` that prints as a table.
        """
        s, axes = self._judgements(X)
        if rows is None:
            flagged = np.flatnonzero(self.calibration_.log_p(s) < self.offset_)
            rows = flagged[np.argsort(-s[flagged], kind="stable")]
        rows = row_numbers(rows, len(s))
        if not len(rows):
            return RowExplanations()
        p, x = self.calibration_.p(s), in_order_of(rows, self._features(X))
        cells = self.format_.cells(self._validated(X, reset=False), rows) if self.format_.has_cells else []
        found = self._explainer.explain(x, cells, most, self.alpha, self.offset_)
        return RowExplanations(
            RowExplanation(int(i), float(p[i]), float(axes[i, 0]), float(axes[i, 1]), *why)
            for i, why in zip(rows, found, strict=True)
        )

    def error_map(self, X: Any) -> np.ndarray:
        """Where each picture differs from its reconstruction (n, H, W): squared error, summed over the colors.

        The pictures have the size that the detector uses: ``format_.shape``.
        """
        check_is_fitted(self)
        if self.format_.shape is None:
            raise AttributeError("error_map needs a detector of pictures; explain() says which cells of a row are strange")
        maps = [self._scorer.reconstructor.look(x)[1].mean(0) for x in self._features(X)]
        return torch.cat(maps).unflatten(1, self.format_.shape).sum(1).numpy()

    @property
    def calibration_(self) -> Calibration:
        """Scores of training rows, each by the network that has not seen it."""
        return self._scorer.calibration

    @property
    def members_(self) -> int:
        """K, at most a fourth of the rows."""
        decoder = self.network_.decoder
        if not isinstance(decoder, EnsembleSkipMLP):
            raise FormatError("its decoder is no ensemble")
        return decoder.members

    def _judgements(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """s (n,), and the p-values of both axes (n, 2)."""
        found = [self._scorer.judge(x) for x in self._features(X)]
        s, axes = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return s, self._scorer.measures.p(axes)

    # ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_parameters(self) -> None:
        super()._check_parameters()
        for name, high in {"alpha": 1.0, "trim_fraction": 0.5, "contamination": 0.5}.items():
            value, low_too, high_too = getattr(self, name), name == "trim_fraction", name == "contamination"
            if value is None and name == "contamination":
                continue
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            if not number or not (0 < value < high or (low_too and value == 0) or (high_too and value == high)):
                within = f"{'[' if low_too else '('}0, {high:g}{']' if high_too else ')'}"
                raise ValueError(f"{name}={value!r}: allowed are {'None and ' * high_too}numbers in {within}")
        if not is_size(self.members) or self.members < 2:
            raise ValueError(f"members={self.members!r}: allowed are integers from 2: each one judges its own fold")

    def _format(self, X: Any) -> Any:
        """Arrays column by column: an outlier in a quiet column counts, even if other columns have larger ranges."""
        found = super()._format(X).with_recurring()
        own = self.format == "auto" and self.loss == "auto"
        return found.by_column().sized(MAX_PIXELS) if own else found

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """All rows but the known outliers; their folds."""
        self._chosen = training_rows(rows, *self._given)
        if self.format_.kind in ("tables", "arrays"):
            tell_dependent(self._chosen.rows, "p-values are too small")
        n, k = len(self._chosen.rows), min(self.members, len(self._chosen.rows) // 4)
        self._members = CrossFit(np.random.default_rng(self.seed_).permutation(n) % k, k)
        return self._chosen.rows, None

    def _corruption(self) -> Corruption:
        return self._architecture.noise() if self.corruption is None else super()._corruption()

    def _choose_architecture(self) -> Dense:
        return architecture(self.format_, HIDDEN if self.hidden == "auto" else self.hidden)

    def _held(self, n: int) -> tuple[int, int]:
        return 2 * sum(self._choose_architecture().hidden[:1]), 2 * n

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        """Each member begins at PCA of the rows that it learns from."""
        fold = self._members.fold
        known = [x[torch.from_numpy(fold != m)] if len(fold) == len(x) else x for m in range(self._members.k)]
        starts = [Linear(self.format_, self._width(known[0]), seed).fit(known[0])]
        starts += [Linear(self.format_, starts[0].k, seed).fit(rows) for rows in known[1:]]
        z = [start.encode(rows[:MAX_CALIBRATED]) for start, rows in zip(starts, known, strict=True)]
        return self._architecture.denoisers(starts, self.loss_, z)

    def _width(self, x: Tensor) -> int | float:
        n, d = x.shape
        if self.n_components == "auto":
            return min(MAX_COMPONENTS, n, d)
        if not is_size(self.n_components) and not (isinstance(self.n_components, float) and 0 < self.n_components < 1):
            raise ValueError(
                f"n_components={self.n_components!r}: allowed are 'auto', integers from 1, and shares of the variance in (0, 1)"
            )
        return min(self.n_components, n, d)

    def _epochs(self, n: int, batch_size: int) -> int:
        steps = min(STEPS, max(MIN_STEPS, n // ROWS_PER_STEP))
        return max(1, round(steps / steps_per_epoch(n, batch_size)))

    def _train(self, train: Rows, held: Rows | None) -> History:
        columns = len(self.format_.columns) if self.format_.has_cells else 1
        members, weight = self._members, self._chosen.weight
        most = STEPS * self._defaults()["batch_size"]
        if self.epochs == "auto" and len(train) > most:  # less than an epoch
            some = np.sort(np.random.default_rng(self.seed_).permutation(len(train))[:most])
            train, members, weight = train.subset(some), CrossFit(members.fold[some], members.k), weight[some]

        def losses(seen: Tensor, target: Tensor, i: Tensor, rng: torch.Generator) -> Tensor:
            raw = self.network_(seen).float()
            return self.loss_(raw.flatten(0, 1), target.repeat(len(raw), 1)).unflatten(0, raw.shape[:2]) / columns

        objective = members.objective(self._corruption(), losses, self.trim_fraction, weight)
        plan = self._plan(len(train))
        return minimize(self.network_, objective, train, None, replace(plan, about=plan.about | RowWeights(weight).about()))

    def _measure(self, train: Rows, held: Rows | None) -> None:
        """Measure with the network that has not seen a row: what is usual, both tails, and the calibration."""
        dtype, known = next(self.network_.parameters()).dtype, self._chosen.outliers
        i = np.random.default_rng(self.seed_).permutation(len(train))[:MAX_CALIBRATED]
        x, fold = within_domain(train.take(i).to(dtype), self._members.fold[i])
        far, seen, x = self.format_.far(x), x, self.format_.as_new(x, len(train))
        known = None if known is None else known.to(dtype)
        reconstructor = Reconstructor(self.network_, self.format_, self.loss_)
        self._scorer = Scorer.fit(reconstructor, x, fold, far, self.trim_fraction, self.alpha / 2, known)
        self._scorer.remember(self._unseen_by(train, dtype), seen)
        self._explainer = Explainer.fit(self._scorer, x, fold)
        self.offset_ = -np.inf  # until fit, or a file, says more
        del self._members, self._chosen

    def _unseen_by(self, train: Rows, dtype: torch.dtype) -> UnseenBy | None:
        """Which member has not seen a training row; of at most MAX_REMEMBERED rows, beyond which it matters little."""
        i = np.random.default_rng(self.seed_).permutation(len(train))[:MAX_REMEMBERED]
        parts = np.array_split(i, -(-len(i) * self.format_.width // NUMBERS))
        return UnseenBy.of(np.concatenate([keys(train.take(part).to(dtype)) for part in parts], 1), self._members.fold[i])

    def _check_network(self) -> None:
        """Judge one row: a model that loads must work."""
        x = torch.zeros(1, self.format_.width, dtype=next(self.network_.parameters()).dtype)
        raw = self.network_(x)
        fits = raw.ndim == 3 and raw.shape[1:] == x.shape and len(raw) == self.members_
        if not fits or self._scorer.reconstructor.losses(raw, x).shape[2:] != self._scorer.measures.v.shape:
            raise FormatError("its networks do not fit its columns")
        self._scorer.judge(x)

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        offset = self.offset_ if np.isfinite(self.offset_) else None
        return meta | {"offset": offset}, arrays | self._scorer.state() | self._explainer.state()

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super()._restore(meta, arrays)
        self._scorer = Scorer.from_state(Reconstructor(self.network_, self.format_, self.loss_), self.members_, arrays)
        self._explainer = Explainer.from_state(self._scorer, arrays)
        self.offset_ = -np.inf if meta["offset"] is None else float(meta["offset"])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_explainer")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags
