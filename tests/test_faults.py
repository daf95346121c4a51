"""Nothing that was reported is lost, and no half file is taken for a whole one: killed processes, full disks, hostile input.

The trials with kills are those of benchmarks/faults.py, with a few kills each.
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import multiprocessing as mp
import os
import random
import resource
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from diabolo import Autoencoder, cli, load, storage
from diabolo.errors import DataError, DiaboloError
from diabolo.explorer import export
from diabolo.formats import base, write_table
from diabolo.formats.files import read_table, table_pieces
from diabolo.images.picture import read
from kinds import SMALL

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
faults: Any = importlib.import_module("faults")

KILLS = 3


def answer(work: Callable[..., Any], *arguments: Any) -> str:
    """What the work gives or raises, in a process of its own that must not die."""
    here, there = mp.Pipe(False)
    process = faults.start(told, there, work, arguments)
    there.close()
    try:
        return str(here.recv()) if here.poll(100) else "no answer"
    except EOFError:
        process.join()
        return f"it died with {process.exitcode}"
    finally:
        process.kill()
        process.join()


def wait(until: Callable[[], object]) -> None:
    for _ in range(6000):
        if until():
            return
        time.sleep(0.01)
    raise AssertionError("nothing happens")


def told(there: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        said = str(work(*arguments))
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    there.send(said)


def command(*arguments: Any) -> str:
    """What a command says on the error stream, and how it ends."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            faults.command(*map(str, arguments))
        except RuntimeError as end:
            return f"{said.getvalue()}{end}"
    return said.getvalue()


# ── kill -9 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", faults.TRIALS)
def test_kills(name: str, tmp_path: Path) -> None:
    row, problems = faults.chaos(name, tmp_path, KILLS)
    assert not problems
    assert row["kills"] >= KILLS
    assert row["stay"] == 0


def killed_at_line(path: Path, n: int) -> int:
    """Write, and be killed before line n of storage.py; how many lines there were."""
    lines = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if frame.f_code.co_filename != storage.__file__:
            return None
        lines += event == "line"
        if lines == n:
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    storage.LOOKED.clear()
    sys.settrace(count)
    with storage.atomic(path) as file:
        file.write(b"new")
    sys.settrace(None)
    return lines


def test_killed_before_every_line_of_a_write(tmp_path: Path) -> None:
    path, n, exitcode, found = tmp_path / "a", 0, -9, []
    while exitcode == -9:
        n += 1
        path.write_bytes(b"old")
        process = faults.start(killed_at_line, path, n)
        process.join()
        exitcode = process.exitcode
        found.append(path.read_bytes())
    assert exitcode == 0
    assert n > 25
    renamed = found.index(b"new")
    assert set(found[:renamed]) == {b"old"}
    assert set(found[renamed:]) == {b"new"}
    assert not faults.parts(tmp_path), "the last one was not killed, and removed what the others had left"


# ── unfinished files ─────────────────────────────────────────────────────────────────────────────────────────────────


def part(folder: Path, name: str = "a", age: float = 1e9, mark: str = storage.PART) -> Path:
    path = folder / f".{name}.abcdefgh{mark}"
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age,) * 2)
    return path


def written(path: Path) -> None:
    """As the first write into a folder in this hour."""
    storage.LOOKED.clear()
    with storage.atomic(path) as file:
        file.write(b"whole")


def test_old_parts_of_dead_processes_are_removed_and_nothing_else(tmp_path: Path) -> None:
    old, day = part(tmp_path), part(tmp_path, "b.parquet", 86_400)
    others = [
        part(tmp_path, "new", 0),
        part(tmp_path, "tomorrow", -86_400),  # the clock was put back since
        part(tmp_path, "rsync", mark=".part"),
        tmp_path / "visible.diabolo.part",
        tmp_path / ".folder.abcdefgh.diabolo.part",
        tmp_path / ".link.abcdefgh.diabolo.part",
    ]
    others[3].write_bytes(b"mine")
    others[4].mkdir()
    others[5].symlink_to(others[3])
    for path in others[3:5]:
        os.utime(path, (0, 0))
    written(tmp_path / "a")
    assert not old.exists()
    assert not day.exists()
    assert {p.name for p in tmp_path.iterdir()} == {"a", *(p.name for p in others)}


def writes_slowly(path: Path, gate: Path, age: float = 0.0) -> None:
    """A part that looks so old, until the gate opens."""
    with storage.atomic(path) as file:
        file.write(b"slow")
        file.flush()
        os.utime(file.fileno(), (time.time() - age,) * 2)
        (path.parent / "begun").touch()
        while not gate.exists():
            time.sleep(0.01)


AGES = pytest.mark.parametrize("age", [0.0, 1e9], ids=["new", "old"])


