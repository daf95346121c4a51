r"""Random numbers without global generators: they are drawn from (seed, device).

    with drawing(seed):        in this thread, our modules draw from `generator(device)`
    with redirected(seed):     operations that use torch's global generator do so, too: a user's module, nn.init

The global generators of torch, numpy and Python do not change, and a fit in one thread cannot change a fit in another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Redirected", "drawing", "generator", "redirected"]

aten = torch.ops.aten
WITH_GENERATOR = {  # operations that take a generator only under another name
    aten.rand.default: aten.rand.generator,
    aten.randn.default: aten.randn.generator,
    aten.randint.default: aten.randint.generator,
    aten.randint.low: aten.randint.low_generator,
    aten.randperm.default: aten.randperm.generator,
}
LIKE: dict[Any, Callable[..., Tensor]] = {  # operations that take none
    aten.rand_like.default: Tensor.uniform_,
    aten.randn_like.default: Tensor.normal_,
    aten.randint_like.default: lambda x, high, **kw: x.random_(0, high, **kw),
    aten.randint_like.low_dtype: Tensor.random_,
}


class Here(threading.local):
    """The seed of each thread, and the generators made from it so far."""

    seed: int | None = None
    made: dict[torch.device, torch.Generator]


HERE = Here()


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Modules in this thread draw from `seed`."""
    before = HERE.seed, getattr(HERE, "made", {})
    HERE.seed, HERE.made = seed, {}
    try:
        yield
    finally:
        HERE.seed, HERE.made = before


def generator(device: torch.device) -> torch.Generator | None:
    """The generator of a module; outside of :func:`drawing` None, which means torch's global generator.

    >>> with drawing(0):
    ...     torch.rand(1, generator=generator(torch.device("cpu")))
    tensor([0.4963])
    """
    if HERE.seed is None or device.type == "meta":
        return None
    if device not in HERE.made:
        HERE.made[device] = torch.Generator(device).manual_seed(HERE.seed)
    return HERE.made[device]


class Redirected(TorchDispatchMode):
    """Inside :func:`drawing`: use our generator in place of torch's global one; ``caught`` is True if anything was drawn."""

    caught = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # it would import torch._dynamo, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, given = dict(kwargs or {}), [*args, *(kwargs or {}).values()]
        if torch.Tag.nondeterministic_seeded not in func.tags or any(isinstance(a, torch.Generator) for a in given):
            return func(*args, **kwargs)
        own = generator(placed(given, kwargs))
        if own is None:
            return func(*args, **kwargs)
        self.caught = True
        if func in LIKE:
            return LIKE[func](torch.empty_like(args[0], **kwargs), *args[1:], generator=own)
        if func is aten.native_dropout.default:
            return kept(args[0], args[1], args[2], own)
        func = WITH_GENERATOR.get(func, func)
        names = [argument.name for argument in func._schema.arguments]
        if "generator" not in names:  # attention, fused
            return func(*args, **kwargs)
        return func(*args[: names.index("generator")], **kwargs | {"generator": own})


@contextmanager
def redirected(seed: int) -> Iterator[Redirected]:
    """Draw all random numbers in this thread from `seed`; it costs some microseconds per operation.

    >>> before = torch.get_rng_state()
    >>> with redirected(0):
    ...     torch.nn.Linear(1, 1).weight.item() == torch.nn.Linear(1, 1).weight.item()
    False
    >>> torch.equal(before, torch.get_rng_state())
    True
    """
    with drawing(seed), Redirected() as mode:  # type: ignore[no-untyped-call]
        yield mode


def placed(given: list[Any], named: dict[str, Any]) -> torch.device:
    """The device of an operation."""
    tensors = [a for a in given if isinstance(a, Tensor)]
    return torch.device(named.get("device") or (tensors[0].device if tensors else "cpu"))


def kept(x: Tensor, p: float, train: bool | None, own: torch.Generator) -> tuple[Tensor, Tensor]:
    """Fused dropout: the result, and the mask of kept values."""
    if train is False:
        return x, torch.ones_like(x, dtype=torch.bool)
    mask = torch.empty_like(x).bernoulli_(1 - p, generator=own)
    return x * mask / max(1 - p, 1e-12), mask.bool()
