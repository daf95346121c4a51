"""Documents: lists of strings, ``.jsonl``, ``.txt``, a folder of ``.txt``, a column of a table; or a matrix of word counts.

    n_w = how often word w of the vocabulary occurs          the d words that are kept (words.py)

The numbers of a document are its counts. Back from expected counts comes, for a matrix, a matrix, and for texts, the
words most to be expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..copies import near_copies
from ..deferred import is_sparse, sp, torch
from ..errors import DataError, warn
from ..losses import Loss, Multinomial
from ..rows import Rows, evenly
from .base import MAX_BYTES_IN_MEMORY, Format, named_loss
from .far import ENOUGH_TO_TELL
from .layout import ending
from .matrices import by_name, canonical, check_places, matrix, names_of, options_of
from .readers import NamedMatrix, opened, reads
from .readers.compressed import in_pieces
from .texts import holds_texts, is_texts, read_documents, tell_markup, text_column
from .words import Counted, Words, chosen

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import CountVectorizer
    from torch import Tensor

__all__ = ["Documents", "read_documents"]

TOP = 12  # words that stand for a document
CHUNK, CELLS = 4096, 1 << 25  # rows, and cells, that are made dense at once
LOOKED_AT = 100_000  # numbers that show whether all are whole
ROWS_LOOKED_AT, MANY = 2000, 100  # rows, and columns of numbers, that show whether it is a table
LOOKED_AT_TEXTS, LEAST_TEXTS = 1000, 40  # that show whether there are near copies; different ones, at least
LEAST_WORDS = 12  # that differ, in a copy
NEAR, SAME, MANY_COPIES = 0.3, 1e-9, 1 / 3  # of two texts (1: no common word), of copies, and the share that is told
FEW_VALUES = 2  # of a column of yes and no

PARAMETERS = ("max_features", "stem", "stop_words", "min_df", "max_df", "token_pattern", "column", "encoding")


class Documents(Format):
    """Bags of words.

    Parameters
    ----------
    max_features : int or None, default=2000
        Size of the vocabulary: the most common words.
    stem : str or None, default=None
        A language of the Snowball stemmers, such as "english": *compute, computer, computing* count as one
        (needs the extra ``text``).
    stop_words : "english", list of str or None, default=None
        Words to leave out.
    min_df : "auto", int or float, default="auto"
        Leave out words of fewer documents; a float is a share of them. "auto" is 2 from 20 documents on, if 100 other words
        remain that make up half of the texts, else 1.
    max_df : "auto", int or float, default="auto"
        Leave out words of more documents. "auto" is half of them if, again, enough other words remain; and no limit for
        estimators that learn from labels, which a frequent word may decide.
    token_pattern : str or None, default=None
        A regular expression: what a word is. None: letters and digits in a row; an emoji; and in scripts without spaces
        between words (Chinese, Japanese, Thai, ...) each pair of neighboring letters. Numbers and single letters are left
        out if enough other words remain, but not for estimators that learn from labels.
    column : str or None, default=None
        Of a DataFrame, an Arrow table or the file of a table, or of the objects in JSON lines: what holds the texts.
    encoding : str or None, default=None
        Of files; None: UTF-8, or UTF-16 if the file says so at its beginning.

    Attributes
    ----------
    columns : list of str
        The vocabulary.
    left_out : str
        What of all words is not in the vocabulary, and which parameter leaves it out.

    Examples
    --------
    >>> format = Documents().fit(["red apple", "green apple", "green pear", "red pear"])
    >>> format.columns
    ['apple', 'green', 'pear', 'red']
    >>> format.to_array(["apple apple pear"])
    array([[2., 0., 1., 0.]])
    >>> Documents(max_df=2, min_df=2).fit(["a red apple", "a red pear", "a pear"])
    Documents(min_df=2, max_df=2): 2 words; left out: 1 above max_df=2 (a); 1 below min_df=2 (apple)
    """

    kind = "documents"
    has_cells = False
    words = True
    architecture = "text"
    exact = False
    free = True

    def __init__(
        self,
        max_features: int | None = 2000,
        stem: str | None = None,
        stop_words: Any = None,
        *,
        min_df: Any = "auto",
        max_df: Any = "auto",
        token_pattern: str | None = None,
        column: str | None = None,
        encoding: str | None = None,
    ) -> None:
        self.max_features = max_features
        self.stem = stem
        self.stop_words = stop_words
        self.min_df = min_df
        self.max_df = max_df
        self.token_pattern = token_pattern
        self.column = column
        self.encoding = encoding

    def _line(self) -> str:
        usual = vars(Documents())
        given = ", ".join(f"{name}={value!r}" for name, value in self._given().items() if value != usual[name])
        if not hasattr(self, "width"):
            return f"Documents({given})"
        left_out = f"; left out: {self.left_out}" if self.left_out else ""
        return f"Documents({given}): {self.width:,} {'words' if self.texts else 'columns of counts'}{left_out}"

    def _given(self) -> dict[str, Any]:
        """The parameters, as JSON takes them."""
        given = {name: getattr(self, name) for name in PARAMETERS}
        if not isinstance(self.stop_words, (str, type(None))):
            given["stop_words"] = [str(word) for word in self.stop_words]
        return given | {name: given[name].item() for name in given if isinstance(given[name], np.generic)}

    @classmethod
    def accepts(cls, X: Any) -> bool:
        if isinstance(X, (str, Path)):
            return reads(X, "counts") or (not reads(X) and holds_texts(Path(X)))
        if isinstance(X, NamedMatrix):
            return X.counts
        if is_sparse(X):
            return is_counts(X)
        return is_texts(X)

    def fit(self, X: Any) -> Documents:
        self.texts = not _is_matrix(X)
        self.left_out = ""
        if self.texts:
            counts = self._learned(read_documents(X, self.column, self.encoding))
        else:
            vars(self).pop("width", None)
            X = opened(X)
            names, self.has_names, self.options = names_of(X), False, options_of(X)
            counts = self._matrix(X)
            self.has_names = names is not None
            self.columns = [f"x{j}" for j in range(counts.shape[1])] if names is None else list(names)
            self.dtype, self.array = counts.dtype.str, isinstance(X, sp.sparray)
            self.whole = all(_whole(v) for v in in_pieces(counts.data))
        self.width = len(self.columns)
        n = counts.shape[0]
        held, total, lengths = _sums(counts)
        self.idf = np.log((1 + n) / (1 + held)) + 1
        if not total.sum():
            raise DataError("all counts are zero: there is nothing to learn from")
        self.shares = total / total.sum()
        self.length = float(np.median(lengths[lengths > 0]))
        if self.texts and not self.grouped:
            tell_copies(counts[evenly(n, LOOKED_AT_TEXTS)].multiply(self.idf).tocsr())
        return self

    def _learned(self, texts: list[str]) -> sp.csr_matrix:
        """The vocabulary, and the counts of its words."""
        tell_markup(texts)
        most = self.max_features
        if most is not None and (not isinstance(most, (int, np.integer)) or isinstance(most, bool) or most < 1):
            raise ValueError(f"max_features={most!r}: allowed are None and integers from 1")
        vectorizer = self._vectorizer()
        try:
            counts = vectorizer.fit_transform(texts)
        except ValueError:
            raise DataError(
                f"no words are left to learn from: no token in {len(texts):,} documents is one by "
                f"token_pattern={self.token_pattern!r} and stop_words={self.stop_words!r:.60}: are these texts?"
            ) from None
        words = vectorizer.get_feature_names_out()
        limits = self.min_df, self.max_df, most
        kept, self.left_out = chosen(counts, words, *limits, self.token_pattern is not None, self.deciding)
        if not len(kept):
            raise DataError(
                f"no words are left to learn from: of {len(words):,} words these are left out: {self.left_out}: lower "
                "min_df, raise max_df"
            )
        self.columns = [str(word) for word in words[kept]]
        every, counts = counts.sum(), counts[:, kept]
        held, total, _ = _sums(counts)
        self.known = float(total[held > min(2, held.min())].sum() / every)  # without each document itself, as of a new one
        if len(texts) >= LEAST_TEXTS and (counts.max(0) != counts.min(0)).nnz == 0:
            warn(f"all {len(texts):,} documents hold the same words: there is nothing to learn, and nothing to tell them apart")
        return counts

    def _vectorizer(self, vocabulary: list[str] | None = None, count: bool = False) -> CountVectorizer:
        from sklearn.feature_extraction.text import CountVectorizer

        words: Any = Words(self.token_pattern, self.stop_words, self.stem)
        words = Counted(words) if count else words
        return CountVectorizer(analyzer=words, vocabulary=vocabulary, dtype=np.int64)

    def read(self, X: Any) -> list[str]:
        """The texts in X, or in the column of X; without a name, in the only column that looks like texts."""
        return read_documents(X, self.column or text_column(X, self.encoding), self.encoding)

    def counts(self, X: Any) -> sp.csr_matrix:
        """X -> (n, d) CSR of counts."""
        if not self.texts:
            return self._matrix(X)
        vectorizer = self._vectorizer(self.columns, count=True)
        counts = vectorizer.transform(self.read(X)).tocsr()
        self._tell_other_words(counts, vectorizer.analyzer.found)
        unknown = int((np.diff(counts.indptr) == 0).sum())
        if unknown:
            warn(
                f"no word of the vocabulary is in {unknown:,} of {counts.shape[0]:,} documents: the model knows nothing "
                "about these"
            )
        return counts

    def _tell_other_words(self, counts: sp.csr_matrix, found: int) -> None:
        """Warn of texts of `found` words, far fewer of which are in the vocabulary than of those of fit."""
        share = float(counts.sum()) / max(1, found)
        if counts.shape[0] >= ENOUGH_TO_TELL and share < self.known / 2:
            warn(
                f"{share:.0%} of the words are in the vocabulary, where it was {self.known:.0%} in fit: are these texts about "
                "other things, or in another language? The model sees nothing of the other words"
            )

    def _matrix(self, X: Any) -> sp.csr_matrix:
        X = opened(X, self.options)
        if self.has_names:
            X = X.of(self.columns) if isinstance(X, NamedMatrix) else by_name(X, self.columns)
        counts = canonical(sp.csr_matrix(matrix(X)))
        if any(not np.isfinite(v).all() or v.min() < 0 for v in in_pieces(counts.data)):
            raise DataError(
                "Negative values (or infinite ones) in a matrix of word counts: give format='arrays' for other numbers"
            )
        if hasattr(self, "width") and counts.shape[1] != self.width:
            raise DataError(f"X has {counts.shape[1]} features, but was fitted with {self.width}")
        return counts

    def chunks(self, X: Any) -> Iterator[Any]:
        counts = self.counts(X)
        if not self.texts and self.whole and not _whole(counts.data[:LOOKED_AT]):
            warn(
                f"X holds {next(v for v in counts.data if v % 1):.3g}, but the model was fitted to whole counts: "
                "give counts, not their logarithms or shares"
            )
        step = min(CHUNK, 1 + CELLS // self.width)
        for start in range(0, counts.shape[0], step):
            yield counts[start : start + step]

    def rows(self, X: Any) -> Rows:
        counts = self.counts(X)
        if counts.shape[0] * self.width * 4 <= MAX_BYTES_IN_MEMORY / 4:
            return Rows(torch.from_numpy(_dense(counts)))
        return Rows(counts, _dense)

    def to_array(self, X: Any) -> np.ndarray:
        counts = X if is_sparse(X) and self.texts else self.counts(X)
        return counts.astype(np.float64).toarray()

    def from_array(self, x: Any) -> Any:
        values = np.asarray(x, dtype=np.float64)
        if self.texts:
            return [" ".join(self.top(row)) for row in values]
        whole = bool((values == values.round()).all())
        return (sp.csr_array if self.array else sp.csr_matrix)(values.astype(self.dtype) if whole else values)

    def top(self, row: np.ndarray, most: int = TOP) -> list[str]:
        """The words of one row of (expected) counts, most frequent first."""
        order = np.argsort(-row, kind="stable")[:most]
        return [self.columns[j] for j in order if row[j] > 0]

    def original(self, x: Any) -> list[list[Any]]:
        return [list(column) for column in np.asarray(x, dtype=np.float64).T]

    def loss(self, name: str = "auto") -> Loss:
        if name not in ("auto", "multinomial"):
            return named_loss(name, self.width, [self.width])
        return Multinomial(self.length, tuple((self.idf / (self.idf @ self.shares)).tolist()))

    def view(self) -> tuple[Tensor, Tensor]:
        return torch.zeros(self.width), torch.full((self.width,), self.width**-0.5)  # tf-idf has length 1

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        meta = self._given() | {
            "texts": self.texts,
            "words": self.columns if self.texts or self.has_names else None,
            "left_out": self.left_out,
            "dtype": None if self.texts else self.dtype,
            "array": not self.texts and self.array,
            "whole": not self.texts and self.whole,
            "length": self.length,
            "known": self.known if self.texts else None,
        }
        return meta, {"idf": self.idf, "shares": self.shares}

    def described(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        words = Words(self.token_pattern, self.stop_words, self.stem).described()
        return words | {"words": self.columns, "texts": self.texts}, {}

    @classmethod
    def from_state(cls, meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Documents:
        self = cls(**{name: meta[name] for name in PARAMETERS})
        self.texts, self.length, self.left_out = bool(meta["texts"]), float(meta["length"]), str(meta["left_out"])
        self.known = float(meta["known"]) if self.texts else 0.0
        self.idf, self.shares = arrays["idf"], arrays["shares"]
        self.has_names = meta["words"] is not None
        self.columns = list(meta["words"]) if self.has_names else [f"x{j}" for j in range(len(self.idf))]
        self.width = len(self.columns)
        if not self.texts:
            self.dtype, self.array, self.whole = np.dtype(meta["dtype"]).str, bool(meta["array"]), bool(meta["whole"])
        self._check()
        return self

    def _check(self) -> None:
        """Check what comes from a file: shapes and types must fit together."""
        shapes = all(a.shape == (self.width,) and a.dtype == np.float64 for a in (self.idf, self.shares))
        words = all(isinstance(word, str) for word in self.columns) and len(set(self.columns)) == self.width
        if not (shapes and words and self.width and self.length > 0):
            raise DataError("the parts of a document format do not fit together")
        if self.texts:
            self._vectorizer(self.columns)
        elif np.dtype(self.dtype).kind not in "fiub":
            raise DataError(f"{self.dtype!r} is no type of counts")


def tell_copies(weighted: sp.csr_matrix) -> None:
    """Warn of texts (n, d), as weighted counts, of which many are nearly the same as another: forms, and drafts of one text."""
    size = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    unit = sp.diags_array(1 / size[size > 0]) @ weighted[size > 0]
    like = (unit @ unit.T).toarray()
    different = ~np.triu(like > 1 - SAME, 1).any(0)  # copies are held out together
    if different.sum() < LEAST_TEXTS:
        return
    rich = np.diff(weighted[size > 0].indptr)[different] >= LEAST_WORDS  # of few words, texts are alike by chance
    share = float((near_copies(1 - like[different][:, different], NEAR) & rich).mean())
    if share > MANY_COPIES:
        warn(
            f"{share:.0%} of the texts looked at have a near copy among them, as of forms, or of versions of one text: what is "
            "said of held-out ones holds for more copies of the same texts, and not for others: keep one of each, judge "
            "the model by texts of which it has seen no copy, or, beside y, say which belong together (groups=)"
        )


def _whole(values: np.ndarray) -> bool:
    return bool((values == np.floor(values)).all())


def is_counts(X: Any) -> bool:
    """Whether a sparse matrix holds counts: whole numbers, and some above 1."""
    data = canonical(X).data[:1_000_000]
    return bool(
        data.size and data.dtype.kind in "fiu" and (data >= 0).all() and (data == np.floor(data)).all() and data.max() > 1
    )


def tell_table(X: Any) -> None:
    """Warn of a sparse matrix that looks like a table with one-hot columns: most rows have as many cells, as no texts do."""
    check_places(X)
    some = canonical(X.tocsr()[:ROWS_LOOKED_AT])
    full = np.flatnonzero(np.bincount(some.indices) > some.shape[0] / 2)
    numbers = [j for j in full[:MANY].tolist() if len(np.unique(some[:, [j]].data)) > FEW_VALUES]
    if numbers and np.bincount(np.diff(some.indptr)).max() > some.shape[0] / 2:
        warn(
            "X is a sparse matrix without negative numbers, read as counts of words: but most rows have equally many cells, "
            f"and column {numbers[0]} numbers such as {some[:, [numbers[0]]].data[0]:.3g}, as in a table with one-hot columns: "
            "give format='arrays' for a table, 'documents' for counts"
        )


def _sums(counts: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each word (d,), the documents that hold it and how often it occurs; of each document (n,), its words; by pieces."""
    d = counts.shape[1]
    held, total = np.zeros(d, np.int64), np.zeros(d)
    for j, v in zip(in_pieces(counts.indices), in_pieces(counts.data), strict=True):
        held += np.bincount(j, minlength=d)
        total += np.bincount(j, v, d)
    parts = [counts[i : i + CHUNK].sum(1) for i in range(0, max(1, counts.shape[0]), CHUNK)]
    return held, total, np.asarray(np.concatenate(parts), dtype=np.float64).ravel()


def _dense(counts: sp.csr_matrix) -> np.ndarray:
    return counts.astype(np.float32).toarray()


def _is_matrix(X: Any) -> bool:
    if isinstance(X, (str, Path)):
        return ending(X).endswith(".npy") or reads(X, "matrix", "counts")
    return isinstance(X, NamedMatrix) or is_sparse(X) or (isinstance(X, np.ndarray) and X.ndim == 2)
