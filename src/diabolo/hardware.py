"""The hardware: devices, precisions, threads, memory."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self, cast

import torch
from threadpoolctl import ThreadpoolController

from .errors import suggest

__all__ = ["blas", "has_bfloat16", "mkl", "one_thread", "one_torch_thread", "openmp", "pick_device", "pick_precision"]


def pick_device(device: str = "auto") -> str:
    """ "auto" -> "cuda" if available, else "cpu"; a given device that is not available is an error.

    >>> pick_device("gpu")
    Traceback (most recent call last):
    ...
    ValueError: device='gpu': allowed are 'auto' and torch devices such as 'cpu', 'cuda', 'cuda:1'
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and "LOCAL_RANK" in os.environ:  # each process of torchrun has its own
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"device={device!r}: allowed are 'auto' and torch devices such as 'cpu', 'cuda', 'cuda:1'") from None
    if missing := unusable(found):
        raise ValueError(f"device={device!r}: {missing}; use device='cpu', or 'auto', which uses CUDA if available")
    return str(found)


def unusable(device: torch.device) -> str:
    """Why a device cannot be used here; empty if it can."""
    if device.type == "cuda" and not torch.cuda.is_available():
        built = "" if torch.version.cuda else f" (PyTorch {torch.__version__} was installed without CUDA)"
        return f"PyTorch finds no CUDA device on this computer{built}"
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        return f"there are {torch.cuda.device_count()} CUDA devices on this computer, numbered from 0"
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, NotImplementedError, AssertionError, ImportError):
        return f"PyTorch {torch.__version__} cannot compute on {device.type!r} on this computer"
    return ""


def pick_precision(precision: str, device: str, work: float) -> str:
    """ "auto" -> bfloat16 if the hardware multiplies it and a step is large enough to be faster.

    Parameters
    ----------
    work : float
        Multiply-adds of one forward step (rows x weights).
    """
    allowed = ("auto", "float32", "bfloat16")
    if precision not in allowed:
        raise ValueError(f"precision={precision!r}: allowed are {', '.join(map(repr, allowed))}{suggest(precision, allowed)}")
    if precision != "auto":
        return precision
    kind = torch.device(device).type
    return "bfloat16" if (kind == "cuda" or work > 1e7) and has_bfloat16(kind) else "float32"


@cache
def openmp() -> Any:
    """The library behind PyTorch's threads, found only once, because that takes milliseconds."""
    return ThreadpoolController().select(user_api="openmp")


@cache
def blas() -> Any:
    """The libraries behind numpy and scipy."""
    return ThreadpoolController().select(user_api="blas")


@cache
def mkl() -> Callable[[int], int]:
    """Set the number of MKL threads for this thread (0: as many as OpenMP has); returns the number before."""
    for path in (Path(torch.__file__).parent / "lib").glob("libtorch_cpu.*"):
        try:
            return cast(Callable[[int], int], ctypes.CDLL(str(path)).MKL_Set_Num_Threads_Local)
        except (OSError, AttributeError):  # other processors have other libraries
            pass
    return lambda n: 0


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """PyTorch has one thread inside: a second one gains a third on an idle machine, but is ten times slower on a busy one.

    OpenMP and MKL have a setting for each calling thread, so that work in other threads keeps theirs.
    """
    with openmp().limit(limits=1):
        before = mkl()(1)
        try:
            yield
        finally:
            mkl()(before)


class OneThread(ContextDecorator):
    """BLAS has one number of threads per process: the first one inside sets it to one, the last one leaving sets it back."""

    def __init__(self) -> None:
        self.lock, self.inside = threading.Lock(), 0
        self.before: list[int] = []

    def __enter__(self) -> Self:
        with self.lock:
            if self.inside == 0:
                self.before = [library.num_threads for library in blas().lib_controllers]
                self.limit([1] * len(self.before))
            self.inside += 1
        return self

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.limit(self.before)

    @staticmethod
    def limit(threads: list[int]) -> None:
        """Set the number for each library; threadpoolctl from 3.8 on only obeys the thread that asked first."""
        for library, n in zip(blas().lib_controllers, threads, strict=True):
            free = getattr(library, "clear_controlling_thread", lambda force: None)
            free(force=True)
            library.set_num_threads(n)
            free(force=True)


ONE_THREAD = OneThread()


def one_thread() -> OneThread:
    """Inside ``with``, numpy and scipy round alike whatever other threads do, and small products are faster."""
    return ONE_THREAD


@cache
def has_bfloat16(device: str) -> bool:
    """Whether this type of hardware multiplies bfloat16; otherwise it is emulated, which is many times slower."""
    if device != "cpu":
        return device == "cuda" and torch.cuda.is_bf16_supported()
    probes = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return any(probe() for probe in probes if probe is not None)
