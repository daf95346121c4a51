"""A fitted format as JSON and tensors, from which `web/codec.js` turns rows, texts and pictures into features, and back.

    thing  --encode-->  x (d,)        e (d,)  --decode-->  thing        e, x  --errors-->  one number per column

Each format says itself what it does (:meth:`Format.described`); the errors are those of the loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from ..formats import Format
from ..formats.base import NotDescribed
from ..losses import Columns, LogSquared, Loss, Multinomial, Softmax
from ..programs import Tensors

__all__ = ["NotDescribed", "described"]


def described(format: Format, tensors: Tensors, loss: Loss | None = None) -> dict[str, Any]:
    """What JavaScript needs to encode and decode as `format` does.

    Parameters
    ----------
    format : Format
        Fitted.
    tensors : Tensors
        Gets the arrays; their numbers stand in the JSON.
    loss : Loss, optional
        Of the model, whose errors the page shows; None: the format's own.

    Returns
    -------
    dict
        JSON: ``kind``, what is said by :meth:`Format.described`, ``errors``.

    Raises
    ------
    NotDescribed
        The format is one for Python only; the message says why.

    Examples
    --------
    >>> import pandas as pd
    >>> from diabolo.formats import Tables
    >>> from diabolo.programs import Tensors
    >>> about = described(Tables().fit(pd.DataFrame({"age": [20, 40, 60]})), Tensors())
    >>> about["columns"][0]["name"], about["columns"][0]["type"], about["errors"]
    ('age', 'number', {'of': 'squares', 'sizes': [1]})
    """
    meta, arrays = format.described()
    numbers = {name: tensors.add(array, DTYPES[array.dtype.name]) for name, array in arrays.items()}
    far = {"limits": tensors.add(format.limits(), "f32"), "doubts": format.doubts} if format.kind in TOLD_FAR else {}
    return {"kind": format.kind, **meta, **far, "tensors": numbers, "errors": errors(loss or format.loss(), format.width)}


TOLD_FAR = "tables", "arrays"
DTYPES = {"float64": "f64", "int32": "i32", "uint8": "u8"}


def errors(loss: Loss, d: int) -> dict[str, Any] | None:
    """How the error of each column is made of d features; None, if that is known in Python only.

    >>> errors(Softmax((2, 3)), 5)
    {'of': 'squares', 'sizes': [2, 3]}
    """
    columns = sorted(parts(loss, range(d)))
    kinds = {kind for _, _, kind in columns}
    if len(kinds) > 1 or None in kinds or [f for _, features, _ in columns for f in features] != [*range(d)]:
        return None
    return {"of": kinds.pop(), "sizes": [len(features) for _, features, _ in columns]}


def parts(loss: Loss, features: Sequence[int]) -> Iterator[tuple[int, Sequence[int], str | None]]:
    """Each column: its number, its features, and what its error is of them; None, if that is not known."""
    if isinstance(loss, Columns):
        for part in loss.parts:
            found = parts(part.loss, part.features)
            yield from ((column, own, kind) for column, (_, own, kind) in zip(part.columns, found, strict=True))
        return
    kind, one = KINDS.get(type(loss).errors, (None, True))
    sizes = loss.sizes if isinstance(loss, Softmax) else [1] * len(features) if one else [len(features)]
    starts = accumulate(sizes, initial=0)
    yield from ((j, features[i : i + size], kind) for j, (i, size) in enumerate(zip(starts, sizes, strict=False)))


KINDS: dict[Any, tuple[str, bool]] = {  # and whether each feature is a column
    Loss.errors: ("squares", True),
    Softmax.errors: ("squares", True),
    LogSquared.errors: ("mean square", False),
    Multinomial.errors: ("words", False),
}
