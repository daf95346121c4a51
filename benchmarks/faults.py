"""Faults: processes are killed at random moments (kill -9), over and over. Is anything lost, or taken for whole that is not?

Every trial works in a folder and reports what is done. After each kill, what was reported must be there, and every file must be
whole; then the work goes on from there. Training is `diabolo fit --checkpoint --resume`: it must end in the bits of a run that
was never killed. Restoration is `diabolo denoise` of a folder, decoding is `diabolo decode` into one: each picture must be that
of a run never killed, and is made once. Encoding and export write one file, which is absent, the older one, or that of a run
never killed. *Reports* is how many results were said to be done, *ends* how often the work came to its end between the kills.
*Leftovers* are the unfinished files of the killed processes, and *stay* those that are still there after the next write into
the folder, once they look old.

    python benchmarks/faults.py [--kills 40] [--only training]
"""

from __future__ import annotations

import multiprocessing as mp
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

import common
from diabolo import Autoencoder, load, storage
from diabolo.errors import DiaboloError

PRELOADED = [
    "diabolo.cli.fit",
    "diabolo.cli.decode",
    "diabolo.cli.denoise",
    "diabolo.cli.encode",
    "diabolo.estimators",
    "diabolo.explorer",
    "diabolo.images",
    "common",
]
SETTINGS: dict[str, Any] = {"epochs": 2, "verbose": False, "random_state": 0}


