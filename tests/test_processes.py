"""Several real processes train one model: the rows of one process, the same bits after a kill, one writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import several as script
from diabolo import load, processes
from diabolo.errors import TrainingError

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
STEPS = script.EPOCHS * (script.ROWS // script.BATCH)


def torchrun(folder: Path, n: int, fatal: int = -1, restarts: int = 2, *more: str) -> int:
    """The small fit in n processes; 0 if it came to its end."""
    how = [f"--nproc-per-node={n}", f"--max-restarts={restarts}"]
    command = [*TORCHRUN, *how, script.__file__, str(folder), str(fatal), *more]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=240, check=False).returncode


def rows_of(folder: Path) -> dict[int, list[int]]:
    """The rows of each step, as they were last seen, by all processes of an attempt."""
    logs = sorted(folder.glob("rows of *"), key=lambda log: log.stat().st_mtime)
    steps: dict[int, dict[frozenset[int], None]] = {}
    for log in logs:
        for line in log.read_text().splitlines():
            step, *rows = map(int, line.split())
            steps.setdefault(step, {})[frozenset(rows)] = None
    return {step: sorted(set().union(*parts)) for step, parts in steps.items()}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    assert torchrun(folder, 2) == 0
    return folder


def test_each_row_of_an_epoch_is_seen_once(unbroken: Path) -> None:
    steps = rows_of(unbroken)
    assert sorted(steps) == list(range(STEPS))
    per_epoch = STEPS // script.EPOCHS
    for epoch in range(script.EPOCHS):
        seen = Counter(row for step in range(epoch * per_epoch, (epoch + 1) * per_epoch) for row in steps[step])
        assert seen == Counter(range(script.ROWS))
    parts = [line.split()[1:] for log in unbroken.glob("rows of *") for line in log.read_text().splitlines()]
    assert {len(part) for part in parts} == {script.BATCH // 2}


def test_shared_memory_and_the_network_give_the_same(unbroken: Path, tmp_path: Path) -> None:
    """Two float32 numbers have one sum."""
    assert torchrun(tmp_path, 2, -1, 0, "apart") == 0
    assert [(unbroken / f"shared {found}").exists() for found in (True, False)] == [True, False]
    assert [(tmp_path / f"shared {found}").exists() for found in (True, False)] == [False, True]
    assert np.load(tmp_path / "w.npy").tobytes() == np.load(unbroken / "w.npy").tobytes()


def test_a_killed_process_changes_no_bit(unbroken: Path, tmp_path: Path) -> None:
    assert torchrun(tmp_path, 2, fatal=STEPS // 2) == 0
    assert len([*tmp_path.glob("rows of *")]) == 4  # two attempts of two
    assert np.load(tmp_path / "w.npy").tobytes() == np.load(unbroken / "w.npy").tobytes()


def test_a_checkpoint_that_cannot_be_written_stops_no_process(unbroken: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    command = [*TORCHRUN, "--nproc-per-node=2", script.__file__, str(tmp_path), "-1"]
    said = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=True).stderr
    assert said.count(f"no checkpoint at step {script.MIDDLE + 1}: cannot write") == 1
    assert said.count("training is over, but its last checkpoint is not there: cannot write") == 1
    assert np.load(tmp_path / "w.npy").tobytes() == np.load(unbroken / "w.npy").tobytes()
    assert not (tmp_path / "state").exists()


def test_no_row_is_lost_when_their_number_changes(unbroken: Path, tmp_path: Path) -> None:
    assert torchrun(tmp_path, 2, fatal=13, restarts=0) != 0
    assert torchrun(tmp_path, 3, fatal=37, restarts=0) != 0
    assert subprocess.run([sys.executable, script.__file__, str(tmp_path), "-1"], env=ENVIRONMENT, check=False).returncode == 0
    assert rows_of(tmp_path) == rows_of(unbroken)
    np.testing.assert_allclose(np.load(tmp_path / "w.npy"), np.load(unbroken / "w.npy"), atol=0.01)


def test_the_command_line_in_two_processes(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    X = np.tanh(r.normal(size=(300, 2)) @ r.normal(size=(2, 6)))
    pq.write_table(pa.table({f"c{j}": X[:, j] for j in range(6)}), tmp_path / "big.parquet")
    fit = [sys.executable, "-m", "diabolo", "fit", "big.parquet", "-k", "2", "--epochs", "3", "--nproc"]
    said = subprocess.run(
        [*fit, "2", "-o", "two.diabolo"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=True
    )
    assert said.stdout.count("wrote two.diabolo") == 1
    model = load(tmp_path / "two.diabolo")
    assert model.transform(tmp_path / "big.parquet").shape == (300, 2)
    assert not [*tmp_path.glob(".*.part")]


def test_a_warning_of_all_processes_is_told_once(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), tmp_path / "x.parquet")
    fit = [
        sys.executable,
        "-m",
        "diabolo",
        "fit",
        "x.parquet",
        "-k",
        "1",
        "--nproc",
        "2",
        "--max-restarts",
        "0",
        "-o",
        "m.diabolo",
    ]
    said = subprocess.run(fit, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=False)
    assert said.stderr.count("X has one row") == 1


def test_an_error_that_would_come_again_is_told_once_and_ends_all(tmp_path: Path) -> None:
    """Torchrun would start all of them again three times, and bury the error under its own."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[50, 1] = np.inf
    pq.write_table(pa.table({f"c{j}": X[:, j] for j in range(3)}), tmp_path / "x.parquet")
    fit = [sys.executable, "-m", "diabolo", "fit", "x.parquet", "--nproc", "2", "-o", "m.diabolo"]
    said = subprocess.run(fit, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=False)
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].startswith("diabolo: Input X contains infinity: column 'c1', row 50")
    assert said.stderr.count("infinity") == 1
    assert "Traceback" not in said.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    """Killed, it cannot end them."""
    X = np.random.default_rng(0).normal(size=(100, 3))
    pq.write_table(pa.table({f"c{j}": X[:, j] for j in range(3)}), tmp_path / "x.parquet")
    fit = [sys.executable, "-m", "diabolo", "fit", "x.parquet", "--epochs", "1000000", "--nproc", "2", "-o", "m.diabolo"]
    with subprocess.Popen([*fit, "--checkpoint", "c.ckpt"], cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE) as starter:
        assert starter.stderr is not None
        for line in starter.stderr:
            if b"epoch" in line:
                break
        children = [int(pid) for pid in Path(f"/proc/{starter.pid}/task/{starter.pid}/children").read_text().split()]
        starter.kill()
    assert len(children) == 2
    end = time.monotonic() + 20
    while (alive := [pid for pid in children if running(pid)]) and time.monotonic() < end:
        time.sleep(0.2)
    assert not alive


