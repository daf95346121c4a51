"""What a process may take: memory, the least of what the machine and all limits allow; cores; and what of it it keeps."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

from .errors import DataError

__all__ = ["check_room", "cores", "keep_freed_memory", "memory"]

GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # as a container sees its own
UNKNOWN = 8 << 30  # where no system tells


def memory() -> int:
    """Bytes.

    >>> memory() > 0
    True
    """
    found = [UNKNOWN]
    with suppress(ValueError, OSError, AttributeError):
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(ImportError, ValueError, OSError):
        import resource

        for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
            most = resource.getrlimit(limit)[0]
            found += [most] if most != resource.RLIM_INFINITY else []
    for group in (*GROUPS, *_own_groups()):
        with suppress(OSError, ValueError):  # "max" is no number
            found.append(int(Path(group).read_text()))
    return min(n for n in found if n > 0)


def check_room(d: int, weights: int, rows: int, linear: bool = False) -> None:
    """Raise a DataError, in place of being killed later, if memory cannot hold so many numbers for each of d features.

    Parameters
    ----------
    d, weights, rows : int
        Number of features; at least so many numbers are held for each: of the network, and of rows.
    linear : bool
        Whether there is a smaller model without hidden layers.

    Examples
    --------
    >>> check_room(1000, weights=512, rows=1000)
    """
    room, need = memory(), 4 * d * (weights + rows)
    if need > room:
        pca = ", or hidden=(), which is PCA" if linear and 4 * d * rows <= room else ""
        raise DataError(
            f"X has {d:,} features: fit needs at least {need / 1e9:,.1f} GB of memory; there are {room / 1e9:,.1f}: give "
            "fewer columns, such as those that TruncatedSVD or FeatureHasher of scikit-learn make (of documents, a smaller "
            f"max_features=), or narrower layers, such as hidden=(8,){pca}"
        )


def _own_groups() -> list[str]:
    """The control groups of this process and those around it; of version 2 or 1."""
    found: list[str] = []
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, below = line.split(":", 2)
            names = below.strip("/").split("/") if below.strip("/") else []
            for i in range(1, len(names) + 1):
                path = "/".join(names[:i])
                if not kinds:
                    found.append(f"/sys/fs/cgroup/{path}/memory.max")
                elif "memory" in kinds.split(","):
                    found.append(f"/sys/fs/cgroup/memory/{path}/memory.limit_in_bytes")
    return found


def cores() -> int:
    """The cores that this process may use: torchrun says 1 to each of several."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdecimal() and int(said):
        return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_freed_memory() -> None:
    """Let glibc keep the megabyte buffers that every step frees: mapping them again costs more than the arithmetic."""
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # musl does not have this call
        return
    top_pad, trim_threshold, mmap_threshold = -2, -1, -3
    mallopt(mmap_threshold, 1 << 30)
    mallopt(trim_threshold, (1 << 31) - 1)
    mallopt(top_pad, 64 << 20)
