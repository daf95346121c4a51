"""Which of several processes this one is: RANK of WORLD_SIZE, as torchrun says it, the task of srun, or that of an array."""

from __future__ import annotations

import os

from .errors import DataError

__all__ = ["check_alone", "of_slurm", "of_torchrun", "said_by_first", "together"]


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


def together() -> tuple[int, int]:
    """The number of this process among those that torchrun, or else srun, has started with one command.

    In a batch script without srun, SLURM_NTASKS says how many there could be, and only this one runs.

    >>> together()
    (0, 1)
    """
    if "RANK" in os.environ or "WORLD_SIZE" in os.environ:
        return of_torchrun()
    rank, world = said("SLURM_PROCID", 0), said("SLURM_STEP_NUM_TASKS", 1)
    if world == 1:
        return 0, 1
    if not 0 <= rank < world:
        raise DataError(f"SLURM_PROCID={rank} and SLURM_STEP_NUM_TASKS={world} in the environment: unset both, or use srun")
    return rank, world


def said_by_first() -> bool:
    """Whether this is not the first of several processes, and that one was started together with it, by torchrun or srun.

    RANK and WORLD_SIZE alone may have been set by hand, or by a cluster for each container: then nobody else may speak.

    >>> said_by_first()
    False
    """
    return together()[0] > 0 and not {"TORCHELASTIC_RUN_ID", "SLURM_STEP_NUM_TASKS"}.isdisjoint(os.environ)


def check_alone(
    each: str, count: int, remedy: str = "start one, or name a folder as output, of which each writes its parts"
) -> None:
    """Raise a DataError if several processes run, each of which would do what is said."""
    if count > 1:
        raise DataError(f"{count} processes run, and each {each}: {remedy}")


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
