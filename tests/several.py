"""A small fit for several processes: ``torchrun several.py FOLDER STEP [apart]``; the first one writes the final weights.

Before this step, the last process of the first attempt kills itself (-1: none does). The rows of each step are written down.
The folder FOLDER/state, if it is there, gets the checkpoints, until the first process removes it in the middle.
*apart*: as on several machines. Whether memory was shared is written down, too.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from diabolo import processes
from diabolo.rows import Rows
from diabolo.training import SGD, minimize

ROWS, BATCH, EPOCHS = 160, 16, 6
MIDDLE = 31


def main(folder: Path, fatal: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(ROWS, 5)
    network = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 5))
    state = folder / "state"
    log = open(folder / f"rows of {os.getpid()}", "w")  # noqa: SIM115 - a killed process closes nothing

    def objective(i: Tensor, batch: Tensor, rng: torch.Generator) -> Tensor:
        step = rng.initial_seed() % processes.APART
        if step == fatal and processes.restarts() == 0 and processes.rank() == processes.world() - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if step == MIDDLE and processes.rank() == 0:
            shutil.rmtree(state, ignore_errors=True)
        print(step, *i.tolist(), file=log, flush=True)
        noise = torch.randn(batch.shape, generator=rng)
        return (network(batch + 0.1 * noise) - batch).square().sum(1)

    def rooms(like: Tensor) -> Tensor | None:
        found = shared(like)
        (folder / f"shared {found is not None}").touch()
        return found

    shared, processes.rooms = processes.rooms, rooms
    checkpoint = str((state if state.is_dir() else folder) / "run.ckpt")
    plan = SGD(EPOCHS, BATCH, checkpoint=checkpoint, checkpoint_seconds=0.0, resume=True, patience=99)
    minimize(network, objective, Rows(x), lambda: float((network(x) - x).square().mean()), plan)
    if processes.rank() == 0:
        np.save(folder / "w.npy", torch.cat([p.detach().flatten() for p in network.parameters()]).numpy())


if __name__ == "__main__":
    if sys.argv[3:] == ["apart"]:
        os.environ["LOCAL_WORLD_SIZE"] = "1"
    main(Path(sys.argv[1]), int(sys.argv[2]))