@AGES
def test_the_part_of_a_living_process_stays(age: float, tmp_path: Path) -> None:
    gate, path = tmp_path / "gate", tmp_path / "slow"
    process = faults.start(writes_slowly, path, gate, age)
    wait((tmp_path / "begun").exists)
    (one,) = faults.parts(tmp_path)
    written(tmp_path / "other")
    answer(written, tmp_path / "another")
    assert faults.parts(tmp_path) == [one]
    gate.touch()
    process.join()
    assert process.exitcode == 0
    assert path.read_bytes() == b"slow"
    assert not faults.parts(tmp_path)


@AGES
def test_the_part_of_a_killed_process_is_removed_at_once(age: float, tmp_path: Path) -> None:
    process = faults.start(writes_slowly, tmp_path / "slow", tmp_path / "never", age)
    wait((tmp_path / "begun").exists)
    process.kill()
    process.join()
    assert len(faults.parts(tmp_path)) == 1
    written(tmp_path / "slow")
    assert not faults.parts(tmp_path)


def test_the_part_of_another_machine_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On some network disks its locks are not seen here; and so it is where a machine has no name."""
    process = faults.start(writes_slowly, tmp_path / "slow", tmp_path / "never", 0.0)
    wait((tmp_path / "begun").exists)
    process.kill()
    process.join()
    (left,) = faults.parts(tmp_path)
    for name in ("another-", ""):
        monkeypatch.setattr(storage, "_machine", lambda name=name: name)
        written(tmp_path / "slow")
        assert left.exists()
    os.utime(left, (0, 0))
    written(tmp_path / "slow")
    assert not left.exists()


def writes_often(folder: Path, worker: int) -> None:
    for i in range(100):
        storage.LOOKED.clear()
        with storage.atomic(folder / f"{i % 5}") as file:
            file.write(bytes([worker]) * 1000)


def test_processes_that_write_and_clear_one_folder_lose_nothing(tmp_path: Path) -> None:
    workers = [faults.start(writes_often, tmp_path, worker) for worker in range(3)]
    for process in workers:
        process.join()
    assert [process.exitcode for process in workers] == [0, 0, 0]
    assert {len({*path.read_bytes()}) for path in tmp_path.iterdir()} == {1}
    assert len([*tmp_path.iterdir()]) == 5


def test_a_part_that_was_taken_for_a_leftover_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked, taken = storage._locked, []

    def late(handle: int) -> bool | None:
        if not taken:
            taken.extend(faults.parts(tmp_path))
            taken[0].unlink()
        return locked(handle)

    monkeypatch.setattr(storage, "_locked", late)
    written(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert taken
    assert not faults.parts(tmp_path)


@pytest.mark.parametrize("error", [OSError(38, "no locks here"), None], ids=["none", "pretended"])
def test_without_locks_no_part_is_removed(error: OSError | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(handle: int, how: int) -> None:
        if error:
            raise error

    old = part(tmp_path)
    with monkeypatch.context() as without:
        without.setattr(storage.fcntl, "flock", flock)
        written(tmp_path / "a")
    assert old.exists()
    assert (tmp_path / "a").read_bytes() == b"whole"
    written(tmp_path / "a")
    assert not old.exists()


def test_a_folder_is_looked_through_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a folder of n pictures would take n² entries."""
    scanned = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: (scanned.append(folder), scandir(folder))[1])
    written(tmp_path / "a")
    for i in range(5):
        with storage.atomic(tmp_path / f"{i}"):
            pass
    assert len(scanned) == 1


def test_names_of_any_length(tmp_path: Path) -> None:
    for name in ("a" * 255, "長" * 85, "é" * 127, os.fsdecode(b"\xff" * 200)):
        written(tmp_path / name)
        assert (tmp_path / name).read_bytes() == b"whole"


def test_whether_a_file_can_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "a"
    storage.check_writable(path)
    assert not list(tmp_path.iterdir())
    path.write_text("kept")
    storage.check_writable(path)
    assert path.read_text() == "kept"
    with pytest.raises(FileNotFoundError, match="its folder does not exist: create it first"):
        storage.check_writable(tmp_path / "no" / "a")
    with pytest.raises(IsADirectoryError, match="there is a folder of this name"):
        storage.check_writable(tmp_path)


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def spoiled(path: Path, spoil: Callable[[], object]) -> None:
    with storage.atomic(path) as file:
        file.write(b"half")
        spoil()


def test_a_folder_removed_underneath(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="its folder does not exist: create it first"):
        spoiled(folder / "a", lambda: shutil.rmtree(folder))
    assert not list(tmp_path.iterdir())


