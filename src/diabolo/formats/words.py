r"""Words: how a text is cut into them, and which of them count.

    text -> its words            letters and digits in a row; an emoji; where no space stands between words, pairs of letters
    kept:  min <= N_w <= max     N_w: how many documents word w occurs in; of these, the most common ones

A word in more than half of the documents, a number and a single letter say little of what a document is about, and may say
everything about a label. So they are left out only where nothing is to be decided, and where enough other words remain. What
is left out is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..deferred import sp
from ..errors import missing_extra

__all__ = ["Counted", "Words", "chosen"]

MIN_DOCUMENTS_FOR_LIMITS = 20  # documents from which on a word can be too rare or too frequent
ENOUGH = 100  # other words that must remain, and make up half of all that is said
MAX_WORDS_NAMED = 5  # words that are named of those left out

MARKS = "".join(c for c in map(chr, range(0x300, 0x1E000)) if unicodedata.category(c) in ("Mn", "Mc"))  # as vowels of Hindi
JOINERS = "\u200c\u200d"
VARIANTS = re.compile("[\ufe00-\ufe0f]")  # of an emoji
EMOJI = "[\U0001f1e6-\U0001f1ff]{2}|[\u203c\u2049\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
TOKEN = re.compile(rf"\w+(?:[{MARKS}{JOINERS}]+\w*)*|{EMOJI}")
SPACELESS = (  # Thai, Lao, Burmese, Khmer, Japanese, Chinese
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
RUN = re.compile(rf"([{SPACELESS}][{SPACELESS}{MARKS}]*)|[^{SPACELESS}]+")


class Words:
    """A text -> the list of its words, in lower case.

    Parameters
    ----------
    token_pattern : str or None
        What a word is; None: as the module says.
    stop_words : "english", list of str or None
        Words that are none.
    stem : str or None
        The language of a Snowball stemmer.

    Examples
    --------
    >>> Words()("Error 404: can't read B-17's logs \U0001f44d")
    ['error', '404', 'can', 't', 'read', 'b', '17', 's', 'logs', '\U0001f44d']
    >>> Words()("新しい本を読む")
    ['新し', 'しい', 'い本', '本を', 'を読', '読む']
    """

    def __init__(self, token_pattern: str | None = None, stop_words: Any = None, stem: str | None = None) -> None:
        self.token_pattern, self.stem = token_pattern, stem
        self.find: Any = _found if token_pattern is None else _pattern(token_pattern).findall
        self.stop = frozenset(_plain(word) for word in _stop_words(stop_words))
        self.stemmer = _stemmer(stem) if stem else None

    def __call__(self, text: str) -> list[str]:
        words = [word for word in self.find(_plain(text)) if word and word not in self.stop]
        return words if self.stemmer is None else self.stemmer.stemWords(words)

    def described(self) -> dict[str, Any]:
        """What JavaScript must know to find the same words; or why it cannot."""
        token = None if self.token_pattern is None else _javascript(self.token_pattern)
        why = f"its words were stemmed (stem={self.stem!r})" if self.stem else ""
        if token is None and self.token_pattern is not None:
            why = f"its words were found with token_pattern={self.token_pattern!r}, which only Python reads"
        return {"token": token, "emoji": EMOJI, "spaceless": SPACELESS, "stop": sorted(self.stop), "why": why}


class Counted:
    """Words that remember how many they found.

    >>> words = Counted(Words())
    >>> words("one two"), words("three"), words.found
    (['one', 'two'], ['three'], 3)
    """

    def __init__(self, words: Words) -> None:
        self.words, self.found = words, 0

    def __call__(self, text: str) -> list[str]:
        words = self.words(text)
        self.found += len(words)
        return words


def _plain(text: str) -> str:
    """One spelling for texts that look the same, in lower case."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()


def _found(text: str) -> list[str]:
    text = text.replace("_", " ")
    tokens = TOKEN.findall(text if text.isascii() else VARIANTS.sub("", text))
    return tokens if text.isascii() else [part for token in tokens for part in _parts(token)]


def _parts(token: str) -> Iterator[str]:
    """The token; or, of letters without spaces between words, all pairs of neighbors."""
    if token.isascii():
        yield token
        return
    for run in RUN.finditer(token):
        part = run[0]
        if run[1] and len(part) > 2:
            yield from map("".join, pairwise(part))
        else:
            yield part


def _pattern(token_pattern: str) -> re.Pattern[str]:
    if isinstance(token_pattern, re.Pattern):
        raise ValueError(f"token_pattern={token_pattern!r}: give its text, with flags in it, such as '(?i)[a-z]+'")
    try:
        pattern = re.compile(token_pattern)
    except (re.error, TypeError) as error:
        raise ValueError(f"token_pattern={token_pattern!r} is no regular expression: {error}") from None
    if pattern.groups > 1:
        raise ValueError(f"token_pattern={token_pattern!r} has {pattern.groups} groups: one at most says what a word is")
    return pattern


