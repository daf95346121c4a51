"""diabolo: encoder-decoder learning, all from one scheme: corrupt(x) -> encoder -> bottleneck z -> decoder -> losses."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .corruption import (
        Chain,
        Clean,
        ColumnMask,
        Downscale,
        Gaussian,
        Grayscale,
        Jpeg,
        Mask,
        Mirror,
        Poisson,
        SaltPepper,
        Shift,
        WordDropout,
    )
    from .errors import DataError, DiaboloError, FormatError, TrainingError
    from .estimators import (
        Autoencoder,
        Classifier,
        Colorizer,
        Denoiser,
        IndependentClassifiers,
        MultiLabelClassifier,
        OutlierDetector,
        Regressor,
        Upscaler,
        label_efficiency,
    )
    from .loading import load
    from .losses import Asymmetric
    from .model_selection import MultiLabelStratifiedKFold

__version__ = "0.1.0"

# Loaded at their first use, so that `diabolo --help` does not wait for torch.
_HOMES = {
    "Asymmetric": "losses",
    "Autoencoder": "estimators",
    "Chain": "corruption",
    "Classifier": "estimators",
    "Clean": "corruption",
    "Colorizer": "estimators",
    "DataError": "errors",
    "Denoiser": "estimators",
    "DiaboloError": "errors",
    "Downscale": "corruption",
    "FormatError": "errors",
    "Gaussian": "corruption",
    "Grayscale": "corruption",
    "ColumnMask": "corruption",
    "IndependentClassifiers": "estimators",
    "Jpeg": "corruption",
    "Mask": "corruption",
    "Mirror": "corruption",
    "MultiLabelClassifier": "estimators",
    "MultiLabelStratifiedKFold": "model_selection",
    "OutlierDetector": "estimators",
    "Poisson": "corruption",
    "Regressor": "estimators",
    "SaltPepper": "corruption",
    "Shift": "corruption",
    "WordDropout": "corruption",
    "TrainingError": "errors",
    "Upscaler": "estimators",
    "label_efficiency": "estimators",
    "load": "loading",
}

__all__ = [
    "Asymmetric",
    "Autoencoder",
    "Chain",
    "Classifier",
    "Clean",
    "Colorizer",
    "ColumnMask",
    "DataError",
    "Denoiser",
    "DiaboloError",
    "Downscale",
    "FormatError",
    "Gaussian",
    "Grayscale",
    "IndependentClassifiers",
    "Jpeg",
    "Mask",
    "Mirror",
    "MultiLabelClassifier",
    "MultiLabelStratifiedKFold",
    "OutlierDetector",
    "Poisson",
    "Regressor",
    "SaltPepper",
    "Shift",
    "TrainingError",
    "Upscaler",
    "WordDropout",
    "__version__",
    "label_efficiency",
    "load",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module 'diabolo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
