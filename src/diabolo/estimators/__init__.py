"""The estimators: a package for each, and the modules that they share."""

from __future__ import annotations

from .autoencoder import Autoencoder
from .base import ESTIMATORS
from .efficiency import label_efficiency
from .loading import load
from .multilabel import IndependentClassifiers, MultiLabelClassifier
from .outliers import OutlierDetector
from .restoration import Colorizer, Denoiser, Upscaler
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
