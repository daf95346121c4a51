"""What stands on either side of the waist: plain modules, and the closed vocabulary in which a file describes them."""

from __future__ import annotations

from .convolution import Inward, Outward, Sight, Unflat
from .dense import Curved, Drop, Missing, inside, mlp
from .efficientnet import Lite0
from .ensemble import Beside, Borrowed, Codes, Copies, EnsembleMLP, EnsembleSkipMLP, Wider
from .heads import Apart, Head
from .links import Link, Shares
from .numeric import Bins
from .restoration import Column, Palette, Shuffle, Shuffles, Told, UNet
from .text import Sphere, TfIdf
from .vocabulary import build, describe, is_own, own_name

__all__ = [
    "Apart",
    "Beside",
    "Bins",
    "Borrowed",
    "Codes",
    "Column",
    "Copies",
    "Curved",
    "Drop",
    "EnsembleMLP",
    "EnsembleSkipMLP",
    "Head",
    "Inward",
    "Link",
    "Lite0",
    "Missing",
    "Outward",
    "Palette",
    "Shares",
    "Shuffle",
    "Shuffles",
    "Sight",
    "Sphere",
    "TfIdf",
    "Told",
    "UNet",
    "Unflat",
    "Wider",
    "build",
    "describe",
    "inside",
    "is_own",
    "mlp",
    "own_name",
]
