"""Which of several processes this one is: RANK of WORLD_SIZE, as torchrun says it, and the task of an array of Slurm."""

from __future__ import annotations

import os

from .errors import DataError

__all__ = ["of_slurm", "of_torchrun"]


def of_torchrun() -> tuple[int, int]:
    """The number of this process among those that torchrun has started, and how many these are.

    >>> of_torchrun()
    (0, 1)
    """
    rank, world = said("RANK", 0), said("WORLD_SIZE", 1)
    if not 0 <= rank < world:
        raise DataError(
            f"RANK={rank} and WORLD_SIZE={world} in the environment: of n processes, the ranks are 0 to n - 1: start them with "
            "torchrun, or unset both"
        )
    return rank, world


def of_slurm() -> tuple[int, int]:
    """The number of this task among those of the array, and how many these are.

    >>> of_slurm()
    (0, 1)
    """
    first, step, count = said("SLURM_ARRAY_TASK_MIN", 0), said("SLURM_ARRAY_TASK_STEP", 1), said("SLURM_ARRAY_TASK_COUNT", 1)
    task = said("SLURM_ARRAY_TASK_ID", first)
    number, rest = divmod(task - first, max(1, step))
    if rest or not 0 <= number < count:
        raise DataError(
            f"SLURM_ARRAY_TASK_ID={task} is none of {count} tasks from {first} on in steps of {step}, so that parts would be "
            "left out: number the tasks in a row, such as --array=0-9, or start one task alone, which does all that is missing"
        )
    return number, count


def said(name: str, default: int) -> int:
    """A whole number in the environment."""
    text = os.environ.get(name, "").strip()
    try:
        return int(text or default)
    except ValueError:
        raise DataError(f"{name}={text!r} in the environment is no whole number: unset it, or correct it") from None
