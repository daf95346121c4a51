r"""Several processes that train one model, as torchrun starts them: each takes its part of every batch.

    g  =  sum_r g_r,   g_r  =  grad  1/B  sum_{i of r} loss_i          rank r of W has the rows r, r + W, r + 2W, ... of the B

All have the same weights, take the same decisions, and end with the same model; the first one writes the files. The rows of a
batch follow from (seed, epoch, step), and not from W, so that no row of an epoch is lost or seen twice if W changes.

    torchrun --nproc-per-node 2 -m diabolo fit big.parquet -k 64 -o big.diabolo          or: diabolo fit ... --nproc 2
"""

from __future__ import annotations

import atexit
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from .errors import LostError, TrainingError
from .ranks import of_torchrun

__all__ = [
    "agreed",
    "check_alike",
    "first",
    "join",
    "meet",
    "rank",
    "restarts",
    "rooms",
    "same",
    "share",
    "started",
    "total",
    "world",
]

APART = 1_000_000_007  # between the seeds of two processes: more than there are steps


def started() -> int:
    """The number of processes that torchrun has started."""
    return of_torchrun()[1]


def restarts() -> int:
    """How often torchrun has started the processes again, because one of them died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


def first() -> bool:
    """Whether this process is the one that writes and prints."""
    return of_torchrun()[0] == 0


def world() -> int:
    """The number of processes that have found each other; 1 before."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The number of this process among them."""
    return dist.get_rank() if world() > 1 else 0


def join(device: str = "cpu") -> None:
    """Find the other processes, if there are any.

    A restarted worker must not read what a dead one left in the store of torchrun, such as its address: each start has keys
    of its own.
    """
    if started() == 1 or dist.is_initialized():
        return
    how: dict[str, Any] = {"backend": "nccl" if device.startswith("cuda") else "gloo"}
    if "TORCHELASTIC_RUN_ID" in os.environ:
        threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        agent = dist.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)  # type: ignore[attr-defined]
        store = dist.PrefixStore(f"diabolo {restarts()}", agent)  # type: ignore[attr-defined]
        how |= {"store": store, "rank": of_torchrun()[0], "world_size": started()}
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    dist.init_process_group(**how)
    atexit.register(dist.destroy_process_group)


def end_with(parent: int) -> None:
    """End this process with that which started it: killed by -9, torchrun leaves its processes to learn for nobody."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def share(batch: int) -> slice:
    """Which rows of a batch of so many are those of this process.

    >>> share(8)
    slice(0, 8, 1)
    """
    if batch < world():
        raise TrainingError(
            f"batch_size={batch}: each of the {world()} processes needs a row: start fewer, or give a larger batch_size="
        )
    return slice(rank(), batch, world())


@contextmanager
def exchange() -> Iterator[None]:
    """Inside, processes wait for each other; what fails there is that one of them is gone."""
    try:
        yield
    except RuntimeError as error:
        said = re.sub(r"^\[\S+\] ", "", str(error).partition(". ")[0])  # without the line of gloo
        raise LostError(f"process {rank() + 1} of {world()} has lost the others, one of which is gone ({said})") from error


def agreed(value: Any) -> Any:
    """The value of the first process, for all."""
    if world() == 1:
        return value
    box = [value]
    with exchange():
        dist.broadcast_object_list(box, 0)
    return box[0]


def check_alike(value: Any, what: str) -> None:
    """Raise a TrainingError in all processes if they do not have the same value."""
    if world() == 1:
        return
    found: list[Any] = [None] * world()
    with exchange():
        dist.all_gather_object(found, value)
    if any(one != found[0] for one in found):
        raise TrainingError(f"the processes do not have the same {what}: {found}: give all of them the same files and settings")


def same(tensors: Iterable[Tensor]) -> None:
    """Give all processes the tensors of the first one."""
    for tensor in tensors if world() > 1 else ():
        with exchange():
            dist.broadcast(tensor, 0)


def total(tensor: Tensor) -> Tensor:
    """The sum over the processes, in place; in two halves, of which one is added while the other one is on its way."""
    if world() > 1:
        with exchange():
            for part in [dist.all_reduce(half, async_op=True) for half in tensor.view(-1).chunk(2)]:
                part.wait()
    return tensor


def meet() -> None:
    """Wait until all processes are here."""
    if world() > 1:
        with exchange():
            dist.barrier()


def rooms(like: Tensor) -> Tensor | None:
    """Memory that all processes see, (2, W, n): two vectors for each; None, if they are not on one machine.

    It has no name that a killed process could leave behind.
    """
    n, type_ = like.numel(), torch.int16 if like.dtype == torch.bfloat16 else like.dtype  # numpy has no bfloat16
    if int(os.environ.get("LOCAL_WORLD_SIZE", "1")) != world() or like.is_cuda or not hasattr(os, "memfd_create"):
        return None
    shape, handle, name = (2, world(), n), -1, ""
    if rank() == 0:
        try:
            handle = os.memfd_create("diabolo")
            os.posix_fallocate(handle, 0, 2 * world() * n * like.element_size())  # a map without memory ends the process
            name = f"/proc/{os.getpid()}/fd/{handle}"
        except OSError:
            pass
    try:
        found = np.memmap(agreed(name), torch.empty(0, dtype=type_).numpy().dtype, "r+", shape=shape)
    except (OSError, ValueError):
        found = None
    mapped: list[Any] = [None] * world()
    with exchange():
        dist.all_gather_object(mapped, found is not None)
    if handle >= 0:
        os.close(handle)
    return torch.from_numpy(found).view(like.dtype) if found is not None and all(mapped) else None
