"""The networks: plain modules, and the closed vocabulary in which a file describes them."""

from __future__ import annotations

from .calendar import Calendar
from .convolution import ConvDecoder, ConvEncoder, ConvFeatures, Unflat
from .dense import Drop, MissingIndicator, SkipMLP, inside, mlp
from .efficientnet import Lite0
from .ensemble import (
    ConcatEnsembles,
    ConcatHidden,
    EnsembleMLP,
    EnsembleScaler,
    EnsembleSkipMLP,
    ModuleEnsemble,
    PretrainedEncoder,
)
from .heads import Head, PerLabelHead
from .links import Link, Shares
from .numeric import PiecewiseLinearEncoding
from .restoration import ColorClassHead, NoiseConditionalUNet, PixelShuffleHead, PixelShuffleHeads, ResidualCNN, UNet
from .text import Sphere, TfIdf
from .vocabulary import build, describe, is_own, outlined, own_name, written

__all__ = [
    "Calendar",
    "ColorClassHead",
    "ConcatEnsembles",
    "ConcatHidden",
    "ConvDecoder",
    "ConvEncoder",
    "ConvFeatures",
    "Drop",
    "EnsembleMLP",
    "EnsembleScaler",
    "EnsembleSkipMLP",
    "Head",
    "Link",
    "Lite0",
    "MissingIndicator",
    "ModuleEnsemble",
    "NoiseConditionalUNet",
    "PerLabelHead",
    "PiecewiseLinearEncoding",
    "PixelShuffleHead",
    "PixelShuffleHeads",
    "PretrainedEncoder",
    "ResidualCNN",
    "Shares",
    "SkipMLP",
    "Sphere",
    "TfIdf",
    "UNet",
    "Unflat",
    "build",
    "describe",
    "inside",
    "is_own",
    "mlp",
    "outlined",
    "own_name",
    "written",
]
