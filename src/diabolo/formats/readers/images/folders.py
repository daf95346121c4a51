"""A folder of pictures, or a zip file, in which each class has a folder of its own.

    photos/cats/1.jpg  photos/dogs/2.jpg   -->   X the pictures;  Y ["cats", "dogs"], if asked for

Each picture lies in the folder of its class, directly: where it lies deeper, as in photos/train/cats, or in none, the folder
that names the class is not known, and none is taken.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ....errors import DataError, suggest
from ....images.album import SUFFIXES, ImageCollection
from ...layout import ending
from ..dataset import Dataset

__all__ = ["ENDINGS", "kind", "read", "recognizes"]

ENDINGS = ()


def recognizes(path: Path) -> bool:
    """A folder or a zip file that may hold pictures."""
    return not ending(path).endswith(SUFFIXES) and ImageCollection.accepts(path)


def kind(path: Path) -> str:
    """Pictures."""
    return "pictures"


def read(path: Path, *, labels: str | None = None) -> Dataset:
    """The pictures, as an ImageCollection; with ``labels="folder"`` the name of the folder of each."""
    if labels not in (None, "folder"):
        raise ValueError(f"labels={labels!r}: allowed are None and 'folder'{suggest(labels, ['folder'])}")
    X = ImageCollection(path)
    if labels is None:
        return Dataset(X, rows=X.names)
    for name, folder in zip(X.names, X.folders, strict=True):
        if not folder:
            raise DataError(f"labels='folder': {name!r} in {str(path)!r} lies in no folder of a class: move it into one")
        if "/" in folder:
            raise DataError(
                f"labels='folder': {name!r} in {str(path)!r} lies in more than one folder, so that its class is not known: "
                f"give the folder that holds those of the classes, such as {str(path / folder.rpartition('/')[0])!r}"
            )
    classes = sorted(set(X.folders))
    some = ", ".join(classes[:20]) + (f" and {len(classes) - 20:,} more" if len(classes) > 20 else "")
    return Dataset(
        X, np.array(X.folders), rows=X.names, decided=(f"Y is the folder of each picture, {len(classes):,}: {some}",)
    )
