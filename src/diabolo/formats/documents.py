"""Documents: lists of strings, ``.jsonl``, ``.txt``, a folder of ``.txt``; or a matrix of word counts.

    n_w = how often word w of the vocabulary occurs          the d most common words, scikit-learn's counting

The numbers of a document are its counts. Back from expected counts comes, for a matrix, a matrix, and for texts, the
words most to be expected.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.feature_extraction.text import CountVectorizer
from torch import Tensor

from ..errors import DataError, missing_extra
from ..losses import Loss, Multinomial
from ..rows import Rows
from .arrays import matrix
from .base import IN_MEMORY, Format, named_loss
from .files import is_table

__all__ = ["Documents", "read_documents"]

READABLE = (".jsonl", ".jsonl.gz", ".txt")
TOP = 12  # words that stand for a document
CHUNK = 4096
TOKEN = r"(?u)\b[^\W\d_][^\W\d_]+\b"  # words of two letters or more


class Documents(Format):
    """Bags of words.

    Parameters
    ----------
    max_features : int, default=2000
        Size of the vocabulary: the most common words.
    stem : str or None, default=None
        A language of the Snowball stemmers, such as "english": *compute, computer, computing* count as one
        (needs the extra ``text``).
    stop_words : "english", list of str or None, default=None
        Words to leave out; those in more than half of the documents are left out anyway.

    Examples
    --------
    >>> format = Documents().fit(["red apple", "green apple", "green pear", "red pear"])
    >>> format.columns
    ['apple', 'green', 'pear', 'red']
    >>> format.to_tensor(["apple apple pear"])
    tensor([[2., 0., 1., 0.]], dtype=torch.float64)
    """

    kind = "documents"
    exact = False
    free = True

    def __init__(self, max_features: int = 2000, stem: str | None = None, stop_words: Any = None) -> None:
        self.max_features = max_features
        self.stem = stem
        self.stop_words = stop_words

    @classmethod
    def accepts(cls, X: Any) -> bool:
        if isinstance(X, (str, Path)):
            return (str(X).endswith(READABLE) and not is_table(X)) or (Path(X).is_dir() and any(Path(X).glob("*.txt")))
        if sp.issparse(X):
            return is_counts(X)
        return is_texts(X)

    def fit(self, X: Any) -> Documents:
        self.texts = not _is_matrix(X)
        if self.texts:
            documents = read_documents(X)
            vectorizer = self._vectorizer(len(documents))
            try:
                counts = vectorizer.fit_transform(documents)
            except ValueError as error:
                raise DataError(f"no words are left to learn from ({error}): are these texts?") from None
            self.columns = [str(word) for word in vectorizer.get_feature_names_out()]
        else:
            counts = self._matrix(X)
            self.columns = [f"x{j}" for j in range(counts.shape[1])]
            self.dtype = counts.dtype.str
        self.width = len(self.columns)
        n = counts.shape[0]
        held = np.bincount(counts.indices, minlength=self.width)
        self.idf = np.log((1 + n) / (1 + held)) + 1
        total = np.asarray(counts.sum(0), dtype=np.float64).ravel()
        if not total.sum():
            raise DataError("all counts are zero: there is nothing to learn from")
        self.shares = total / total.sum()
        self.length = float(total.sum() / n)
        return self

    def _vectorizer(self, n: int, vocabulary: list[str] | None = None) -> CountVectorizer:
        common: dict[str, Any] = {"token_pattern": TOKEN, "stop_words": self.stop_words, "dtype": np.int64}
        if self.stem:
            analyze = CountVectorizer(**common).build_analyzer()
            common = {"analyzer": partial(_stems, _stemmer(self.stem), analyze), "dtype": np.int64}
        if vocabulary is not None:
            return CountVectorizer(vocabulary=vocabulary, **common)
        many = n >= 20
        return CountVectorizer(max_features=self.max_features, min_df=2 if many else 1, max_df=0.5 if many else 1.0, **common)

    def counts(self, X: Any) -> sp.csr_matrix:
        """X -> (n, d) CSR of counts."""
        if not self.texts:
            return self._matrix(X)
        return self._vectorizer(0, self.columns).transform(read_documents(X)).tocsr()

    def _matrix(self, X: Any) -> sp.csr_matrix:
        counts = sp.csr_matrix(matrix(X))
        if counts.nnz and (not np.isfinite(counts.data).all() or counts.data.min() < 0):
            raise DataError(
                "Negative values (or infinite ones) in a matrix of word counts: give format='arrays' for other numbers"
            )
        if hasattr(self, "width") and counts.shape[1] != self.width:
            raise DataError(f"X has {counts.shape[1]} features, but was fitted with {self.width}")
        return counts

    def chunks(self, X: Any) -> Iterator[Any]:
        counts = self.counts(X)
        for start in range(0, counts.shape[0], CHUNK):
            yield counts[start : start + CHUNK]

    def rows(self, X: Any) -> Rows:
        counts = self.counts(X).astype(np.float32)
        if counts.shape[0] * self.width * 4 <= IN_MEMORY / 4:
            return Rows(torch.from_numpy(counts.toarray()))
        return Rows(counts, lambda rows: torch.from_numpy(rows.toarray()))

    def to_tensor(self, X: Any) -> Tensor:
        counts = X if sp.issparse(X) and self.texts else self.counts(X)
        return torch.from_numpy(counts.toarray().astype(np.float64))

    def from_tensor(self, x: Tensor) -> Any:
        values = x.detach().cpu().double().numpy()
        if self.texts:
            return [" ".join(self.top(row)) for row in values]
        whole = bool((values == values.round()).all())
        return sp.csr_matrix(values.astype(self.dtype) if whole else values)

    def top(self, row: np.ndarray, most: int = TOP) -> list[str]:
        """The words of one row of (expected) counts, most frequent first."""
        order = np.argsort(-row, kind="stable")[:most]
        return [self.columns[j] for j in order if row[j] > 0]

    def original(self, x: Tensor) -> list[list[Any]]:
        return [list(column) for column in x.detach().cpu().double().numpy().T]

    def loss(self, name: str = "auto") -> Loss:
        if name not in ("auto", "multinomial"):
            return named_loss(name, self.width, [self.width])
        return Multinomial(self.length, tuple((self.idf / (self.idf @ self.shares)).tolist()))

    def view(self) -> tuple[Tensor, Tensor]:
        return torch.zeros(self.width), torch.full((self.width,), self.width**-0.5)  # tf-idf has length 1

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta = {
            "max_features": self.max_features,
            "stem": self.stem,
            "stop_words": self.stop_words,
            "texts": self.texts,
            "words": self.columns if self.texts else None,
            "dtype": None if self.texts else self.dtype,
            "length": self.length,
        }
        return meta, {"idf": self.idf, "shares": self.shares}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Documents:
        self = cls(meta["max_features"], meta["stem"], meta["stop_words"])
        self.texts, self.length = bool(meta["texts"]), float(meta["length"])
        self.idf, self.shares = arrays["idf"], arrays["shares"]
        self.columns = list(meta["words"]) if self.texts else [f"x{j}" for j in range(len(self.idf))]
        self.width = len(self.columns)
        if not self.texts:
            self.dtype = np.dtype(meta["dtype"]).str
        self._check()
        return self

    def _check(self) -> None:
        """What comes from a file: shapes and types that fit together."""
        shapes = all(a.shape == (self.width,) and a.dtype == np.float64 for a in (self.idf, self.shares))
        words = all(isinstance(word, str) for word in self.columns) and len(set(self.columns)) == self.width
        if not (shapes and words and self.width and self.length > 0):
            raise DataError("the parts of a document format do not fit together")
        if self.texts:
            self._vectorizer(0, self.columns)
        elif np.dtype(self.dtype).kind not in "fiub":
            raise DataError(f"{self.dtype!r} is no type of counts")


def is_counts(X: Any) -> bool:
    """Whether a sparse matrix holds counts: whole numbers, some above 1."""
    data = X.tocoo().data[:1_000_000]
    return bool(
        data.size and data.dtype.kind in "fiu" and (data >= 0).all() and (data == np.floor(data)).all() and data.max() > 1
    )


def is_texts(X: Any) -> bool:
    if isinstance(X, np.ndarray):
        return X.ndim == 1 and X.dtype.kind in "UOT" and X.size > 0 and isinstance(X.flat[0], str)
    if hasattr(X, "columns") or not hasattr(X, "__len__") or isinstance(X, (str, bytes, dict)):
        return False
    if not len(X):
        return False
    first = X.iloc[0] if hasattr(X, "iloc") else X[0]
    return isinstance(first, str) or (isinstance(first, Path) and first.suffix == ".txt")


def _is_matrix(X: Any) -> bool:
    if isinstance(X, (str, Path)):
        return Path(X).suffix in (".npz", ".npy")
    return sp.issparse(X) or (isinstance(X, np.ndarray) and X.ndim == 2)


def read_documents(X: Any) -> list[str]:
    """A list of strings from whatever holds documents.

    Of JSON lines, the text is the field ``text`` or ``body`` (after its ``title``), else the longest string.
    """
    if isinstance(X, (str, Path)):
        return _read(Path(X))
    texts = [x.read_text(encoding="utf-8", errors="replace") if isinstance(x, Path) else x for x in X]
    wrong = [i for i, text in enumerate(texts) if not isinstance(text, str)]
    if wrong:
        raise DataError(f"document {wrong[0]} is a {type(texts[wrong[0]]).__name__}, not a string: give '' for an empty one")
    return texts


def _read(path: Path) -> list[str]:
    if path.is_dir():
        return [file.read_text(encoding="utf-8", errors="replace") for file in sorted(path.glob("*.txt"))]
    opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if line.strip()]
    except (gzip.BadGzipFile, EOFError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from None
    if not lines:
        raise DataError(f"{str(path)!r} is empty")
    if path.suffix == ".txt":
        return [line.rstrip("\n") for line in lines]
    return [_text(line, path, number) for number, line in enumerate(lines, 1)]


def _text(line: str, path: Path, number: int) -> str:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"cannot read {str(path)!r}: line {number} is not JSON ({error.msg})") from None
    if isinstance(record, str):
        return record
    if not isinstance(record, dict):
        raise DataError(f"cannot read {str(path)!r}: line {number} is neither a string nor an object")
    strings = {key: value for key, value in record.items() if isinstance(value, str)}
    body = next((strings[key] for key in ("text", "body") if key in strings), None)
    if body is None:
        body = max(strings.values(), key=len, default="")
    title = strings.get("title", "")
    return f"{title}\n{body}" if title and title != body else body


def _stemmer(language: str) -> Any:
    try:
        import snowballstemmer
    except ImportError:
        raise missing_extra("snowballstemmer", "text", "stems") from None
    try:
        return snowballstemmer.stemmer(language)
    except KeyError:
        known = ", ".join(map(repr, snowballstemmer.algorithms()))
        raise ValueError(f"stem={language!r}: allowed are {known}") from None


def _stems(stemmer: Any, analyze: Callable[[str], list[str]], text: str) -> list[str]:
    return stemmer.stemWords(analyze(text))
