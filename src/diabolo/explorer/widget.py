"""The explorer as a notebook's widget: the page of ``page.html``, whose circle and selected rows are attributes.

    place (x, y) of the circle    <->    the page    <->    selection: numbers of rows
      |
    decoded: what the model makes of the place, a thing of the kind that was fitted

Without a kernel, in an exported or a shared notebook, the page itself stands in the cell, in a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch

from ..errors import missing_extra
from ..estimators.base import System
from .bundle import kernel, module, style
from .grids import nodes
from .near import interpolated
from .page import html
from .payload import Payload, payload
from .sides import dtype_of, sides

try:
    import anywidget
    import traitlets
except ImportError:
    raise missing_extra("anywidget", "notebook", "widgets of a notebook") from None

__all__ = ["Explorer"]

FRAME = (
    "<iframe sandbox='allow-scripts allow-downloads' style='width: 100%; height: 860px; border: 0' title='{title}' "
    "srcdoc='{page}'></iframe>"
)
TYPES = {"f32": "<f4", "i32": "<i4"}


class Place(traitlets.TraitType[Any, Any]):
    """Two finite numbers, or None before there is a map."""

    info_text = "two finite numbers (x, y)"

    def validate(self, obj: Any, value: Any) -> tuple[float, float] | None:
        if value is None:
            return None
        x = numbers(value)
        if x is None or x.shape != (2,) or not np.isfinite(x).all():
            self.error(obj, value)
        return float(x[0]), float(x[1])


class Rows(traitlets.TraitType[Any, Any]):
    """Numbers of rows that are on the map."""

    info_text = "numbers of rows that are on the map"

    def validate(self, obj: Any, value: Any) -> list[int]:
        x = numbers(value)
        if x is None or x.ndim != 1 or (len(x) and x.dtype.kind not in "iu"):
            self.error(obj, value)
        rows = np.unique(x.astype(np.int64))
        absent = np.setdiff1d(rows, obj.shown)
        if len(absent):
            raise traitlets.TraitError(f"selection: row {absent[0]:,} is not on the map, which shows {len(obj.shown):,} rows")
        return [int(row) for row in rows]


class Explorer(anywidget.AnyWidget):
    """The map of a fitted model and its rows, in a cell of a notebook.

    Parameters
    ----------
    model : Autoencoder, OutlierDetector, Classifier or MultiLabelClassifier
        The fitted model.
    X : as in fit
        The rows.
    title : str, default=""
    labels : dict of name to (n,) values, optional
        Further values of each row, by which the map can be colored and filtered.
    seed : int, default=0
        Of the map.
    color : str, optional
        The column, measure or code that gives the points their colors at first.

    Attributes
    ----------
    place : (float, float)
        Where the circle is; at first at the likeliest place. Setting it moves the circle.
    decoded : the kind of thing that was fitted, such as a DataFrame of one row, or None
        What the model makes of the place.
    selection : list of int
        Numbers of the selected rows. Setting it selects them on the map.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from diabolo import Autoencoder
    >>> X = load_iris().data
    >>> w = Explorer(Autoencoder(epochs=2, random_state=0).fit(X), X)
    >>> w.place = 0.5, -1
    >>> w.decoded.shape, w.selection
    ((1, 4), [])
    """

    _esm = module("widget") + "export default { render };\n"
    _css = style()

    head = traitlets.Dict().tag(sync=True)
    blob = traitlets.Bytes().tag(sync=True)
    place = Place(None, allow_none=True).tag(sync=True)
    code = traitlets.List(traitlets.Float()).tag(sync=True)  # a place, and the code that the page has for it
    selection = Rows([]).tag(sync=True)
    decoded = traitlets.Any(read_only=True)

    def __init__(
        self,
        model: System,
        X: Any,
        *,
        title: str = "",
        labels: Mapping[str, Any] | None = None,
        seed: int = 0,
        color: str | None = None,
        **more: Any,
    ) -> None:
        found = payload(model, X, title=title, labels=labels, seed=seed, color=color)
        self.model, self._found = model, found
        self.shown, self._places, self._codes = (tensor(found, name) for name in ("index", "places", "codes"))
        super().__init__(head=found.head | {"kernel": kernel()}, blob=found.blob, **more)
        if self.place is None:
            self.place = self._likeliest()

    def _likeliest(self) -> np.ndarray:
        """(2,) where the page begins, too."""
        about = self._found.head["density"]
        heat = tensor(self._found, about["log"])
        return nodes(tuple(about["box"]), len(heat))[heat.argmax()]

    @traitlets.observe("place", "code")
    def _decode(self, change: Any) -> None:
        decode = sides(self.model).decode
        if self.place is None or decode is None:
            return
        z = torch.from_numpy(self._code()[None]).to(dtype_of(self.model.network_))
        with torch.inference_mode():
            self.set_trait("decoded", self.model.format_.from_array(decode(z)))

    def _code(self) -> np.ndarray:
        """(k,) the code of the place: that of the page, which knows two codes as axes, too."""
        if tuple(self.code[:2]) == self.place:
            return np.array(self.code[2:])
        k = self._codes.shape[1]
        at = np.array([self.place])
        return at[0, :k] if k <= 2 else interpolated(at, self._places, self._codes)[0]

    @cached_property
    def _page(self) -> str:
        page = html(self._found).decode()
        return FRAME.format(title=quoted(self._found.head["title"]), page=quoted(page))

    def _repr_html_(self) -> str:
        """The page in a frame of its own, which needs no kernel."""
        return self._page

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, about = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return data | {"text/html": self._repr_html_()}, about


def numbers(value: Any) -> np.ndarray | None:
    """An array of numbers, if it is one."""
    try:
        x = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    return x if x.dtype.kind in "iuf" else None


def tensor(found: Payload, number: str | int) -> np.ndarray:
    """An array of the payload, by its number or the name that the head has for it."""
    entry = found.head["tensors"][found.head[number] if isinstance(number, str) else number]
    values = np.frombuffer(found.blob, TYPES[entry["dtype"]], int(np.prod(entry["shape"])), entry["offset"])
    return values.reshape(entry["shape"])


def quoted(text: str) -> str:
    """As the value of an attribute in single quotes, which a page has few of."""
    return text.replace("&", "&amp;").replace("'", "&#39;")