def test_an_unfinished_file_removed_underneath(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(FileNotFoundError, match=r"its unfinished file was removed .*; the previous file is untouched"):
        spoiled(tmp_path / "a", lambda: faults.parts(tmp_path)[0].unlink())
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def full(size: int) -> None:
    """No file of this process may be larger."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def test_a_checkpoint_on_a_full_disk(tmp_path: Path) -> None:
    """It is said once, and once more at the end; the checkpoint before stays, and the next run goes on from it."""
    trial = faults.TRIALS["training"](tmp_path)
    faults.whole(trial.prepare)
    trial.begin()
    process = faults.start(trial.work, 0)
    wait(trial.reports)
    process.kill()
    process.join()
    before = (trial.place / "run.ckpt").read_bytes()
    said = answer(trial_on_a_full_disk, trial)
    assert said.count("no checkpoint at step") == 1
    assert said.count(f"cannot write '{trial.place / 'run.ckpt'}'") == 2
    assert "the previous file is untouched. Training goes on, and tries again at the next one" in said
    assert "training is over, but its last checkpoint is not there: cannot write" in said
    assert f"diabolo: cannot write '{trial.place / 'm.diabolo'}'" in said
    assert (trial.place / "run.ckpt").read_bytes() == before
    assert [p.name for p in trial.place.iterdir() if p not in faults.parts(trial.place)] == ["run.ckpt"]
    faults.whole(trial.work, 0)
    assert not list(trial.ended())


def trial_on_a_full_disk(trial: Any) -> str:
    full(3000)
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.suppress(RuntimeError):
        trial.work(0)
    return said.getvalue()


def test_pictures_on_a_full_disk(tmp_path: Path) -> None:
    """No half picture; what was not written is named, and made by the next run."""
    trial = faults.TRIALS["restoration"](tmp_path)
    faults.whole(trial.prepare)
    trial.begin()
    sizes = sorted(p.stat().st_size for p in (tmp_path / "whole").rglob("*.png"))
    said = answer(denoised, tmp_path / "in", trial.place, sizes[8])
    assert "denoise ends with 1" in said
    assert list(trial.wrong()) == []
    assert 0 < len(list(trial.place.rglob("*.png"))) < 16
    assert not faults.parts(trial.place)
    faults.whole(trial.work, 0)
    assert list(trial.ended()) == []


def denoised(source: Path, target: Path, size: int) -> str:
    full(size)
    return command("denoise", source, target, "--quiet")


def written_with_less(path: Path, size: int) -> None:
    full(size)
    write_table(pa.table({"a": np.random.default_rng(0).random(10_000)}), path)


@pytest.mark.parametrize("ending", faults.Tables.endings)
def test_tables_on_a_full_disk(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"
    path.write_text("old")
    said = answer(written_with_less, path, 20_000)
    assert "larger than this disk or process may write; the previous file is untouched" in said
    assert path.read_text() == "old"
    assert not faults.parts(tmp_path)


def exported_with_less(model: Path, path: Path) -> None:
    full(10_000)
    export(load(model), faults.numbers(60, 5), path)


def test_a_page_on_a_full_disk(tmp_path: Path) -> None:
    Autoencoder(2, **SMALL).fit(faults.numbers(60, 5)).save(tmp_path / "m.diabolo")
    said = answer(exported_with_less, tmp_path / "m.diabolo", tmp_path / "page.html")
    assert "larger than this disk or process may write" in said
    assert [p.name for p in tmp_path.iterdir()] == ["m.diabolo"]


def spilled_with_less() -> None:
    full(10_000)
    base.spilled(1000, 10, np.float32)


def test_encoded_rows_on_a_full_disk() -> None:
    """The room is taken before: a memory map without it would end the process later."""
    said = answer(spilled_with_less)
    assert "OSError" in said
    assert "the encoded rows need 40,000 bytes of temporary disk in" in said
    assert "set TMPDIR to a larger one" in said


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clocks_that_jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of time, only what passes is asked (test_house.py: nobody asks for the date), so that no result depends on it."""
    X = faults.numbers(60, 5)
    alone = Autoencoder(**SMALL).fit(X).transform(X)
    now = iter(range(10**9, 0, -(10**5)))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    jumping = Autoencoder(**SMALL, checkpoint=tmp_path / "c").fit(X)
    assert np.array_equal(jumping.transform(X), alone)
    jumping.save(tmp_path / "a")
    assert np.array_equal(load(tmp_path / "a").transform(X), alone)


def test_the_times_of_files_decide_nothing(tmp_path: Path) -> None:
    """Pictures that were written before their inputs, or will be in a hundred years, are there all the same."""
    trial = faults.TRIALS["restoration"](tmp_path)
    faults.whole(trial.prepare)
    trial.begin()
    faults.whole(trial.work, 0)
    for i, path in enumerate(sorted(trial.place.rglob("*.png"))):
        os.utime(path, ((0, 4e9)[i % 2],) * 2)
    for path in (tmp_path / "in").rglob("*.png"):
        os.utime(path, (4e9, 4e9))
    faults.whole(trial.work, 0)
    assert [value for name, value in trial.reports() if name == "again"] == [0] * 16
    assert list(trial.ended()) == []


@pytest.mark.parametrize("name", ["encoding", "restoration", "decoding"])
def test_two_processes_with_one_output(name: str, tmp_path: Path) -> None:
    """Both come to their end, whoever was first, and what is there is whole."""
    trial = faults.TRIALS[name](tmp_path)
    faults.whole(trial.prepare)
    trial.begin()
    both = [faults.start(trial.work, i) for i in range(2)]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert list(trial.ended()) == []
    assert not faults.parts(trial.place)


# ── hostile input ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_half_a_parquet_file_is_no_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": np.arange(5000), "b": np.random.default_rng(0).random(5000)}), tmp_path / "whole.parquet")
    blob = (tmp_path / "whole.parquet").read_bytes()
    path, r = tmp_path / "a.parquet", random.Random(0)
    for stop in (0, 1, 4, 8, 12, len(blob) // 2, len(blob) - 1, len(blob) - 8, *(r.randrange(len(blob)) for _ in range(100))):
        path.write_bytes(blob[:stop])
        for reading in (read_table, lambda p: list(table_pieces(p, 1000))):
            with pytest.raises(DataError, match=r"cannot read .*a\.parquet|is empty"):
                reading(path)
    zeros = blob[: len(blob) // 2] + bytes(len(blob) - len(blob) // 2)  # a file whose last blocks were never written
    path.write_bytes(zeros)
    with pytest.raises(DataError, match=r"cannot read .*a\.parquet"):
        read_table(path)


def test_half_a_parquet_file_on_the_command_line(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"c{i}": np.random.default_rng(i).random(100) for i in range(3)}), tmp_path / "a.parquet")
    blob = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(blob[: len(blob) // 2])
    said = answer(command, "fit", tmp_path / "a.parquet", "-k1", "-o", tmp_path / "m.diabolo")
    assert said.startswith("diabolo: cannot read ")
    assert "fit ends with 1" in said
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp", ".gif"])
def test_damaged_pictures(suffix: str, tmp_path: Path) -> None:
    """A picture, or an error that names the file."""
    x = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)
    Image.fromarray(x).save(tmp_path / f"a{suffix}")
    blob, r, path = (tmp_path / f"a{suffix}").read_bytes(), random.Random(0), tmp_path / f"b{suffix}"
    for _ in range(150):
        data = bytearray(blob)
        for _ in range(r.choice((1, 1, 3))):
            i = r.randrange(min(len(data), r.choice((40, len(data)))))
            data[i : i + r.choice((0, 1, 1, 4))] = r.randbytes(r.choice((0, 1, 1, 4)))
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        try:
            with warnings.catch_warnings(action="ignore"):  # Pillow's, of tags
                assert read(path).pixels.ndim == 3
        except DiaboloError as error:
            assert path.name in str(error)  # noqa: PT017 - an error is not the only outcome


def test_a_table_with_more_names_than_are_looked_at_first(tmp_path: Path) -> None:
    names = [f"a long name of column {i}" for i in range(12_000)]
    (tmp_path / "a.csv").write_text(f"{','.join(names)}\n{','.join(['1'] * len(names))}\n")
    table = read_table(tmp_path / "a.csv")
    assert table.column_names == names
    assert table.num_rows == 1


@pytest.mark.parametrize("limit", [1 << 17, 1 << 30])
def test_a_line_that_is_no_table(limit: int, tmp_path: Path) -> None:
    """The limit of csv is one for all modules, and some change it."""
    (tmp_path / "a.csv").write_text("x" * 1_000_000)
    before = csv.field_size_limit(limit)
    try:
        with pytest.raises(DataError, match=r"has a first line with a cell of more than 131,072 characters: it is no table"):
            read_table(tmp_path / "a.csv")
    finally:
        csv.field_size_limit(before)


def with_little_memory(path: Path, more: int) -> str:
    """`diabolo fit` with so many bytes beside those that it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, resource.RLIM_INFINITY))
    return command("fit", path, "-k1", "-o", path.with_suffix(".diabolo"))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")])
def test_too_little_memory_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: Any) -> None:
        raise error

    monkeypatch.setattr(cli, "cli", fails)
    with pytest.raises(SystemExit, match="1"), warnings.catch_warnings():
        cli.main()
    said = capsys.readouterr().err
    assert said.startswith("diabolo: there is not enough memory")
    assert len(said.splitlines()) == 1


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_a_line_longer_than_the_memory(tmp_path: Path) -> None:
    """An answer, not a crash."""
    with (tmp_path / "a.csv").open("wb") as file:
        file.write(b"a,b\n1,")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
    said = answer(with_little_memory, tmp_path / "a.csv", 60_000_000)
    assert said.startswith("diabolo: there is not enough memory")
    assert said.endswith("fit ends with 1")
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