@dataclass
class Trial:
    """Work that is killed, and what must be true afterwards."""

    home: Path
    workers: ClassVar[int] = 1  # processes at a time
    seconds: ClassVar[float] = 0.3  # the longest life of a process whose work has no end

    @property
    def place(self) -> Path:
        """The folder that is written into."""
        return self.home / "place"

    def prepare(self) -> None:
        """What all runs need, made by a process that nobody kills."""

    def work(self, worker: int) -> None:
        """What is killed; it reports what is done, and may have no end."""
        raise NotImplementedError

    def wrong(self) -> Iterator[str]:
        """What is lost or corrupt, after a kill."""
        raise NotImplementedError

    def begin(self) -> None:
        """Make ready for the first run, and for one more when the work has come to its end."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        (self.home / "done").unlink(missing_ok=True)

    def done(self, name: str, value: int) -> None:
        """Report it: one write, which a kill does not divide."""
        with open(self.home / "done", "ab", buffering=0) as file:
            file.write(f"{name} {value}\n".encode())

    def reports(self) -> list[tuple[str, int]]:
        path = self.home / "done"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(name, int(value)) for name, value in (line.split() for line in lines)]

    def last(self, name: str) -> int:
        """The value of the last report of this name; 0: there is none."""
        return max((value for other, value in self.reports() if other == name), default=0)

    def newest(self, path: Path, value: Callable[[], int], name: str) -> Iterator[str]:
        """A file written over and over holds what was reported last, or what was being written."""
        low = self.last(name)
        if not path.exists():
            if low:
                yield f"lost: {path.name} {low}"
            return
        try:
            found = value()
        except (DiaboloError, OSError, ValueError) as error:
            yield f"corrupt: {error}"
            return
        if not low <= found <= self.last(name) + 1:
            yield f"lost: {path.name} is {found}, and {low} was reported"


def numbers(n: int = 200, d: int = 20) -> np.ndarray:
    r = np.random.default_rng(0)
    return r.normal(size=(n, 4)) @ r.normal(size=(4, d)) + 0.1 * r.normal(size=(n, d))


class Saving(Trial):
    """A model saved over and over, each time a little different."""

    def prepare(self) -> None:
        Autoencoder(3, hidden=(200, 100), **SETTINGS).fit(numbers()).save(self.home / "model.diabolo")

    def work(self, worker: int) -> None:
        model = load(self.home / "model.diabolo")
        for i in count(self.last(f"w{worker}") + 1):
            model.random_state = self.workers * i + worker
            model.save(self.place / "model.diabolo")
            self.done(f"w{worker}", i)

    def wrong(self) -> Iterator[str]:
        path = self.place / "model.diabolo"
        before = Counter(dict(self.reports()))  # the last of each name
        if not path.exists():
            yield from ("lost: the model" for _ in before)
            return
        try:
            i, worker = divmod(load(path).random_state, self.workers)
        except (DiaboloError, OSError) as error:
            yield f"corrupt: {error}"
            return
        if not before[f"w{worker}"] <= i <= self.last(f"w{worker}") + 1:
            yield f"lost: save {before[f'w{worker}']} of worker {worker}, there is {i}"


class Writers(Saving):
    """Two processes that save to one name; one is killed, the other goes on."""

    workers = 2


class Tables(Trial):
    """Tables in all kinds of files, written over and over."""

    endings: ClassVar = (".parquet", ".csv", ".csv.gz", ".feather", ".tsv")

    def work(self, worker: int) -> None:
        import pyarrow as pa

        from diabolo.formats import write_table

        for i in count(min(map(self.last, self.endings)) + 1):
            columns = {f"c{j}": np.full(2000, i) for j in range(10)}
            for ending in self.endings:
                write_table(pa.table(columns), self.place / f"table{ending}")
                self.done(ending, i)

    def wrong(self) -> Iterator[str]:
        for ending in self.endings:
            path = self.place / f"table{ending}"
            yield from self.newest(path, lambda path=path: self.held(path), ending)  # type: ignore[misc]

    def held(self, path: Path) -> int:
        from diabolo.formats.files import read_table

        found = np.column_stack([column.to_numpy() for column in read_table(path).columns])
        if found.shape != (2000, 10) or len(np.unique(found)) != 1:
            raise ValueError(f"{path.name} has the shape {found.shape} and holds {np.unique(found)[:4]}")
        return int(found[0, 0])


class Ending(Trial):
    """Work that comes to an end, and then holds what it holds if nobody kills it."""

    share: ClassVar[float] = 0.5  # the longest life of a process, as a share of the time that the whole work takes

    def prepare(self) -> None:
        self.inputs()
        self.begin()
        self.once()
        self.place.rename(self.home / "whole")

    def inputs(self) -> None:
        pass

    def once(self) -> None:
        """The work as it is when it is never killed."""
        self.work(0)

    def ended(self) -> Iterator[str]:
        """What is wrong with a result that was reported as the end."""
        whole = self.home / "whole"
        for path in sorted(p for p in whole.rglob("*") if p.is_file()):
            other = self.place / path.relative_to(whole)
            if not other.exists() or other.read_bytes() != path.read_bytes():
                yield f"{'corrupt' if other.exists() else 'lost'}: {path.name} at the end"


class Training(Ending):
    """diabolo fit --checkpoint --resume."""

    def inputs(self) -> None:
        np.save(self.home / "rows.npy", numbers(2000))

    def arguments(self, *more: str) -> list[str]:
        return [
            "fit",
            str(self.home / "rows.npy"),
            "-k3",
            "--epochs=20",
            "--hidden=16",
            "--quiet",
            "-o",
            str(self.place / "m.diabolo"),
            *more,
        ]

    def once(self) -> None:
        command(*self.arguments())

    def work(self, worker: int) -> None:
        from diabolo import training
        from diabolo.estimators import base

        @dataclass(frozen=True)
        class Often(training.SGD):
            checkpoint_seconds: float = 0.02

        class Reporting(training.Run):
            def write(run) -> None:  # noqa: N805 - self is the trial
                super().write()
                if not run.unwritten:
                    self.done("step", run.step)

        base.SGD, training.Run = Often, Reporting  # type: ignore[misc]
        command(*self.arguments("--checkpoint", str(self.place / "run.ckpt"), "--resume"))

    def wrong(self) -> Iterator[str]:
        path = self.place / "run.ckpt"
        yield from self.newest(path, lambda: min(self.last("step"), self.step(path)), "step")
        if (self.place / "m.diabolo").exists():
            yield from self.ended()

    def step(self, path: Path) -> int:
        return int(storage.read(path, "checkpoint")[0]["step"])

    def ended(self) -> Iterator[str]:
        """The history holds seconds: the bits of all tensors are compared."""
        a, b = (storage.read(self.home / p / "m.diabolo", "Autoencoder")[1] for p in ("whole", "place"))
        if a.keys() != b.keys() or any(a[k].tobytes() != b[k].tobytes() for k in a):
            yield "corrupt: not the bits of a run that was never killed"


class Pictures(Ending):
    """A command that writes pictures into a folder."""

    def command(self) -> tuple[str, ...]:
        raise NotImplementedError

    def work(self, worker: int) -> None:
        before = {path: path.stat().st_ino for path in self.place.rglob("*.png")}
        command(*self.command())
        for path, inode in before.items():
            self.done("again", int(path.stat().st_ino != inode))
        self.done("end", 1)

    def wrong(self) -> Iterator[str]:
        for path in self.place.rglob("*.png"):
            if path.read_bytes() != (self.home / "whole" / path.relative_to(self.place)).read_bytes():
                yield f"corrupt: {path.name}"
        if self.last("again"):
            yield "lost: a picture that was there was made again"


class Restoration(Pictures):
    """diabolo denoise of a folder with a folder in it."""

    def inputs(self) -> None:
        from diabolo.images.picture import read

        r = np.random.default_rng(0)
        (self.home / "in" / "more").mkdir(parents=True)
        for i in range(16):
            x = r.integers(0, 256, (60 + i, 50, 3), np.uint8)
            read(x).save(x, self.home / "in" / ("more" if i % 2 else "") / f"{i}.png")

    def command(self) -> tuple[str, ...]:
        return "denoise", str(self.home / "in"), str(self.place), "--quiet"


class Decoding(Pictures):
    """diabolo decode of codes into a folder of pictures."""

    share = 1.0

    def inputs(self) -> None:
        X = np.random.default_rng(0).integers(0, 256, (300, 8, 8), np.uint8)
        model = Autoencoder(2, **SETTINGS | {"epochs": 1}).fit(X)
        model.save(self.home / "model.diabolo")
        np.save(self.home / "codes.npy", model.transform(X))

    def command(self) -> tuple[str, ...]:
        return "decode", str(self.home / "model.diabolo"), str(self.home / "codes.npy"), "-o", str(self.place / "out")


class Encoding(Ending):
    """diabolo encode, of a Parquet file to one."""

    share = 1.2

    def inputs(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        X = numbers(50_000, 5)
        Autoencoder(2, hidden=(8,), **SETTINGS).fit(X[:200]).save(self.home / "model.diabolo")
        pq.write_table(pa.table(list(X.T), names=[f"c{j}" for j in range(5)]), self.home / "rows.parquet", row_group_size=5000)

    def work(self, worker: int) -> None:
        target = self.place / "codes.parquet"
        command("encode", *map(str, (self.home / "model.diabolo", self.home / "rows.parquet", "-o", target)))
        self.done("codes", 1)

    def wrong(self) -> Iterator[str]:
        if self.last("codes") or (self.place / "codes.parquet").exists():
            yield from self.ended()


class Export(Ending):
    """The explorer's page over an older one; each run begins anew."""

    share = 1.2

    def inputs(self) -> None:
        Autoencoder(2, hidden=(8,), **SETTINGS).fit(numbers(60, 5)).save(self.home / "model.diabolo")

    def begin(self) -> None:
        super().begin()
        (self.place / "page.html").write_text("old")

    def work(self, worker: int) -> None:
        from diabolo.explorer import export

        export(load(self.home / "model.diabolo"), numbers(60, 5), self.place / "page.html")
        self.done("page", 1)

    def wrong(self) -> Iterator[str]:
        page, new = (self.place / "page.html").read_bytes(), (self.home / "whole" / "page.html").read_bytes()
        if page != new and (page != b"old" or self.last("page")):
            yield f"{'lost' if page == b'old' else 'corrupt'}: the page"


