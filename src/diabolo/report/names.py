"""Names of rows: the index of a DataFrame, the file of a picture, the text of a document, what a file calls them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from ..formats import Dataset, Documents
from ..formats.readers import as_dataset
from ..images.album import ImageCollection
from ..printed import cut

if TYPE_CHECKING:
    from ..formats import Format

__all__ = ["Names"]

LONG, TEXT = 40, 160  # letters of a name, and of a text


class Names:
    """Names and texts of the rows of X, by number; empty if a row has none.

    >>> import pandas as pd
    >>> from diabolo.formats import Tables
    >>> Names(Tables(), pd.DataFrame({"a": [1, 2]}, index=["x", "y"])).name(1)
    'y'
    """

    def __init__(self, format: Format, X: Any) -> None:
        self.names: Any = []
        self.texts: Any = []
        file = as_dataset(X, format.options)
        if isinstance(file, Dataset):
            self.names = file.rows or []
        elif format.kind == "images" and holds_files(X):
            self.names = ImageCollection(X).names
        elif isinstance(format, Documents) and format.texts and not sp.issparse(X):
            self.texts = format.read(X)
        if hasattr(X, "iloc") and not np.array_equal(np.asarray(X.index), np.arange(len(X))):
            self.names = X.index

    def name(self, i: int) -> str:
        return cut(str(self.names[i]), LONG) if len(self.names) else ""

    def text(self, i: int) -> str:
        return cut(str(self.texts[i]), TEXT) if len(self.texts) else ""


def holds_files(X: Any) -> bool:
    return isinstance(X, (str, os.PathLike, ImageCollection)) or (isinstance(X, list) and isinstance(X[0], (str, os.PathLike)))
