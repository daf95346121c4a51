"""Classes by the name that a file knows them by.

Ours have their bare name. A class of anyone else has its module in front, so that it can neither hide nor replace one of ours,
now or later.
"""

from __future__ import annotations

__all__ = ["registered_name"]

OURS = __name__.partition(".")[0]


def registered_name(cls: type) -> str:
    """The bare name of one of our classes; ``module.name`` of a class of your own.

    >>> class Gaussian: ...
    >>> Gaussian.__module__ = "mine"
    >>> registered_name(Gaussian)
    'mine.Gaussian'
    """
    return cls.__name__ if cls.__module__.partition(".")[0] == OURS else f"{cls.__module__}.{cls.__qualname__}"
