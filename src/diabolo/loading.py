"""A file -> a fitted model, for one of the engines that can run it."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import suggest

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ENGINES", "load"]

ENGINES = {"torch": "estimators.loading", "numpy": "engine"}  # imported at their first use


def load(path: str | os.PathLike[str], *, encoder: Any = None, decoder: nn.Module | None = None, engine: str = "torch") -> Any:
    """Read a model from a ``.diabolo`` file.

    Parameters
    ----------
    path : path
        The name of a file that ``save`` wrote.
    encoder, decoder : nn.Module, optional
        Your own module, if the model was fitted with one: a file holds its weights, but never its code. If the encoder is a
        text model with ``encode``, the file holds nothing of it: give it here.
    engine : {"torch", "numpy"}, default="torch"
        What runs the model. "numpy" imports neither PyTorch nor scikit-learn, which take seconds: an :class:`Autoencoder` is
        read as a :class:`diabolo.engine.FittedAutoencoder`, which encodes and decodes, a :class:`MultiLabelClassifier` as a
        :class:`diabolo.engine.FittedLabels`, which predicts, with the same results to 1e-6.

    Returns
    -------
    estimator
        The fitted estimator; its outputs have the same bits as before.

    Raises
    ------
    FormatError
        The file is damaged, from a newer version, or not a model; the message says what is wrong.
    ValueError
        With ``engine="numpy"``: the file holds another kind of model, or one with modules of your own.

    Examples
    --------
    >>> load("no-such.diabolo")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'no-such.diabolo'
    """
    if engine not in [*ENGINES]:  # a list has no hash
        allowed = " and ".join(map(repr, ENGINES))
        raise ValueError(f"engine={engine!r}: allowed are {allowed}{suggest(engine, ENGINES)}")
    given = {name: part for name, part in (("encoder", encoder), ("decoder", decoder)) if part is not None}
    if engine != "torch" and given:
        raise ValueError(f"{next(iter(given))}= needs PyTorch, which engine={engine!r} does without: use engine='torch'")
    return import_module(f".{ENGINES[engine]}", __package__).load(path, **given)
