"""Texts as somebody else's model sees them: anything with ``encode(texts) -> (n, m)``, such as a sentence-transformers model.

x = encode(text)         m numbers, on which the last layer stands; there is no way back to the text
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import DataError, FormatError
from ..losses import Loss
from .base import Format, named_loss
from .texts import read_documents

__all__ = ["Embedded"]

CHUNK = 256  # texts that are encoded at once


class Embedded(Format):
    """Codes of texts by a model of the user's own, which does not change.

    Parameters
    ----------
    model : object with ``encode``
        ``encode(list of str) -> array (n, m)``.
    column, encoding : str or None, default=None
        As in :class:`Documents`.

    Examples
    --------
    >>> class Lengths:
    ...     def encode(self, texts):
    ...         return np.array([[len(text), text.count(" ")] for text in texts], dtype=float)
    >>> format = Embedded(Lengths()).fit(["a text", "another text"])
    >>> format.width, format.to_tensor(["one two three"]).tolist()
    (2, [[13.0, 2.0]])
    """

    kind = "embedded"
    has_cells = False
    free = True

    def __init__(self, model: Any = None, column: str | None = None, encoding: str | None = None) -> None:
        self.model = model
        self.column, self.encoding = column, encoding
        self.by = type(model).__name__

    @classmethod
    def accepts(cls, X: Any) -> bool:
        return False  # only through encoder=

    def fit(self, X: Any) -> Embedded:
        texts = self.read(X)
        if not texts:
            raise DataError("Found array with 0 sample(s): X is empty")
        self.width = int(self.encoded(texts[:1]).shape[1])
        self.columns = [f"z{j + 1}" for j in range(self.width)]
        return self

    def attach(self, model: Any) -> None:
        if not callable(getattr(model, "encode", None)):
            raise FormatError(f"its texts were encoded by a {self.by}, which no file holds: load(path, encoder=that model)")
        self.model = model

    def read(self, X: Any) -> list[str]:
        """The texts in X, or in the column of X."""
        return read_documents(X, self.column, self.encoding)

    def encoded(self, texts: list[str]) -> np.ndarray:
        """(n, m) finite numbers."""
        z = np.asarray(self.model.encode(texts), dtype=np.float64)
        if z.ndim != 2 or len(z) != len(texts) or not np.isfinite(z).all():
            raise DataError(f"encode() must give finite numbers of shape ({len(texts)}, m), but gave the shape {z.shape}")
        return z

    def chunks(self, X: Any) -> Iterator[Any]:
        texts = self.read(X)
        for start in range(0, len(texts), CHUNK):
            yield texts[start : start + CHUNK]

    def to_array(self, X: Any) -> np.ndarray:
        z = self.encoded(self.read(X))
        if z.shape[1] != self.width:
            raise DataError(f"encode() gave {z.shape[1]} numbers per text, but the model was fitted with {self.width}")
        return z

    def from_array(self, x: Any) -> Any:
        raise DataError("there is no way back from these codes to texts")

    def loss(self, name: str = "auto") -> Loss:
        return named_loss("squared" if name == "auto" else name, self.width, [self.width])

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"width": self.width, "by": self.by, "column": self.column, "encoding": self.encoding}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Embedded:
        self = cls(None, meta["column"], meta["encoding"])
        if type(meta["width"]) is not int or not 0 < meta["width"] < 1 << 20:
            raise DataError("the parts of its format do not fit together")
        self.width, self.by = meta["width"], str(meta["by"])
        self.columns = [f"z{j + 1}" for j in range(self.width)]
        return self
