r"""Outliers: far from what the decoder makes of them, or at an unlikely place of the waist.

    D(x) = log mean_j (loss_j(decoder(z)_j, x_j) / v_j(z))^2     distance to the manifold;   z = encoder(x)
    U(x) = -log p(z),  V(x) = -log q(z),  W(x)                   how unlikely the code is, seen closely and from afar;
                                                                 and how far out single features are (scores.py)
    s(x) = -log P(D) - log P(U) - 1/2 log P(V) - 1/2 log P(W)    as probabilities of at least as much, combined (Fisher)
    p(x) = (1 + #{i : s_i >= s(x)}) / (n + 1)                    conformal: about a share alpha of such rows has p <= alpha

K networks, the members, are trained side by side, each on all rows but those of its own fold, from a start that has not seen
these either, so that every row is judged by one that does not know it; ``v`` and the ``P`` come from these judgements, for a
row those of the others (scores.py). ``s_i`` is what that one member says of row i; ``s(x)`` is the mean of all members, which
is steadier: E max(s(x) - t, 0) <= E max(s_k(x) - t, 0) for any t (Jensen). So means are beyond the ``s_i`` at most as far as
single judgements are, and fewer than promised are flagged rather than more; benchmarks/outliers_promise.py measures it.

They are denoising networks: from a row with noise, and with some of its columns hidden, they must produce the whole row.
What they know is how the columns depend on each other, and so the waist need not be narrow. In each step the largest
losses of the batch do not count (trimmed), because the rows themselves may contain outliers: a batch is the one place
where they can be told apart before the network is trained, and leaving out costs nothing, where an ensemble would cost
time and a re-weighting a second fit.

References
----------
Extracting and composing robust features with denoising autoencoders (Vincent et al., 2008),
https://doi.org/10.1145/1390156.1390294
Least trimmed squares regression (Rousseeuw, 1984), https://doi.org/10.1080/01621459.1984.10477105
Testing for outliers with conformal p-values (Bates et al., 2023), https://doi.org/10.1214/22-AOS2244
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from scipy.stats import false_discovery_control
from sklearn.base import OutlierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ...corruption import Corruption
from ...errors import DataError, FormatError, warn
from ...nets import Crowd
from ...network import Diabolo
from ...rows import Rows, copies, steps_per_epoch
from ...training import History, minimize
from ..base import System, _below, is_size
from ..cross_fitting import Members
from ..gaps import without_new_gaps
from ..linear import Linear
from ..weights import weights
from .conformal import Calibration, enough
from .explanation import Evidence, Verdict, Verdicts
from .known_outliers import Judges, known
from .scores import Usual

__all__ = ["OutlierDetector"]

STEPS = 300  # of SGD, unless `epochs` says otherwise
FEWEST = 8  # rows
COPIES = 0.01  # share of the rows of which is spoken
CALIBRATED = 5000  # rows whose scores are kept
SMALL = 32  # pixels of the longer side, to which pictures are brought
WIDEST = 64  # the waist, unless `n_components` says otherwise


@dataclass(kw_only=True, repr=False, eq=False)
class OutlierDetector(OutlierMixin, System):
    """Outliers with a promise: of normal rows, a share `alpha` is flagged.

    Copies of a row count once: rows that are equal, of which one column alone tells the different ones apart.

    Takes what :class:`Autoencoder` takes: DataFrames of mixed types with missing values, arrays, sparse matrices, lists of
    texts, and paths of files.

    Parameters
    ----------
    alpha : float in (0, 1), default=0.01
        Share of the normal rows that may be flagged. With fewer than ``1 / alpha - 1`` rows none can be; fit warns.
    contamination : float in (0, 0.5] or None, default=None
        Instead: flag this share of the training rows, as scikit-learn's detectors do.
    n_components : int, float or "auto", default="auto"
        Width of the waist, or the share of the variance that PCA explains with it; "auto" is the number of features,
        at most 64.
    members : int, default=3
        Networks K, at least 2; each is trained without its own fold.
    hidden : "auto" or tuple of int, default="auto"
        Widths of the layers between the input and the waist; "auto" is (64, 64).
    corruption : Corruption or None, default=None
        What the encoder sees; None: noise and hidden columns, ``Chain((Gaussian(0.3), Hide(0.7)))``, and for documents
        half of the words, ``Thin(0.5)``.
    trim : float in [0, 0.5), default=0.1
        Share of each batch, the largest losses, that does not count: about the share of outliers among the rows.
    loss, format
        As in :class:`Autoencoder`. Unless one of them is given, columns are scaled one by
        one, those of a picture as rows too.
    epochs : int or "auto", default="auto"
        Passes over the rows; "auto" makes 300 steps.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is 128.
    lr : float, default=1e-2
        Peak learning rate of AdamW.
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay of the matrices; "auto" is 0.
    average : float in [0, 1), default=0.99
        Decay per step of the running average of the weights, which is what is kept.
    precision, device, checkpoint, resume, random_state, verbose
        As in :class:`Autoencoder`.

    Attributes
    ----------
    offset_ : float
        ``decision_function = score_samples - offset_``: where p is just above alpha, -inf if no p can be as small; or the
        quantile that `contamination` asks for.
    usual_ : Usual
        What a column usually loses, the densities of the codes, and the tails of both axes.
    calibration_ : Calibration
        Scores of training rows, each by the network that has not seen it.
    network_ : Diabolo
        Encoder and decoder of all members: (B, d) -> (K, B, k) -> (K, B, m).
    format_ : Format
        How X becomes numbers and back.
    history_ : History
        Loss per round.
    rate_ : float
        Share of the normal rows that are flagged: at most alpha.
    members_ : int
        K.
    loss_ : Loss
        What is minimized.
    seed_ : int
        Drawn from `random_state`; all else that is random follows from it.
    n_features_in_, feature_names_in_
        As in scikit-learn.

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
    trim: float = 0.1
    loss: Any = "auto"
    format: Any = "auto"
    lr: float = 1e-2

    # ── fit, and the contract of scikit-learn's detectors ────────────────────────────────────────────────────────────

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, categories: Any = None, numbers: Any = None) -> Self:
        """Learn what is normal in X.

        Parameters
        ----------
        X : DataFrame, array-like (n, d), sparse matrix (n, d), list of str, or path
            The rows; some of them may be outliers.
        y : array-like (n,), optional
            What is known of a few rows: -1 outlier, 1 normal, 0 unknown. Known outliers are not learned from; they teach
            which axis and which columns tell outliers of their kind. Without a single -1, y is ignored, as by
            scikit-learn's detectors; a warning says so where it may have had another meaning.
        sample_weight : array-like (n,), optional
            How much each row counts in the loss. A row of weight 0 is neither learned from nor calibrated on.
        categories, numbers : list of str, optional
            Columns of a table that are codes although they are whole numbers, and columns that are quantities although they
            look like row numbers or codes.

        Returns
        -------
        self
        """
        self._told = y, sample_weight
        try:
            self._fit(X, categories, numbers)
        finally:
            del self._told
        if self.contamination is None:
            return self.at(self.alpha)
        self.offset_ = float(np.quantile(self.score_samples(X), self.contamination))
        return self

    def at(self, alpha: float) -> Self:
        """Flag the rows with ``p <= alpha`` from now on, without learning again.

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
        if self.offset_ == -np.inf:
            n = len(self.calibration_)
            warn(
                f"alpha={alpha:g} with {n:,} rows: no p-value can be below {1 / (n + 1):.2g}, so that no row will be "
                f"flagged. It takes {enough(alpha):,} rows, or alpha={up(1 / (n + 1)):g}, or contamination=; "
                "score_samples ranks all the same"
            )
        self._tell_new()
        return self

    def _tell_new(self) -> None:
        """Where levels are many and rows few, more rows than alpha will hold one that was never seen."""
        new = {c.name: c.new for c in getattr(self.format_, "fields", ()) if getattr(c, "new", 0.0) > self.alpha}
        if new and self.contamination is None:
            column = max(new, key=new.__getitem__)
            warn(
                f"about {new[column]:.1%} of the rows to come will hold a value of column {column!r} that was never seen, and "
                f"be flagged for it, more than alpha={self.alpha:g}: fit on more rows, join rare values, or drop the column"
            )

    def predict(self, X: Any) -> np.ndarray:
        """(n,) -1 for outliers, which are the rows with ``p <= alpha``, 1 for normal rows."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) ``score_samples(X) - offset_``: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def score_samples(self, X: Any) -> np.ndarray:
        """(n,) logarithm of the p-value, the lower the stranger; beyond the training rows it goes on (see Calibration)."""
        s = self._judgements(X)[0]
        return self.calibration_.log_p(s)

    @property
    def rate_(self) -> float:
        """Share of the normal rows that are flagged, at most: the largest p-value of a flagged row; 0 if none can be."""
        found = int((self.calibration_.log_p(self.calibration_.scores) < self.offset_).sum())
        return (found + 1) / (len(self.calibration_) + 1) if self.offset_ > -np.inf else 0.0

    # ── what it promises ─────────────────────────────────────────────────────────────────────────────────────────────

    def p_values(self, X: Any) -> np.ndarray:
        """(n,) conformal p-values; of normal rows that were not trained on, about a share alpha has ``p <= alpha``."""
        s = self._judgements(X)[0]
        return self.calibration_.p(s)

    def axes(self, X: Any) -> np.ndarray:
        """(n, 2) p-values of the two axes, distance to the manifold and unlikely code.

        A small first one: such a combination was never seen. A small second one: rare, but consistent. The geometric mean
        over the members.
        """
        return self._judgements(X)[1]

    def discoveries(self, X: Any, q: float = 0.1) -> np.ndarray:
        """(n,) bool: a list of outliers in X of which on average about a share q at most is false (Benjamini & Hochberg).

        X should not be the training rows: their p-values are too large, and the list too short.
        """
        if not 0 < q < 1:
            raise ValueError(f"q={q!r}: allowed are numbers between 0 and 1, such as 0.1")
        p = self.p_values(X)
        found = np.asarray(false_discovery_control(p) <= q)
        needed = int(np.ceil(len(p) / (q * (len(self.calibration_) + 1))))
        if needed > 1 and not found.any():
            warn(
                f"q={q:g}: with {len(self.calibration_):,} training rows no p-value is small enough for a list of fewer than "
                f"{needed:,} of {len(p):,} rows, and not as many stand out. It takes {int(len(p) / q):,} training rows to tell "
                "a single one; predict() needs fewer"
            )
        return found

    def cell_p_values(self, X: Any) -> np.ndarray:
        """(n, c) how surprising each cell is, given the others of its row; NaN where it is missing.

        The share of training cells of the column that are as surprising: the smallest ones are errors of single cells,
        whatever their rows look like as a whole. Takes a pass over X for each column.
        """
        return np.concatenate([self._evidence.cells(self, x) for x in self._features(X)])

    def explain(self, X: Any, rows: Any = None, most: int = 5) -> Verdicts:
        """Which cells make a row an outlier, what was expected there, and the fewest cells to change.

        Parameters
        ----------
        X : as in fit
        rows : array-like of int, or of bool (n,), optional
            Which rows, by number or as a mask; by default those that :meth:`predict` flags, the strangest first.
        most : int, default=5
            Cells named of each row.

        Returns
        -------
        Verdicts
            A list of :class:`diabolo.estimators.outliers.explanation.Verdict` that prints as a table.
        """
        s, axes = self._judgements(X)
        if rows is None:
            flagged = np.flatnonzero(self.calibration_.log_p(s) < self.offset_)
            rows = flagged[np.argsort(-s[flagged], kind="stable")]
        rows = numbers(rows, len(s))
        if not len(rows):
            return Verdicts()
        p, found = self.calibration_.p(s), self._evidence.of(self, self._taken(X, rows), most, self._cells(X, rows))
        return Verdicts(
            Verdict(int(i), float(p[i]), float(axes[i, 0]), float(axes[i, 1]), *why) for i, why in zip(rows, found, strict=True)
        )

    # ── judging ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def error_map(self, X: Any) -> np.ndarray:
        """Where each picture is unlike what was expected of it (n, H, W): squared error, summed over the colours.

        The pictures are those the detector looks at: ``format_.shape`` says their size.
        """
        check_is_fitted(self)
        if self.format_.shape is None:
            raise AttributeError("error_map needs a detector of pictures; explain() says which cells of a row are strange")
        maps = [self._look(x)[1].mean(0).unflatten(1, self.format_.shape).sum(1).numpy() for x in self._features(X)]
        return np.concatenate(maps)

    def _judgements(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """s (n,), and the p-values of both axes (n, 2)."""
        found = [self._judgement(x) for x in self._features(X)]
        s, axes = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return s, self.usual_.p(axes)

    def _judgement(self, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """x (n, d) -> s (n,), -log P of both axes (n, 2): the means of the members'."""
        z, cells = self._look(x)
        axes = self.usual_.axes(x, z, cells)
        s, outside = self._judged(axes, cells).mean(1), x.isinf().any(1).numpy()
        beyond = self.calibration_.scores[-1] + 1 + axes[outside].sum(2).mean(1)  # stranger than all that was seen
        s[outside] = np.maximum(s[outside], beyond)
        return s, axes.mean(1)

    def _strangeness(self, x: Tensor) -> np.ndarray:
        """x (n, d) -> (n,) s."""
        return self._judgement(x)[0]

    def _taken(self, X: Any, rows: np.ndarray) -> Tensor:
        """These rows of X as x (len(rows), d)."""
        start, kept = 0, []
        for x in self._features(X):
            here = (rows >= start) & (rows < start + len(x))
            kept.append((np.flatnonzero(here), x[torch.from_numpy(rows[here] - start)]))
            start += len(x)
        order = np.argsort(np.concatenate([place for place, _ in kept]))
        return torch.cat([x for _, x in kept])[torch.from_numpy(order)]

    def _cells(self, X: Any, rows: np.ndarray) -> list[list[Any]]:
        """The cells of these rows as they stand in X, one list per column; of documents none."""
        return self.format_.cells(self._validated(X, reset=False), rows) if self.format_.has_cells else []

    def _look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (n, d) -> codes (K, n, k), cells (K, n, c), the loss of each."""
        z = self.network_.encoder(without_new_gaps(self.format_, x, self._expected))
        raw = self.network_.decoder(z)
        return z, self._losses(raw, x.expand(len(z), *x.shape))

    def _expected(self, x: Tensor) -> Tensor:
        """x (n, d) -> what the members make of it, on average (n, d)."""
        raw = self.network_(x)
        return self.loss_.predict(raw.flatten(0, 1)).view(raw.shape).mean(0)

    def _losses(self, raw: Tensor, x: Tensor) -> Tensor:
        """raw and x (K, n, d) -> (K, n, c) losses."""
        return self.loss_.surprise(raw.flatten(0, 1), x.flatten(0, 1)).unflatten(0, raw.shape[:2])

    def _judged(self, axes: np.ndarray, cells: Tensor) -> np.ndarray:
        """s of each member (n, K)."""
        return axes.sum(2) if self._judges is None else self._judges(axes, self.usual_.ratios(cells))

    # ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_parameters(self) -> None:
        super()._check_parameters()
        for name, high in {"alpha": 1.0, "trim": 0.5, "contamination": 0.5}.items():
            value, low_too, high_too = getattr(self, name), name == "trim", name == "contamination"
            if value is None and name == "contamination":
                continue
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            if not number or not (0 < value < high or (low_too and value == 0) or (high_too and value == high)):
                within = f"{'[' if low_too else '('}0, {high:g}{']' if high_too else ')'}"
                raise ValueError(f"{name}={value!r}: allowed are {'None and ' * high_too}numbers in {within}")
        if not is_size(self.members) or self.members < 2:
            raise ValueError(f"members={self.members!r}: allowed are integers from 2: each is judge of its own fold")

    def _format(self, X: Any) -> Any:
        """Arrays column by column: an outlier in a quiet column is one, whatever the others' range."""
        found = super()._format(X)
        own = self.format == "auto" and self.loss == "auto"
        return found.by_column().sized(SMALL) if own else found

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """All rows but the known outliers; their folds."""
        y, weight = self._told
        y, self._outliers = known(y, len(rows)), None
        w = weights(np.ones(len(rows)) if weight is None else weight, len(rows), 0)[:, 0]
        learned = w.numpy() > 0
        if y is not None:
            self._outliers = rows.take(np.flatnonzero((y == -1) & learned))
            learned &= y != -1
        if not learned.all():
            rows = rows.subset(np.flatnonzero(learned))
        w, again = w[torch.from_numpy(learned)], copies(rows)
        if again.any():  # what has seen one cannot judge the other
            rows, w = rows.subset(np.flatnonzero(~again)), w[torch.from_numpy(~again)]
        if again.mean() > COPIES:
            warn(f"{again.sum():,} of {len(again):,} rows are copies of others: each counts once, as it witnesses once")
        self._weight = w
        if len(rows) < FEWEST:
            raise DataError(
                f"n_samples={len(rows)}: an outlier detector needs at least {FEWEST} rows that are not known outliers"
                + (" and have a weight" if weight is not None else "")
            )
        k = self._k(len(rows))
        self._members = Members(np.random.default_rng(self.seed_).permutation(len(rows)) % k, k)
        return rows, None

    def _k(self, n: int) -> int:
        """Members for n rows."""
        return min(self.members, n // 4)

    @property
    def members_(self) -> int:
        """K, at most a fourth of the rows."""
        decoder = self.network_.decoder
        if not isinstance(decoder, Crowd):
            raise FormatError("its decoder is no crowd of members")
        return decoder.members

    def _corruption(self) -> Corruption:
        return self._architecture.noise() if self.corruption is None else super()._corruption()

    def _network(self, x: Tensor, seed: int) -> Diabolo:
        members, d, fold = self._members.k, self.format_.width, self._members.fold
        seen = [x[torch.from_numpy(fold != m)] if len(fold) == len(x) else x for m in range(members)]
        k = self._width(seen[0])
        lines = [Linear(self.format_, k, seed).fit(seen[0])]
        k = lines[0].k
        lines += [Linear(self.format_, k, seed).fit(rows) for rows in seen[1:]]
        watched = self._architecture.hideable
        hidden = (64, 64) if self.hidden == "auto" else tuple(int(n) for n in self.hidden)
        encoder, decoder = Crowd(members, d + len(watched), hidden, k), Crowd(members, k, hidden[::-1], d)
        for m in reversed(range(members)):
            z = lines[m].encode(seen[m][:CALIBRATED])
            encoder.straight_as(m, lines[m].lead_in(Crowd(1, d + len(watched), (), k), watched))
            decoder.straight_as(m, lines[m].lead_out(Crowd(1, k, (), d), self.loss_, z))
        return Diabolo(nn.Sequential(self._architecture.first(watched), encoder), decoder)

    def _width(self, x: Tensor) -> int | float:
        n, d = x.shape
        if self.n_components == "auto":
            return min(WIDEST, n, d)
        if not is_size(self.n_components) and not (isinstance(self.n_components, float) and 0 < self.n_components < 1):
            raise ValueError(
                f"n_components={self.n_components!r}: allowed are 'auto', integers from 1, and shares of the variance in (0, 1)"
            )
        return min(self.n_components, n, d)

    def _optimizer(self) -> str:
        return "adamw"

    def _batch_size(self, n: int) -> int:
        return 128

    def _epochs(self, n: int, batch_size: int) -> int:
        return max(1, round(STEPS / steps_per_epoch(n, batch_size)))

    def _train(self, train: Rows, held: Rows | None) -> History:
        corrupt, loss, network = self._corruption(), self.loss_, self.network_
        columns = len(self.format_.columns) if self.format_.has_cells else 1
        keep, members, weight = 1 - self.trim, self._members, self._weight
        most, number = STEPS * self._batch_size(len(train)), np.arange(len(train))
        if self.epochs == "auto" and len(train) > most:  # less than an epoch
            number = np.sort(np.random.default_rng(self.seed_).permutation(number)[:most])

        def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
            i = torch.from_numpy(number)[i]
            seen, target = corrupt(x, rng)
            raw = network(seen).float()
            each = loss(raw.flatten(0, 1), target.repeat(len(raw), 1)).unflatten(0, raw.shape[:2]) / columns
            counts = members.learn(i).to(each.device)
            if keep < 1:
                counts &= each <= each.detach().quantile(keep, 1, keepdim=True)
            counts = counts * weight[i].to(each.device)
            return (each * counts).sum(0) / counts.mean().clamp(min=1e-9)

        return minimize(network, objective, train.subset(number), None, self._plan(len(number)))

    def _finish(self, train: Rows, held: Rows | None) -> None:
        """Measure with the network that has not seen a row: what is usual, both tails, and the calibration."""
        dtype = next(self.network_.parameters()).dtype
        i = np.random.default_rng(self.seed_).permutation(len(train))[:CALIBRATED]
        x, fold = train.take(i).to(dtype), self._members.fold[i]
        within = ~x.isinf().any(1).numpy()  # what is outside the domain is no normal row
        if len(set(fold[within])) == self._members.k:
            x, fold = x[within], fold[within]
        far = self.format_.far(x)
        x = self.format_.as_new(x, len(train))
        z, cells = self._look(x)
        far = far if far.shape[1] == cells.shape[2] else torch.zeros(len(x), 1, dtype=torch.bool)
        self.usual_, own = Usual.fit(x, z, cells, fold, self.trim, far, self.alpha / 2)
        self._judges = None
        if self._outliers is not None:
            known = self._outliers.to(dtype)
            seen = self._look(known)
            strange = self.usual_.axes(known, *seen), self.usual_.ratios(seen[1])
            self._judges = Judges.fit((own, self.usual_.ratios(cells)), fold, strange)
        self.calibration_ = Calibration(self._judged(own[:, None].repeat(len(z), 1), cells)[np.arange(len(fold)), fold])
        self.offset_ = -np.inf  # until fit, or a file, says more
        self._evidence = Evidence.fit(self, x, fold)
        del self._members, self._outliers, self._weight

    def _try(self) -> None:
        """One row through everything: a model that loads, works."""
        x = torch.zeros(1, self.format_.width, dtype=next(self.network_.parameters()).dtype)
        raw = self.network_(x)
        fits = raw.ndim == 3 and raw.shape[1:] == x.shape and len(raw) == self.members_
        if not fits or self._losses(raw, x.expand(len(raw), *x.shape)).shape[2:] != self.usual_.v.shape:
            raise FormatError("its networks do not fit its columns")
        self._strangeness(x)

    # ── saving ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta, arrays = super()._state()
        parts: dict[str, Any] = {"usual": self.usual_, "evidence": self._evidence}
        if self._judges is not None:
            parts["labels"] = self._judges
        arrays |= {f"{part}.{name}": v for part, held in parts.items() for name, v in held.state().items()}
        meta |= {"offset": self.offset_ if np.isfinite(self.offset_) else None}
        return meta, arrays | {"calibration": self.calibration_.scores}

    def _restore(self, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super()._restore(meta, arrays)
        self.usual_ = Usual.from_state(_below(arrays, "usual"), self.members_)
        self._evidence = Evidence.from_state(_below(arrays, "evidence"))
        self.calibration_ = Calibration(arrays["calibration"])
        labels = _below(arrays, "labels")
        self._judges = Judges.from_state(labels) if labels else None
        self.offset_ = -np.inf if meta["offset"] is None else float(meta["offset"])

    # ── scikit-learn ─────────────────────────────────────────────────────────────────────────────────────────────────

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_evidence")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags


def numbers(rows: Any, n: int) -> np.ndarray:
    """Rows of n, by number or as a mask -> their numbers."""
    found = np.asarray(rows)
    if found.dtype == bool:
        if found.shape != (n,):
            raise ValueError(f"rows is a mask of shape {found.shape}: X has {n:,} rows, and a mask says yes or no of each")
        return np.flatnonzero(found)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValueError(f"rows={rows!r:.80}: allowed are a list of row numbers, such as [0, 3], and a mask of {n:,} booleans")
    wrong = found[(found < 0) | (found >= n)]
    if len(wrong):
        raise ValueError(f"rows: there is no row {int(wrong[0])}; X has the rows 0 to {n - 1:,}")
    return found.astype(int)


def up(p: float) -> float:
    """Two digits, rounded up.

    >>> up(1 / 31), up(0.02)
    (0.033, 0.02)
    """
    digits = 1 - int(np.floor(np.log10(p)))
    return round(float(np.ceil(round(p * 10**digits, 6)) / 10**digits), digits)
