"""A manifold -> what the explorer's page gets: a head (JSON), and tensors in one piece of bytes.

decoder    z -> fields of all letters, advances      as a program: the page computes only the letters that it shows
places     the faces, with their names, families, weights and styles
density    log p(z) of the faces
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..fonts.decoder import UNIT, Decoder
from ..fonts.glyphs import BOX, LETTERS
from ..fonts.manifold import Manifold
from ..programs import Program, Tensors, start
from ..programs.tape import Tape, Value
from .columns import column
from .grids import FINE, density, nodes
from .payload import Payload

__all__ = ["payload", "program"]

NOTE = "Each point is a font that was learned."


def payload(manifold: Manifold, text: str, title: str = "", place: Any = None) -> Payload:
    """All that the page of this manifold needs.

    Parameters
    ----------
    manifold : Manifold
    text : str
        What is written first; letters that were not learned are drawn as missing.
    title : str
    place : (2,), optional
        Where the circle is at first; by default at the font that is nearest to where fonts are likeliest.
    """
    tensors, places = Tensors(), np.asarray(manifold.places, dtype=np.float32)
    x0, x1, y0, y1 = box = manifold.box
    heat, quantiles = density(None, np.asarray, places, box)
    if place is None:
        place = places[np.square(places - nodes(box, FINE)[heat.argmax()]).sum(1).argmin()]
    columns: list[tuple[str, str, Sequence[Any]]] = [
        ("family", "label", [face.family for face in manifold.faces]),
        ("weight", "column", [face.weight for face in manifold.faces]),
        ("style", "label", ["italic" if face.italic else "upright" for face in manifold.faces]),
    ]
    head = {
        "version": 1,
        "title": title or "Fonts",
        "about": about(manifold),
        "model": "Manifold",
        "kind": "fonts",
        "one": "font",
        "k": 2,
        "n": len(places),
        "rows": len(places),
        "codec": None,
        "encoder": None,
        "flat": None,
        "decoder": program(manifold.decoder).json(tensors),
        "labels": None,
        "sheet": None,
        "remote": {"encode": False, "decode": False},
        "trust": None,
        "map": {
            "method": "codes",
            "axes": ["z1", "z2"],
            "note": "Each point is a font that was learned.",
            "box": [x0, x1, y0, y1],
        },
        "density": {"log": tensors.add(heat, "f32"), "box": list(box), "quantiles": quantiles},
        "places": tensors.add(places, "f32"),
        "codes": tensors.add(places, "f32"),
        "columns": [column(name, group, list(values), tensors) for name, group, values in columns],
        "left_out": [],
        "index": tensors.add(np.arange(len(places), dtype=np.int32), "i32"),
        "ids": [face.name for face in manifold.faces],
        "thumbnails": None,
        "regions": [],
        "fonts": letters(manifold, text) | {"place": [float(v) for v in place]},
    }
    return Payload(head | {"tensors": tensors.table}, tensors.blob)


def about(manifold: Manifold) -> str:
    """A sentence under the title."""
    learned = f"Every place of this map is a font; each of its {len(manifold.faces):,} points is one that was learned"
    return learned if len(manifold.letters) >= len(LETTERS) else f"{learned}. Its letters: {' '.join(manifold.letters)}"


def letters(manifold: Manifold, text: str) -> dict[str, Any]:
    """Where the letters lie in the decoder's output, and how they are to be drawn.

    Letter i is the size * size numbers from i * step on, row by row from above, in cells, positive inside; its advance is the
    number after these, times `unit` in em. The picture of a letter is `box` (x0, y0, x1, y1) in em, and x = 0 is the middle of
    its advance width.
    """
    size = manifold.decoder.size
    return {
        "letters": manifold.letters,
        "size": size,
        "step": size * size + 2,
        "unit": UNIT,
        "box": list(BOX),
        "anchor": "middle",
        "level": 0,
        "text": text,
        "about": manifold.about,
    }


def program(decoder: Decoder) -> Program:
    """The decoder as operations on numbers: differences first, whose squares are exact where they are small.

    The letters are the groups of a convolution of one pixel.
    """
    centers, values, draw, level, mix, bias = (t.detach().numpy() for t in decoder.parameters())
    (k, h), (letters, cells, m) = (len(centers), decoder.width), draw.shape
    kernel = np.zeros((letters, cells + 2, m + 2), np.float32)
    kernel[:, :cells, :m], kernel[:, cells:, m:] = draw, np.eye(2)
    level = np.pad(level, ((0, 0), (0, 2)))

    def rule(tape: Tape, xs: list[Value]) -> list[Value]:
        sides = [tape.scale(tape.take(xs[0], [axis] * k), 1 / h, centers[:, axis]) for axis in (0, 1)]
        away = tape.add(*(tape.op("square", t) for t in sides))
        near = tape.op("softmax", tape.scale(away, -0.5), sizes=[k])
        mixed = tape.affine([near], [values.T], None)
        each = tape.affine([mixed], [mix], bias).shaped(len(bias), 1, 1)
        return [tape.conv(each, kernel.reshape(-1, m + 2, 1, 1), level.ravel())]

    return start(2)._on(rule)
