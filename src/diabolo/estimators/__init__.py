"""The systems: one noun, one file."""

from __future__ import annotations

from .autoencoder import Autoencoder
from .base import ESTIMATORS, load
from .colorization import Colorizer
from .efficiency import label_efficiency
from .independent import IndependentClassifiers
from .multilabel import MultiLabelClassifier
from .outliers import OutlierDetector
from .restoration import Denoiser, Upscaler
from .supervised import Classifier, Regressor

__all__ = [
    "ESTIMATORS",
    "Autoencoder",
    "Classifier",
    "Colorizer",
    "Denoiser",
    "IndependentClassifiers",
    "MultiLabelClassifier",
    "OutlierDetector",
    "Regressor",
    "Upscaler",
    "label_efficiency",
    "load",
]
