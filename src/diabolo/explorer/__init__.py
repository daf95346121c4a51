"""A model as a map in one HTML file: drag a circle, and what the decoder makes of the place follows.

export(model, X, "map.html")          one file that opens from disk and needs no network
serve(model, X)                       the same from a small server on this computer, and a browser
Explorer(model, X)                    the same in a cell of a notebook, with its circle and selection as attributes

A payload (payload.py) is what the page gets; web/ is the page, whose modules bundle.py puts into one script.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..estimators.base import System
from ..formats.files import Sample
from ..progress import progress
from ..storage import atomic
from . import server
from .page import html
from .payload import Payload, payload

if TYPE_CHECKING:
    from .widget import Explorer

__all__ = ["Explorer", "Payload", "export", "html", "payload", "serve"]


def __getattr__(name: str) -> Any:
    """The widget needs the extra ``notebook``."""
    if name == "Explorer":
        return importlib.import_module(".widget", __name__).Explorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def export(
    model: System,
    X: Any,
    path: str | os.PathLike[str],
    *,
    title: str = "",
    labels: Mapping[str, Any] | None = None,
    seed: int = 0,
    sampled: bool = False,
    sample: Sample | None = None,
    color: str | None = None,
) -> None:
    """Write the explorer of a fitted model: one HTML file.

    Parameters
    ----------
    model : Autoencoder, OutlierDetector, Classifier, Regressor or MultiLabelClassifier
        The fitted or loaded model.
    X : DataFrame, array-like (n, d), sparse matrix (n, d), list of str, or path
        The rows of the map; anything that ``model.transform`` takes.
    path : path
        The name of the file. It is written atomically: complete, or not at all.
    title : str, default=""
        Name of the data.
    labels : dict of name to (n,) values, optional
        Further values of each row, by which the page can color, search and filter.
    seed : int, default=0
        Seed of the map. The same model, rows and seed give the same bytes.
    sampled : bool, default=False
        Whether the model drew the rows (``model.sample``): the page says so.
    sample : Sample, optional
        Of which data set the rows of X are some: the page says so, and has their numbers.
    color : str, optional
        The column, measure or code that gives the points their colors at first; by default the first label, of a
        Regressor what it predicts.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from diabolo import Autoencoder
    >>> X, y = load_iris(return_X_y=True)
    >>> ae = Autoencoder(n_components=2, epochs=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(ae, X, f"{folder}/iris.html", title="Iris", labels={"species": y})
    """
    made = html(_payload(model, X, title, labels, seed, sampled, sample, color, remote=False))
    with atomic(path) as file:
        file.write(made)


def serve(
    model: System,
    X: Any,
    *,
    title: str = "",
    labels: Mapping[str, Any] | None = None,
    seed: int = 0,
    sampled: bool = False,
    sample: Sample | None = None,
    color: str | None = None,
    host: str = "127.0.0.1",
    port: int | None = None,
    open: bool = True,
) -> None:
    """Serve the explorer of a fitted model until Ctrl-C; needs the extra ``explore``.

    Parameters
    ----------
    model, X, title, labels, seed, sampled, sample, color : as in :func:`export`
    host, port, open : as in :func:`diabolo.explorer.server.serve`
    """

    def page() -> bytes:
        return html(_payload(model, X, title, labels, seed, sampled, sample, color, remote=True), served=True)

    server.serve(page, model, host=host, port=port, open=open)


def _payload(
    model: System,
    X: Any,
    title: str,
    labels: Mapping[str, Any] | None,
    seed: int,
    sampled: bool,
    sample: Sample | None,
    color: str | None,
    remote: bool,
) -> Payload:
    with progress("Explorer") as at:
        known: dict[str, Any] = {"title": title, "labels": labels, "seed": seed, "sampled": sampled, "remote": remote}
        known["color"] = color
        return payload(model, X, **known, sample=sample, say=lambda words: at(0, words))
