"""Copies of rows, as of an oversampled class: one that is held out must have no copy among those that are learned.

    first_i = min { j : x_j = x_i }                the bits are the same
    fold_i  = fold_{first_i}                       copies are judged together

Rows of few values, such as yes or no, are alike without being copies, and new ones will be, too. So rows are taken for copies
where one column alone tells most of the different rows from each other, as a quantity does, and where more pairs are alike than

    2 prod_j q_j n (n - 1) / 2                     q_j: of how many pairs the values of column j are the same

which is what there would be by chance, and than the column with the most steps g_j would give by itself: others may follow from
it, as a year of birth from an age,

    2 n (n - 1) / 2 / max_j g_j                    g_j: range of the values of column j / their smallest difference

Of rows of many values, such as words or pixels, no two of n are alike by chance if

    - sum_j log2 p_j(x_ij) > 2 log2 n + 20           p_j(v): share of the different rows that hold v in column j

Near copies, as of a picture in another size, or of a letter with another name, lie in a small group, far from all else:

    d_ik < near median d,    5 d_ik < d_i,k+1        for some k < 25; d_ik: how far the k-th nearest is from i
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .deferred import torch
from .rows import BLOCK_BYTES, Rows, evenly, spread_over

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["copies", "firsts", "near_copies", "together"]

SORTED = 1 << 24  # keys of rows that are sorted at once
SAMPLE = 4096  # rows that are looked at
LEAST = 20  # different rows; of fewer a column of codes tells most apart, too
SURELY, LIKELY = 0.9, 0.5  # of the different rows, told apart by a column: to leave copies out, and to hold them together
COMPARED = 2000  # different rows that say how frequent values are, at least
SURE = 20  # bits by which a row must be less likely than that two of n are alike: a millionth
OFTEN, SHARE, USUAL = 10, 0.02, 5  # times, share of all rows, and times the usual number, beyond which a row is frequent
STATES = 5  # different rows that are often there, of which as many are no states, such as zeros, but an oversampled class
GROUP, JUMP = 25, 5  # near copies of one thing, at most; how many times as far the next thing is: of turns of one, 3 is usual
MOST_NUMBERS = 20_000_000  # in rows that are held together; beyond, another pass over them would take long


def firsts(rows: Rows) -> np.ndarray:
    """(n,) for each row the number of the first one with the same bits.

    >>> firsts(Rows(torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))).tolist()
    [0, 1, 0]
    """
    keys = np.concatenate([short_keys(bits(x)) for x in rows.chunks()])
    first = np.arange(len(keys))
    shares = 1 + len(keys) // SORTED
    for share in range(shares):  # only so many keys are sorted at once
        here = np.flatnonzero(keys % np.uint64(shares) == share)
        order = here[np.argsort(keys[here], kind="stable")]
        new = np.r_[True, np.diff(keys[order]) != 0][: len(order)]
        twin = order[np.flatnonzero(new)[np.cumsum(new) - 1]]  # the first row of this key
        for part in np.array_split(np.flatnonzero(~new), 1 + len(order) // BLOCK_BYTES):
            if len(part):
                same = (bits(rows.take(order[part])) == bits(rows.take(twin[part]))).all(1)
                first[order[part[same]]] = twin[part[same]]
    return first


def quantities(rows: Rows, first: np.ndarray, telling: float) -> bool:
    """Whether one column tells different rows from each other, and more are alike than there would be by chance."""
    different = np.flatnonzero(first == np.arange(len(first)))
    if len(different) < LEAST or not told_apart(rows.subset(different), telling):
        return False
    size = np.bincount(first)[different].astype(float)
    return bool((size * (size - 1) / 2).sum() > 2 * by_chance(rows))


def of_many_values(rows: Rows, first: np.ndarray) -> np.ndarray:
    """(n,) which rows have copies, and so many values that it is no chance."""
    size = np.bincount(first, minlength=len(first))
    copied, different = np.flatnonzero(size > 1), np.flatnonzero(size > 0)
    found = np.zeros(len(first), dtype=bool)
    if len(different) >= LEAST:
        some = np.union1d(copied, different[evenly(len(different), COMPARED)])
        found[some] = unlikely(rows.take(some)) > 2 * np.log2(len(first)) + SURE
    return np.asarray((found & (size > 1))[first])


def unlikely(x: Tensor) -> np.ndarray:
    """How unlikely each of different rows (m, d) is, if its columns had nothing to do with each other: (m,) bits.

    >>> unlikely(torch.tensor([[0, 5], [1, 5], [0, 5], [0, 6]])).round(2).tolist()
    [0.83, 2.42, 0.83, 2.42]
    """
    found = np.zeros(len(x))
    for column in x.numpy().T:
        _, value, count = np.unique(column, return_inverse=True, return_counts=True)
        found -= np.log2(count[value] / len(x))
    return found


def told_apart(rows: Rows, telling: float) -> bool:
    """Whether one column tells such a share of different rows from each other."""
    return bool(n_values(rows).max() >= telling * min(len(rows), SAMPLE))


def n_values(rows: Rows) -> Tensor:
    """(d,) how many different values each column has."""
    x = spread_over(rows, SAMPLE).nan_to_num().sort(0).values
    return 1 + (x[1:] != x[:-1]).sum(0)


def by_chance(rows: Rows) -> float:
    """How many pairs of rows would be alike if the columns were independent."""
    x, n = spread_over(rows, SAMPLE), len(rows)
    x = torch.where(gaps := x.isnan(), x.masked_fill(gaps, torch.inf).amin(0), x).nan_to_num().sort(0).values
    place = torch.arange(len(x))[:, None].expand(-1, x.shape[1])
    new = torch.cat([torch.ones_like(x[:1], dtype=torch.bool), x[1:] != x[:-1]])
    alike = (place - (place * new).cummax(0).values).sum(0).double()  # each value with the same ones before it
    q = alike / max(1, len(x) * (len(x) - 1) / 2)
    return max(float(q.log().sum().exp()), 1 / steps(x)) * n * (n - 1) / 2


def steps(x: Tensor) -> float:
    """How many values the column with most of them could have, of sorted columns (n, d); far values are left out.

    >>> steps(torch.arange(11.0)[:, None].repeat(1, 2)), steps(torch.tensor([[0.0], [0.001], [5.0]])) > 5000
    (11.0, True)
    """
    middle = x[len(x) // 20 : len(x) - len(x) // 20]
    differences = middle.diff(dim=0)
    smallest = torch.where(differences > 0, differences, torch.inf).amin(0)
    return 1 + float(((middle[-1] - middle[0]) / smallest).max())


def copies(rows: Rows) -> np.ndarray:
    """(n,) whether a row is a copy of an earlier one.

    >>> x = torch.rand(30, 2)
    >>> copies(Rows(torch.cat([x, x[:3]]))).sum(), copies(Rows(x.round())).sum()
    (np.int64(3), np.int64(0))
    """
    first = firsts(rows)
    again = np.asarray(first != np.arange(len(first)))
    return again & (again.any() and quantities(rows, first, SURELY))


def together(rows: Rows, fold: np.ndarray) -> np.ndarray:
    """The fold of each row (n,), with copies in that of the first of them.

    What is there very often, such as rows of zeros, will be there again, and is known for good reason: it stays in all folds.
    Not so many different rows, such as those of a rare class that was oversampled.
    """
    if len(fold) * rows.take(np.zeros(1, dtype=int)).shape[1] > MOST_NUMBERS:
        return fold
    first = firsts(rows)
    if not (first != np.arange(len(first))).any():
        return fold
    told = quantities(rows, first, LIKELY)
    copied = told or of_many_values(rows, first)
    size = np.bincount(first, minlength=len(first))
    often = copied & (size > max(OFTEN, SHARE * len(first), USUAL * float(np.median(size[size > 0]))))
    if often.sum() >= STATES and not (told and alike_where_telling(rows, often, size > 0)):
        often[:] = False
    found = np.where(copied & ~often[first], fold[first], fold)
    return found if len(np.unique(found)) == len(np.unique(fold)) else fold


def alike_where_telling(rows: Rows, often: np.ndarray, different: np.ndarray) -> bool:
    """Whether what is often there is the same in the column that tells most rows apart, such as an amount of zero."""
    telling = int(n_values(rows.subset(np.flatnonzero(different))).argmax())
    return bool(n_values(rows.subset(np.flatnonzero(often)))[telling] < LIKELY * often.sum())


def near_copies(apart: np.ndarray, near: float) -> np.ndarray:
    """(n,) which of n different things have a near copy, by how far any two are apart (n, n).

    >>> x = np.random.default_rng(0).random((30, 9)).repeat(2, 0)
    >>> x[:20] += 0.01 * np.random.default_rng(1).random((20, 9))
    >>> x[20:] = np.random.default_rng(2).random((40, 9))
    >>> near_copies(np.linalg.norm(x[:, None] - x[None], axis=2), 0.2).nonzero()[0].tolist() == list(range(20))
    True
    """
    usual = float(np.median(apart[~np.eye(len(apart), dtype=bool)]))
    d = np.where(np.eye(len(apart), dtype=bool), np.inf, apart)
    d = np.sort(np.partition(d, min(GROUP, len(d) - 1), axis=1)[:, :GROUP], axis=1)
    return np.asarray(((d[:, :-1] < near * usual) & (JUMP * d[:, :-1] < d[:, 1:])).any(1))


def bits(x: Any) -> np.ndarray:
    """Numbers (n, d) as whole numbers; -0.0 is 0.0, and each NaN is the same.

    >>> bits([[-0.0, np.nan]]).tolist() == bits([[0.0, -np.nan]]).tolist()
    True
    """
    found: np.ndarray = np.ascontiguousarray(x, dtype=np.float32) + np.float32(0)
    found[np.isnan(found)] = np.nan
    return found.view(np.uint32)


def short_keys(x: np.ndarray) -> np.ndarray:
    """uint32 (n, d) -> uint64 (n,), equal for equal rows, and seldom for others."""
    mixed = x * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)  # else zeros at the end of all numbers would be zeros at the end of all sums
    odd = np.random.default_rng(0).integers(0, 2**63, x.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    key: np.ndarray = (mixed * odd).sum(1, dtype=np.uint64)
    return key
