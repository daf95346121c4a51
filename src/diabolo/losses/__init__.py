r"""Losses: a sum over outputs, one term per column.

    loss(raw, y)_i = sum_j  v_j * loss_j(raw_ij, y_ij)           y_ij = NaN: not observed, no term
                                                                 y_ij = +-inf: outside the domain, no term either

    Squared      (raw - y)^2                                      predict: raw
    Clipped      (clip(raw) - y)^2 if y is 0 or 1, else as above  predict: raw, clipped to [0, 1]
    Absolute     |raw - y|                                        predict: raw
    LogSquared   log(mean_j (raw - y)^2 + c)                      predict: raw, pictures
    Bounded      (s(raw) - y)^2,   s = logistic                   predict: s(raw), for numbers in [0, 1]
    Logistic     log(1 + e^raw) - y raw                           predict: s(raw), the probability of 1
    Asymmetric   the same, with less weight on easy negatives     predict: s(raw)
    Softmax      -sum_l y_l log p_l,   p = softmax(raw)           predict: p, the probabilities of the levels
    Multinomial  -sum_w v_w y_w log q_w / max(n, L),  q ~ v p     predict: p, the probabilities of the words; n = sum_w y_w
    Columns      the sum of several of these, each on its features

``raw`` and ``y`` have the same shape (B, m): a category has one feature for each of its m levels, and one of them is 1. The
*error* only needs expected values, so that linear models can be compared by it: squared error of numbers, Brier score of
categories, Kullback-Leibler divergence of documents. Values outside the domain, such as a 7 in a column of 0 and 1, or a new
level, are not learned from. In evaluation they get the worst value: ``surprise`` and ``errors`` are constants there.
"""

from .columns import Columns, Part
from .loss import LOSSES, Loss, build
from .single import Absolute, Asymmetric, Bounded, Clipped, Logistic, LogSquared, Multinomial, Softmax, Squared

__all__ = [
    "LOSSES",
    "Absolute",
    "Asymmetric",
    "Bounded",
    "Clipped",
    "Columns",
    "LogSquared",
    "Logistic",
    "Loss",
    "Multinomial",
    "Part",
    "Softmax",
    "Squared",
    "build",
]
