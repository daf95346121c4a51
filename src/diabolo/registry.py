"""Names of classes in files.

Our classes have their bare name. The name of any other class starts with its module, so that it can never hide or replace one
of ours.
"""

from __future__ import annotations

__all__ = ["registered_name"]

OURS = __name__.partition(".")[0]


def registered_name(cls: type) -> str:
    """The bare name of one of our classes; ``module.name`` of any other class.

    >>> class Gaussian: ...
    >>> Gaussian.__module__ = "mine"
    >>> registered_name(Gaussian)
    'mine.Gaussian'
    """
    return cls.__name__ if cls.__module__.partition(".")[0] == OURS else f"{cls.__module__}.{cls.__qualname__}"
