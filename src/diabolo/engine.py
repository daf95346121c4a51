r"""A fitted model in NumPy: it encodes, decodes, tags, and learns nothing.

    z = encoder(x),   e = predict(decoder(z)),   p = decision(mean over members of decoder(encoder(x)))

Encoder and decoder are programs (programs/) of the weights in the file.

PyTorch and scikit-learn take seconds to be imported, which is long for a few rows; they are not needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import losses, storage
from .decision import Decision
from .errors import DataError, FormatError
from .formats import Format, stored
from .formats.frames import names_of, rows_of
from .formats.labels import Labels
from .formats.matrices import plain, stacked
from .formats.new_gaps import NewGaps
from .formats.parts import is_path
from .formats.readers import Dataset, NamedMatrix
from .hidden_cells import HiddenCells
from .programs import NotCompiled, Program, compiled, start
from .storage import Header, under
from .tagger import Tagger, at_once
from .usual_codes import UsualCodes

__all__ = ["Fitted", "FittedAutoencoder", "FittedLabels", "NoProgram", "load"]


class NoProgram(DataError):  # noqa: N818
    """The model cannot run in NumPy; the message says why."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model without PyTorch, as ``diabolo.load(path, engine="numpy")`` reads it.

    Parameters
    ----------
    format_ : Format
        It converts X to numbers and back.
    names : list of str or None
        The columns of X, if it had names.
    """

    format_: Format
    names: list[str] | None

    def __getattr__(self, name: str) -> Any:
        can = "encodes and decodes" if isinstance(self, FittedAutoencoder) else "predicts"
        raise AttributeError(f"with engine='numpy' a model only {can}, it has no {name!r}: use engine='torch'")

    def _features(self, X: Any) -> Iterator[np.ndarray]:
        """X -> chunks of x (b, d)."""
        return self.format_.arrays(self._validated(X))

    def _validated(self, X: Any) -> Any:
        """Check the names of columns; what is read from a file, the format checks."""
        X = X.values if isinstance(X, Dataset) else X
        if is_path(X) or isinstance(X, NamedMatrix) or self.format_.free or (self.format_.has_names and hasattr(X, "columns")):
            return X
        X = plain(X)
        if self.format_.named:
            X = self.format_.without(rows_of(X, self.format_.accepts(X)))
        if self.format_.named and (self.names is not None or X.shape[1] != len(self.format_.columns)):
            compared(names_of(X), list(self.format_.columns))
        return X


@dataclass(frozen=True)
class FittedAutoencoder(Fitted):
    """A fitted autoencoder without PyTorch.

    Parameters
    ----------
    format_, names : as in :class:`Fitted`
    encoder : Program
        x (n, d) -> z (n, k).
    decoder : Program
        z (n, k) -> expected values e (n, d).
    hidden_cells_ : HiddenCells or None
        How well missing cells are estimated.
    usual_codes : UsualCodes
        Where the codes of fit lie.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from diabolo import Autoencoder, load
    >>> X = load_iris().data
    >>> ae = Autoencoder(epochs=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ae.save(f"{folder}/iris.diabolo")
    ...     light = load(f"{folder}/iris.diabolo", engine="numpy")
    >>> bool(np.allclose(light.transform(X), ae.transform(X), atol=1e-6))
    True
    """

    encoder: Program
    decoder: Program
    hidden_cells_: HiddenCells | None
    usual_codes: UsualCodes

    @property
    def n_components_(self) -> int:
        """Width k of the bottleneck."""
        return self.encoder.output.width

    def transform(self, X: Any) -> np.ndarray:
        """Encode X: codes (n, k); float32 for float32 arrays, else float64."""
        dtype = np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64
        return stacked((told_gaps(x, self.encoder.run(x)) for x in self._features(X)), X, dtype)

    def inverse_transform(self, Z: Any) -> Any:
        """Decode codes (n, k) to the kind of object that was fitted: the same columns, types and categories."""
        out = self.format_.from_array(self.decoder.run(self.usual_codes.tell(as_codes(Z, self.n_components_))))
        return out.astype(np.float32) if isinstance(out, np.ndarray) and getattr(Z, "dtype", None) == np.float32 else out

    def reconstruct(self, X: Any) -> Any:
        """Encode and decode X: the same kind of object as X, with missing values filled in."""
        return indexed(self.format_.from_array(stacked((self._expected(x) for x in self._features(X)), X)), X)

    def impute(self, X: Any) -> Any:
        """X with missing values replaced by reconstructed ones; all other values stay as they are."""
        if self.format_.free:
            raise AttributeError(f"impute needs a table or an array; {self.format_.kind} have no missing cells")
        parts = [(x, self._expected(x)) for x in self._features(X)]
        x, e = (np.concatenate(side) for side in zip(*parts, strict=True))
        return imputed(self.format_, X, x, e, self.hidden_cells_)

    def _expected(self, x: np.ndarray) -> np.ndarray:
        """x (n, d) -> expected values (n, d)."""
        return self.decoder.run(told_gaps(x, self.encoder.run(x)))


@dataclass(frozen=True)
class FittedLabels(Tagger, Fitted):
    """A fitted multi-label classifier without PyTorch.

    Parameters
    ----------
    format_, names : as in :class:`Fitted`
    raw : Program
        x (n, d) -> raw outputs r (n, k), the mean of the members.
    labels_ : Labels
        Names of the labels, and the form of Y.
    _decision : Decision
        r -> p -> predictions.
    """

    raw: Program
    labels_: Labels
    _decision: Decision

    def _probabilities(self, X: Any) -> Iterator[np.ndarray]:
        gaps, piece = NewGaps(self.format_), at_once(len(self.labels_.names))
        for x in self._features(X):
            gaps.note(x)
            for i in range(0, len(x), piece):
                yield self._decision.probabilities(self.raw.run(x[i : i + piece]))
        gaps.warn()


def compared(found: list[str], fitted: list[str]) -> None:
    """An error if the columns are not the same; it shows where they begin to differ."""
    if found != fitted:
        at = next(
            (i for i, names in enumerate(zip(found, fitted, strict=False)) if len({*names}) > 1), min(len(found), len(fitted))
        )
        has, had = (few(names, max(0, at - 2)) for names in (found, fitted))
        raise DataError(f"X has the columns {has}, but was fitted with {had}: give these, in this order")


def few(names: list[str], start: int) -> str:
    """Some of the names, from number `start` on."""
    end = start + 10
    return "..., " * (start > 0) + ", ".join(map(repr, names[start:end])) + ", ..." * (end < len(names))


def imputed(format: Format, X: Any, x: np.ndarray, e: np.ndarray, cells: HiddenCells | None) -> Any:
    """X, whose features are x (n, d), with estimates where it has gaps, from expected values e (n, d)."""
    missing = np.isnan(x).any(0)
    if cells is None or not missing.any():
        return format.filled(X, x, e)
    cells.tell(missing[[block.start for block in format.blocks]] & format.are_filled())
    return format.filled(X, x, cells.estimate(e))


def told_gaps(x: Any, z: Any) -> Any:
    """Codes z (n, k) of rows x (n, d); a DataError if an encoder of the user's own made NaN of missing cells."""
    if np.isnan(z).any() and np.isnan(x).any():
        raise DataError(
            "X has missing cells, of which the encoder makes NaN: give nn.Sequential(nets.MissingIndicator([]), encoder), "
            "which sees the mean in their place, or fill them before"
        )
    return z


def as_codes(Z: Any, k: int) -> np.ndarray:
    """Codes (n, k) of a model with k components."""
    try:
        z = np.array(Z, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"Z cannot be read as an array of numbers ({error}): codes of this model have shape (n, {k})") from None
    if z.ndim != 2 or z.shape[1] != k:
        raise DataError(f"Z has shape {z.shape}; codes of this model have shape (n, {k})")
    if not np.isfinite(z).all():
        raise DataError("Z contains NaN or infinite values: codes are finite numbers")
    return z


def indexed(out: Any, X: Any) -> Any:
    """A pandas result gets the index of the pandas object that it came from."""
    if hasattr(out, "iloc") and hasattr(X, "iloc"):
        out.index = X.index
    return out


def load(path: str | os.PathLike[str], dtype: Any = None) -> Any:
    """Read a model from a file; `dtype` is the precision of its arithmetic, by default that of its format.

    Raises
    ------
    NoProgram
        The file holds another model, or one that cannot run in NumPy.
    """
    head = storage.header(path)
    if head.kind not in KINDS:
        raise refused(path, f"it holds a model of the kind {head.kind}, and only {', '.join(KINDS)} run in NumPy")
    try:
        with storage.explained(head.path):
            return KINDS[head.kind](head, dtype)
    except NotCompiled as error:
        raise refused(path, str(error)) from None


def refused(path: str | os.PathLike[str], why: str) -> NoProgram:
    return NoProgram(f"engine='numpy': {str(path)!r} cannot run without PyTorch ({why}): use engine='torch'")


def autoencoder(head: Header, dtype: Any = None) -> FittedAutoencoder:
    """The autoencoder in a file."""
    meta, arrays = head.meta, storage.tensors(head)
    format, loss = read_format(meta, arrays), meta["params"]["loss"]
    encoder = side("encoder", meta, arrays, start(format.width, dtype or (np.float64 if format.exact else np.float32)))
    raw = side("decoder", meta, arrays, start(encoder.output.width, encoder.dtype))
    decoder = raw.then(losses.build(loss) if isinstance(loss, dict) else format.loss(loss))
    held_out = bool(meta["comparison"]["held_out_rows"])
    cells = HiddenCells.from_state(format.columns, format.width, under(arrays, "hidden_cells"), held_out)
    usual = UsualCodes.from_state(under(arrays, "sampler.p"), encoder.output.width)
    model = FittedAutoencoder(format, meta["names"], encoder, decoder, cells, usual)
    check_width(model._expected(np.zeros((1, format.width))), format.width, "columns")
    return model


def multilabel(head: Header, dtype: Any = None) -> FittedLabels:
    """The multi-label classifier in a file."""
    meta, arrays = head.meta, storage.tensors(head)
    format, labels = read_format(meta, arrays), Labels.from_state(meta["labels"])
    encoder = side("encoder", meta, arrays, start(format.width, dtype or np.float32))
    raw = side("decoder", meta, arrays, encoder).mean()
    k = len(labels.names)
    check_width(raw.run(np.zeros((1, format.width))), k, "labels")
    decision = Decision.from_state(arrays, meta["least"], k, labels.kind == "one")
    return FittedLabels(format, meta["names"], raw, labels, decision)


KINDS = {"Autoencoder": autoencoder, "MultiLabelClassifier": multilabel, "IndependentClassifiers": multilabel}


def read_format(meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Format:
    found = stored(meta, under(arrays, "format"))
    found.attach(None)  # an error, if it needs what no file holds
    return found


def side(name: str, meta: dict[str, Any], arrays: dict[str, np.ndarray], before: Program) -> Program:
    """`before`, and then the encoder or the decoder in a file."""
    return compiled(meta["network"][name], under(arrays, f"network.{name}"), before)


def check_width(found: np.ndarray, width: int, of: str) -> None:
    if found.shape != (1, width):
        raise FormatError(f"its network does not fit its {of}")
