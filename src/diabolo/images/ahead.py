"""Work on pictures ahead of who asks for it: f(x_1), f(x_2), ... in order, in a thread for each core.

Pillow and numpy let other threads run while they decode and compute. At most two results for each thread wait. Who asks gets a
quarter of the cores for a network meanwhile: more threads than cores would wait for each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from ..errors import postponed, warn
from ..limits import cores

__all__ = ["ahead", "given", "told"]

S = TypeVar("S")
T = TypeVar("T")


def ahead(f: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """f of each item, in order; what it warns of, too.

    >>> list(ahead(len, ["a", "bcd"]))
    [1, 3]
    """
    waiting: deque[Future[tuple[T, list[str]]]] = deque()
    threads = cores()
    pool = ThreadPoolExecutor(threads)
    try:
        with shared(threads):
            for item in items:
                waiting.append(pool.submit(told, f, item))
                if len(waiting) > 2 * threads:
                    yield given(waiting.popleft())
            while waiting:
                yield given(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def shared(threads: int) -> AbstractContextManager[object]:
    """Within it, products of matrices are made by one thread, and PyTorch, if it is there, has a quarter of so many."""
    found = ThreadpoolController()
    now = [library["num_threads"] for library in found.info() if library["user_api"] == "openmp"]
    limited: AbstractContextManager[object] = found.limit(limits={"blas": 1, "openmp": min([*now, max(1, threads // 4)])})
    return limited


def told(f: Callable[[S], T], item: S) -> tuple[T, list[str]]:
    """f of an item, and what it warns of, which is given by the thread that asks."""
    with postponed() as kept:
        return f(item), kept


def given(future: Future[tuple[T, list[str]]]) -> T:
    found, kept = future.result()
    for message in kept:
        warn(message)
    return found