SIMPLE = r"(?:\\[wdb]|[A-Za-z0-9 '-]|\[(?:\\[wd]|[A-Za-z0-9 '-])+\]|[+*?](?![+])|\{\d+(?:,\d*)?\}(?!\+)|\(\?:|[()|])*"
CLASSES = {r"\w": r"\p{L}\p{N}_", r"\d": r"\p{Nd}"}
EDGE = r"(?:(?<=[\p{L}\p{N}_])(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}_])(?=[\p{L}\p{N}_]))"


def _javascript(token_pattern: str) -> str | None:
    r"""A simple regular expression, as JavaScript has it; None, if it is not as simple.

    >>> print(_javascript(r"(?u)\d+[\w-]"), _javascript(r"(?<=a)b"))
    [\p{Nd}]+[\p{L}\p{N}_-] None
    """
    plain = token_pattern.removeprefix("(?u)")
    if not re.fullmatch(SIMPLE, plain):
        return None
    inside = re.sub(r"\[[^]]*\]", lambda found: re.sub(r"\\[wd]", lambda kind: CLASSES[kind[0]], found[0]), plain)
    return re.sub(r"\\[wdb]", lambda kind: EDGE if kind[0] == r"\b" else f"[{CLASSES[kind[0]]}]", inside)


def _stop_words(stop_words: Any) -> Any:
    if stop_words is None:
        return ()
    if isinstance(stop_words, str):
        if stop_words == "english":
            from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

            return ENGLISH_STOP_WORDS
        raise ValueError(f"stop_words={stop_words!r}: allowed are None, 'english' and a list of words")
    words = list(stop_words)
    if not all(isinstance(word, str) for word in words):
        raise ValueError(f"stop_words={stop_words!r}: allowed are None, 'english' and a list of words")
    return words


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


# ── which words count ────────────────────────────────────────────────────────────────────────────────────────────────


def chosen(
    counts: sp.csr_matrix, words: np.ndarray, min_df: Any, max_df: Any, max_features: int | None, plain: bool, deciding: bool
) -> tuple[np.ndarray, str]:
    """Counts (n, d) of d words -> the numbers of those that are kept; and which are left out and why, for people.

    Parameters
    ----------
    min_df, max_df : "auto", int or float
        As in :class:`Documents`.
    max_features : int or None
        How many words are kept at most.
    plain : bool
        Whether numbers and single letters are words like others.
    deciding : bool
        Whether any word may decide something: then none is left out for being frequent, a number or a letter.
    """
    n = counts.shape[0]
    held, total = np.bincount(counts.indices, minlength=len(words)), np.asarray(counts.sum(0)).ravel()

    def enough(kept: np.ndarray) -> bool:
        return bool(n >= MIN_DOCUMENTS_FOR_LIMITS and kept.sum() >= ENOUGH and total[kept].sum() >= total.sum() / 2)

    rare = held < (2 if min_df == "auto" else _documents("min_df", min_df, n))
    rare &= min_df != "auto" or enough(~rare)
    faint = ~rare & np.array([_faint(word) for word in words], dtype=bool)
    faint &= not plain and not deciding and enough(~rare & ~faint)
    left = ~rare & ~faint
    frequent = left & (held > (n / 2 if max_df == "auto" else _documents("max_df", max_df, n)))
    frequent &= max_df != "auto" or (not deciding and enough(left & ~frequent))
    left &= ~frequent
    kept = np.flatnonzero(left)
    best = np.sort(kept[np.argsort(-total[kept], kind="stable")[:max_features]])
    left[best] = False
    reasons = {
        f"above max_df={0.5 if max_df == 'auto' else max_df}": frequent,
        f"below min_df={2 if min_df == 'auto' else min_df}": rare,
        "numbers and single letters by token_pattern=None": faint,
        f"beyond max_features={max_features}": left,
    }
    return best, "; ".join(_told(words[out], total[out], why) for why, out in reasons.items() if out.any())


def _faint(word: str) -> bool:
    """A number, or a single letter in a script whose words are longer."""
    return word.isnumeric() or (len(word) == 1 and word.isalpha() and word < SPACELESS)


def _documents(name: str, value: Any, n: int) -> float:
    """The number of documents that an int, or a float as a share of n, stands for."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 1:
        return int(value)
    if isinstance(value, (float, np.floating)) and 0 <= value <= 1:
        return float(value) * n
    raise ValueError(f"{name}={value!r}: allowed are 'auto', a number of documents from 1, and a share such as 0.5")


def _told(words: np.ndarray, total: np.ndarray, why: str) -> str:
    """Words, how often they occur, and what leaves them out: 12 above max_df=0.5 (the, of, and, ...)."""
    named = [str(word) for word in words[np.argsort(-total, kind="stable")[:MAX_WORDS_NAMED]]]
    return f"{len(words):,} {why} ({', '.join(named)}{', ...' if len(words) > MAX_WORDS_NAMED else ''})"