@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_a_killed_process_is_one_line_and_sigterm_leaves_a_checkpoint(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    pq.write_table(pa.table({f"c{j}": X[:, j] for j in range(3)}), tmp_path / "x.parquet")
    fit = [sys.executable, "-m", "diabolo", "fit", "x.parquet", "--epochs", "1000000", "-o", "m.diabolo"]
    fit += ["--checkpoint", "c.ckpt", "--resume"]

    def started(*more: str) -> tuple[subprocess.Popen[str], str]:
        """And what it says until it learns."""
        process = subprocess.Popen([*fit, *more], cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
        return process, until(process)

    def until(process: subprocess.Popen[str]) -> str:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "left" in line:
                return said
        raise AssertionError(said)

    alone, _ = started()
    alone.terminate()
    said = alone.communicate()[1]
    assert alone.returncode == -signal.SIGTERM
    assert "diabolo: training was ended by SIGTERM at epoch" in said
    assert "'c.ckpt' has its state, from which a run that resumes goes on" in said
    two, said = started("--nproc", "2")
    assert "goes on from c.ckpt, at epoch" in said
    children = [int(pid) for pid in Path(f"/proc/{two.pid}/task/{two.pid}/children").read_text().split()]
    os.kill(children[-1], signal.SIGKILL)
    said = until(two)
    assert "diabolo: process 2 of 2 was killed by SIGKILL: all are started again (1 of 3)" in said
    assert "goes on from c.ckpt, at epoch" in said
    two.terminate()
    said += two.communicate()[1]
    assert two.returncode == 128 + signal.SIGTERM
    assert "diabolo: training was ended by SIGTERM at epoch" in said
    assert "Traceback" not in said
    assert "torch/" not in said
    assert not (tmp_path / "m.diabolo").exists()


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_process_is_alone() -> None:
    assert (processes.rank(), processes.world(), processes.agreed(3)) == (0, 1, 3)
    assert processes.share(8) == slice(0, 8, 1)
    processes.check_alike(object(), "data")


def test_more_processes_than_rows_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "world", lambda: 4)
    with pytest.raises(TrainingError, match="batch_size=3: each of the 4 processes needs a row"):
        processes.share(3)
