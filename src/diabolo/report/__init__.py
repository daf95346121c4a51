"""A model and its data as one HTML file that opens from disk and needs no network.

write(model, X, "report.html")        what is measured (autoencoder.py) + how it looks (page.html, style.css, page.js);
                                      for an outlier detector, the rows that it flags (outliers.py, outliers.html)
                                      for a multi-label classifier, its labels (labels.py, labels.html)
                                      for a regressor, predicted against observed numbers (numbers.py, numbers.html)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import DataError, an
from ..estimators import Autoencoder, OutlierDetector, Regressor
from ..estimators.multilabel.base import MultiLabel
from ..formats.files import Sample
from ..progress import progress
from ..storage import atomic
from .autoencoder import contents
from .labels import labels_page
from .numbers import numbers_page
from .outliers import outliers_page
from .page import html

__all__ = ["write"]


def write(
    model: Autoencoder | OutlierDetector | MultiLabel | Regressor,
    X: Any,
    path: str | os.PathLike[str],
    *,
    title: str = "",
    labels: Mapping[str, Any] | None = None,
    seed: int = 0,
    sample: Sample | None = None,
) -> None:
    """Write a report on a fitted model: one HTML file.

    Parameters
    ----------
    model : Autoencoder, OutlierDetector, MultiLabelClassifier or Regressor
        The fitted or loaded model. For a detector, the report shows which rows are unlike the others and which cells make them
        so; for a classifier, how well each label is predicted and which rows to check; for a regressor, how far off it is,
        beside a straight line and the mean, and which columns matter.
    X : DataFrame, array-like (n, d), sparse matrix (n, d), list of str, or path
        The rows; anything that ``model.transform`` takes.
    path : path
        The name of the file. It is written atomically: complete, or not at all.
    title : str, default=""
        Name of the data.
    labels : dict of name to (n,) values, optional
        Further values of each row, to color the map. For a classifier ``{"y": Y}``: the true labels; for
        a regressor the observed numbers.
    seed : int, default=0
        Seed of the map. The same model, rows and seed give the same bytes.
    sample : Sample, optional
        Of which data set the rows of X are some: a report on labels or numbers says so.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from diabolo import Autoencoder
    >>> X, y = load_iris(return_X_y=True)
    >>> ae = Autoencoder(n_components=2, epochs=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(ae, X, f"{folder}/iris.html", title="Iris", labels={"species": y})
    """
    with progress("Report") as at:

        def say(text: str) -> None:
            at(0, text)

        check_model(model)
        if isinstance(model, OutlierDetector):
            made = outliers_page(model, X, title, say)
        elif isinstance(model, MultiLabel):
            made = labels_page(model, X, labels or {}, title, say, sample)
        elif isinstance(model, Regressor):
            made = numbers_page(model, X, labels or {}, title, say, sample)
        else:
            made = html(contents(model, X, title, labels or {}, seed, say))
    with atomic(path) as file:
        file.write(made)


def check_model(model: object) -> None:
    """Whether there is a report on such a model."""
    if not isinstance(model, (Autoencoder, OutlierDetector, MultiLabel, Regressor)):
        raise DataError(
            f"the model is {an(type(model).__name__)}, on which there is no report: give an Autoencoder, an OutlierDetector, "
            "a MultiLabelClassifier or a Regressor"
        )
