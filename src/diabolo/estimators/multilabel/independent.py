r"""The baseline: k networks that know nothing of each other, O(k d m) where a shared encoder has O(d m + m k).

    raw_c = v_c . encoder_c(x) + b_c + u_c . x         c = 1 ... k

They stand side by side in one network and are trained by the one loop, and each label has its straight line u_c
(linear_residual.py), so that what is compared is the sharing, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import DataError
from ...nets import Apart
from ..supervised.base import described
from .classifier import MultiLabelClassifier

__all__ = ["IndependentClassifiers"]


@described
@dataclass(kw_only=True, repr=False, eq=False)
class IndependentClassifiers(MultiLabelClassifier):
    """k separate networks with the interface of :class:`MultiLabelClassifier`, to see what sharing an encoder gains.

    Parameters
    ----------
    SHARED
    loss, optimize, min_labels, label_weight, memory
        As in :class:`MultiLabelClassifier`. `encoder` must be None: each label has an encoder of its own.

    Attributes
    ----------
    classes_, thresholds_, held_out_, memory_, labels_, n_parameters_, members_, loss_, seed_
        As in :class:`MultiLabelClassifier`.
    network_, format_, history_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`Autoencoder`.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> X, Y = make_multilabel_classification(200, n_classes=4, random_state=0)
    >>> apart = IndependentClassifiers(hidden=(16,), epochs=20, random_state=0).fit(X, Y)
    >>> shared = MultiLabelClassifier(hidden=(16,), epochs=20, random_state=0).fit(X, Y)
    >>> apart.n_parameters_ > 3 * shared.n_parameters_
    True
    """

    _drawn = 0

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.encoder is not None:
            raise ValueError(
                "encoder=...: independent classifiers have an encoder for each label; MultiLabelClassifier takes one"
            )

    def _own(self, members: int, x: Tensor) -> nn.Sequential:
        return super()._own(members * len(self.labels_.names), x)

    def _decoder(self, members: int, m: int) -> nn.Module:
        start = self._target.start()
        apart = Apart(members, m, len(start))
        with torch.no_grad():
            apart.head.b[0].copy_(start.repeat(members)[:, None])
        return apart

    @property
    def members_(self) -> int:
        decoder: Any = self.network_.decoder
        return int(decoder.members)

    def add_label(self, *args: Any, **kwargs: Any) -> Any:
        raise DataError("independent classifiers have no encoder that a new label could share: use MultiLabelClassifier")

    def drop_label(self, name: Any) -> Any:
        raise DataError("the networks of independent classifiers stand in one block: use MultiLabelClassifier to drop labels")