TRIALS: dict[str, type[Trial]] = {
    "saving": Saving,
    "two writers": Writers,
    "tables": Tables,
    "training": Training,
    "restoration": Restoration,
    "decoding": Decoding,
    "encoding": Encoding,
    "export": Export,
}


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def command(*arguments: str) -> None:
    """A command of diabolo's in this process."""
    from diabolo.cli import main

    sys.argv = ["diabolo", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"diabolo {arguments[0]} ends with {end.code}") from None


def forks() -> Any:
    """Starts processes from one that has imported everything, so that each costs a tenth of a second."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED, *(["pytest"] if "pytest" in sys.modules else [])])
    return context


def child(begun: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it ends with the process
    begun.send(None)
    work(*arguments)


def start(work: Callable[..., None], *arguments: Any) -> Any:
    """A process that has begun this work."""
    here, there = mp.Pipe(False)
    process = forks().Process(target=child, args=(there, work, arguments), daemon=True)
    process.start()
    there.close()
    here.recv()
    here.close()
    return process


def whole(work: Callable[..., None], *arguments: Any) -> float:
    """Seconds of the work in a process that nobody kills."""
    process = start(work, *arguments)
    begin = time.monotonic()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work} ended with {process.exitcode}")
    return time.monotonic() - begin


def tidy(folders: list[Path]) -> None:
    """A write into each folder."""
    for folder in folders:
        with storage.atomic(folder / "later"):
            pass


# ── kills ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def chaos(name: str, home: Path, kills: int, seed: int = 0) -> tuple[dict[str, Any], list[str]]:
    """Kill so often; a row of the table, and what was wrong."""
    r, begin, trial = random.Random(seed), time.monotonic(), TRIALS[name](home)
    whole(trial.prepare)
    longest = trial.seconds
    if isinstance(trial, Ending):
        trial.begin()
        longest = trial.share * whole(trial.work, 0)
    trial.begin()
    found: Counter[str] = Counter()
    problems: list[str] = []

    def over(process: Any) -> None:
        """Let it live for a while, kill it, and look."""
        process.join(r.uniform(0, longest))
        process.kill()
        process.join()
        if process.exitcode not in (0, -9):
            problems.append(f"corrupt: {name} ended with {process.exitcode}")
        found["kills"] += process.exitcode == -9
        problems.extend(trial.wrong())
        if process.exitcode == 0 and isinstance(trial, Ending):
            end()

    def end() -> None:
        found.update(ends=1, reports=len(trial.reports()), leftovers=len(parts(trial.place)))
        problems.extend(trial.ended())
        trial.begin()

    while found["kills"] < kills and not problems:
        running = [start(trial.work, worker) for worker in range(trial.workers)]
        while running:
            over(running.pop(r.randrange(len(running))))
    found["reports"] += len(trial.reports())
    left = parts(trial.place)
    found["leftovers"] += len(left)
    whole(tidy, list({path.parent for path in left}))
    if isinstance(trial, Ending) and not problems:
        whole(trial.work, 0)
        end()
    row = {"trial": name, "kills": found["kills"], "reports": found["reports"], "ends": found["ends"]}
    row |= {"lost": sum(p.startswith("lost") for p in problems), "corrupt": sum(p.startswith("corrupt") for p in problems)}
    row |= {"leftovers": found["leftovers"], "stay": sum(path.exists() for path in left)}
    return row | {"seconds": round(time.monotonic() - begin, 1)}, problems


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob(f".*{storage.PART}"))


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--kills", type=int, default=40, help="of each trial")
    p.add_argument("--only", nargs="+", choices=TRIALS, default=list(TRIALS), help="trials")
    p.add_argument("--seed", type=int, default=0, help="of the moments")
    args = p.parse_args()
    rows = []
    for name in args.only:
        with tempfile.TemporaryDirectory() as home:
            row, problems = chaos(name, Path(home), 2 if args.tiny else args.kills, args.seed)
        rows.append(row)
        for problem in problems:
            print(f"{name}: {problem}", file=sys.stderr)
    kills, bad = sum(row["kills"] for row in rows), sum(row["lost"] + row["corrupt"] for row in rows)
    bar = f"0 lost or corrupt results in 200 kills: {'met' if not bad and kills >= 200 else 'missed'}"
    common.show("Kills at random moments", rows, args.json, kills=kills, lost_or_corrupt=bad, bar=bar)


if __name__ == "__main__":
    main()
