"""diabolo fit --nproc N: the same command in N processes of torchrun.

A process that dies is started again, from the checkpoint. One that ends with an error that would come again, such as an
infinite value in the data, is not: the first one that does so writes the error into a file, those that are started again end
at once, and the error is told once, at the end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import click

from ..errors import DiaboloError
from ..ranks import check_alone, said_by_first, together

__all__ = ["check_one_fit", "end_if_told", "first_tells", "in_processes", "tell"]

TOLD = "DIABOLO_TOLD"  # in the environment: the name of the file
FOR_GOOD = (DiaboloError, ValueError, ImportError, FileNotFoundError)  # a full disk or a lost connection may pass


def first_tells(each: str, *remedy: str) -> None:
    """Raise a DataError if several processes were started, each of which would do what is said; the first one tells it.

    The others end without one: as soon as one fails, torchrun ends all, and the first might not have told it yet.
    """
    if said_by_first():
        sys.exit(0)
    check_alone(each, together()[1], *remedy)


def check_one_fit(output: Path) -> None:
    """Raise a DataError if srun has started several tasks without torchrun, whose processes fit one model together."""
    if not os.environ.keys() & {"RANK", "WORLD_SIZE"}:
        first_tells(f"would fit a model of its own and write it to {str(output)!r}", "start one (srun -n 1), or srun torchrun")


def let_waiting_threads_sleep() -> None:
    """Before PyTorch is loaded: its threads wait for each other asleep, so that on a busy machine others get the cores.

    Otherwise they spin, and a fit in two threads beside two other programs takes many times as long as one in a thread.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def in_processes(n: int, restarts: int) -> NoReturn:
    """This command, in n processes; it ends with them."""
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main as torchrun

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // n)))
    how = ["--standalone", f"--nproc-per-node={n}", f"--max-restarts={restarts}", "-m", "diabolo"]
    for name in ("multiprocessing", "agent.server"):
        logging.getLogger(f"torch.distributed.elastic.{name}.api").addFilter(InOurWords(n, restarts))
    with tempfile.TemporaryDirectory() as folder:
        os.environ[TOLD] = os.path.join(folder, "error")
        try:
            torchrun([*how, *without_processes(sys.argv[1:])])
        except ChildFailedError as error:
            said = Path(os.environ[TOLD])
            sys.exit(f"diabolo: {said.read_text() if said.exists() else died(error, n, restarts)}")
        except SignalException as error:
            sys.exit(128 + error.sigval)
    sys.exit(0)


def without_processes(words: list[str]) -> list[str]:
    """The words of a command, without --nproc and --max-restarts.

    >>> without_processes(["fit", "a.csv", "--nproc", "2", "--max-restarts=1", "-o", "m.diabolo"])
    ['fit', 'a.csv', '-o', 'm.diabolo']
    """
    left, kept = iter(words), []
    for word in left:
        if word in ("--nproc", "--max-restarts"):
            next(left)  # its value
        elif not word.startswith(("--nproc=", "--max-restarts=")):
            kept.append(word)
    return kept


class InOurWords(logging.Filter):
    """What torchrun says of a process that died, and of the end of the others, is one line; all else that it says stays."""

    def __init__(self, n: int, restarts: int) -> None:
        super().__init__()
        self.n, self.restarts, self.deaths = n, restarts, 0

    def filter(self, record: logging.LogRecord) -> bool:
        said = str(record.msg)
        if said.startswith("failed (exitcode:") and isinstance(record.args, tuple):
            self.deaths += 1
            if self.deaths <= self.restarts and not os.path.exists(os.environ.get(TOLD, "")):
                how = ended(int(str(record.args[1])), self.n, int(str(record.args[0])))
                click.echo(f"diabolo: {how}: all are started again ({self.deaths} of {self.restarts})", err=True)
            return False
        return not said.startswith(("Sending process %s closing signal", "Received %s death signal"))


def ended(rank: int, n: int, code: int) -> str:
    """
    >>> ended(1, 2, -9), ended(0, 2, 1)
    ('process 2 of 2 was killed by SIGKILL', 'process 1 of 2 ended with an error (code 1)')
    """
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with an error (code {code})"
    return f"process {rank + 1} of {n} {how}"


def died(error: object, n: int, restarts: int) -> str:
    """What is known of a process that did not say why it ended."""
    rank, failure = error.get_first_failure()  # type: ignore[attr-defined]
    again = f"after {restarts:,} restarts" if restarts else "--max-restarts 0"
    return f"{ended(rank, n, failure.exitcode)} ({again}); what it said stands above"


def tell(error: BaseException, said: str) -> bool:
    """Whether the error is left to :func:`in_processes` to be told: there are several processes, and it would come again."""
    if TOLD not in os.environ or not isinstance(error, FOR_GOOD):
        return False
    with contextlib.suppress(OSError), open(os.environ[TOLD], "x") as file:  # another one was first
        file.write(said)
    return True


def end_if_told() -> None:
    """End, if this process was started again after an error that would come again."""
    if os.path.exists(os.environ.get(TOLD, "")):
        sys.exit(1)
