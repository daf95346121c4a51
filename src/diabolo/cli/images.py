"""What the verbs on pictures share: pictures in, pictures out, each complete or not there; and learning from pictures."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import click

from ..errors import DataError, DiaboloError
from ..progress import progress
from .data import loaded

SOURCE = click.argument("source", metavar="IN", type=click.Path(path_type=Path))
TARGET = click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
COMMON = (
    click.option(
        "--model",
        "path",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Weights of your own.  [default: the shipped ones]",
    ),
    click.option("--overwrite", is_flag=True, help="Replace what is there already; without it, of a folder, that is skipped."),
    click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Pictures at a time; each takes memory."),
    click.option("--quiet", is_flag=True, help="No progress, no last line."),
)
UNTOUCHED = {"denoise": "noisy", "upscale": "bicubic", "colorize": "grey"}
KINDS = {"denoise": "Denoiser", "upscale": "Upscaler", "colorize": "Colorizer"}
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # what the next picture will meet, too

Work = Callable[[Any], list[Any]]  # a Picture -> an image for each of its files


class PassedOverError(Exception):
    """There is nothing to do for this picture, and why."""


def common(f: Any) -> Any:
    """The arguments and options that all verbs on pictures have."""
    for option in reversed(COMMON):
        f = option(f)
    return SOURCE(TARGET(f))


def restorer(verb: str, path: Path | None) -> Any:
    """The model in `path`, or the one that comes with the package."""
    from .. import estimators

    return loaded(path, verb, KINDS[verb]) if path else getattr(estimators, KINDS[verb]).pretrained()


# ── where everything goes ────────────────────────────────────────────────────────────────────────────────────────────


class Batch:
    """The pictures in `source`, and the files that are made of each: all there, or to be made."""

    def __init__(
        self, source: Path, target: Path, model: Path | None = None, overwrite: bool = False, count: int | None = None
    ) -> None:
        from ..images.album import SUFFIXES, Album

        self.source, self.model, self.overwrite = source, model, overwrite
        suffix = source.suffix.lower()
        self.single = not source.is_dir() and (suffix in SUFFIXES or (source.is_file() and suffix != ".zip"))
        self.album = Album(source)
        self.stacks = self.album.stacks  # the pictures of each file
        self.names = [self.album.names[pages[0]].removesuffix("#1" if len(pages) > 1 else "") for pages in self.stacks]
        self.target = target
        self.files: list[list[Path]] = [[] for _ in self.names]
        self.roots: list[Path] = []
        self.passed_over: dict[str, str] = {}

        self.add(target, count=count)

    def add(self, target: Path, suffix: str | None = None, count: int | None = None) -> None:
        """Another file of each picture: at `target`, or at the same place below it; `count` of them: name-1, name-2, ..."""
        if not self.single:
            self._check_folder(target)
            self.roots.append(target)
        below = not self.single or target.is_dir()
        places = [self._inside(target, name) for name in renamed(self.names, suffix, self.paged())] if below else [target]
        for files, path in zip(self.files, places, strict=True):
            files += [path] if count is None else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(count)]

    def paged(self) -> list[bool]:
        """Whether each is a stack, which only a TIFF can hold."""
        return [len(pages) > 1 for pages in self.stacks]

    def _check_folder(self, target: Path) -> None:
        if target.exists() and not target.is_dir():
            raise DataError(f"{str(target)!r} is a file, but {str(self.source)!r} holds many pictures: name a folder for them")
        if self.source.is_dir() and target.resolve().is_relative_to(self.source.resolve()):
            raise DataError(
                f"{str(target)!r} is the folder of the pictures, or inside it: choose one beside it, they are never overwritten"
            )

    def _inside(self, root: Path, name: str) -> Path:
        path = root.joinpath(*[part for part in PurePosixPath(name).parts if part.strip("/")])
        if not path.resolve().is_relative_to(root.resolve()):
            raise DataError(f"{name!r} (in {str(self.source)!r}) leads out of {str(root)!r}: rename it")
        return path

    def check(self) -> None:
        """Raise an error for whatever can be known to go wrong, before any work."""
        from ..images.pillow import WRITABLE

        outputs = [path for files in self.files for path in files]
        inputs = {identity(path) for path in self._inputs() if path.is_file()}
        for files, pages in zip(self.files, self.stacks, strict=True):
            for path in files:
                if len(pages) > 1 and path.suffix.lower() not in (".tif", ".tiff"):
                    raise DataError(
                        f"cannot write {str(path)!r}: such a file cannot hold {len(pages)} pages; choose .tif or .tiff"
                    )
        for path in outputs:
            if path.suffix.lower() not in WRITABLE:
                raise DataError(f"cannot write {str(path)!r}: its name ends in none of {', '.join(WRITABLE)}")
            if path.exists() and identity(path) in inputs:
                raise DataError(f"{str(path)!r} is an input: choose another name, inputs are never overwritten")
            if self.single and not path.parent.is_dir():
                raise DataError(f"cannot write {str(path)!r}: its folder does not exist: create it first")
            if self.single and path.exists() and not self.overwrite:
                raise DataError(f"{str(path)!r} is there already: choose another name, or replace it with --overwrite")
        twice = next((path for path, n in Counter(outputs).items() if n > 1), None)
        if twice:
            raise DataError(
                f"two pictures would be written to {str(twice)!r}: choose another place, or another name, for one of them"
            )

    def _inputs(self) -> list[Path]:
        own = [self.source, *self.source.parents, *([self.model] if self.model else [])]
        return own + ([self.source / name for name in self.names] if self.source.is_dir() else [])

    def to_do(self) -> list[int]:
        """The pictures of which a file is missing."""
        return [i for i, files in enumerate(self.files) if self.overwrite or not all(path.is_file() for path in files)]

    def make(self, i: int, work: Work) -> None:
        """Read a picture, or all pages of one file, and write what is made of it."""
        first, *rest = self.stacks[i]
        picture = self.album[first]
        results = [work(picture), *(work(self.album[page]) for page in rest)]
        for path, images in zip(self.files[i], zip(*results, strict=True), strict=True):
            if not self.single:
                path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(list(images), path)

    def attempt(self, i: int, work: Work) -> str | None:
        """Make it; what is wrong with this picture alone is returned, with the rest there is no going on."""
        try:
            self.make(i, work)
        except PassedOverError as reason:
            if self.single:
                raise DataError(f"{str(self.source)!r}: {reason}") from None
            self.passed_over[self.names[i]] = str(reason)
        except (DiaboloError, OSError, ValueError, RuntimeError, MemoryError) as error:
            if self.single or (isinstance(error, OSError) and error.errno in NO_ROOM):
                raise
            return self._reason(error, self.names[i])
        return None

    def _reason(self, error: Exception, name: str) -> str:
        text = (isinstance(error, OSError) and error.strerror) or str(error) or "there is not enough memory for it"
        return text.removesuffix(f" (in {str(self.source)!r})").removeprefix(f"cannot read {name!r}: ")


def identity(path: Path) -> tuple[int, int]:
    """Equal for two names of one file."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def renamed(names: list[str], suffix: str | None, paged: Sequence[bool] = ()) -> list[str]:
    """With this suffix, by default their own, or .png where it cannot be written; no two become one; stacks stay TIFFs.

    >>> renamed(["a/b.jpg", "c.gif", "d.gif", "d.png"], None)
    ['a/b.jpg', 'c.png', 'd.gif.png', 'd.png']
    """
    from ..images.pillow import WRITABLE

    own = [PurePosixPath(name).suffix for name in names]
    stays = paged or [False] * len(names)
    ends = [
        own_end if stack else suffix or (own_end if own_end.lower() in WRITABLE else ".png")
        for own_end, stack in zip(own, stays, strict=True)
    ]
    wanted = [str(PurePosixPath(name).with_suffix(end)) for name, end in zip(names, ends, strict=True)]
    shared = Counter(wanted)
    return [w if shared[w] == 1 or w == n else n + e for n, w, e in zip(names, wanted, ends, strict=True)]


# ── the work ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(batch: Batch, verb: str, work: Callable[[Any], Work], jobs: int, quiet: bool) -> None:
    """Make what is missing, tell of it; `work` gets the model. Exit code 1 if any picture could not be done."""
    start, todo = time.monotonic(), batch.to_do()
    failed: dict[str, str] = {}
    if todo:
        made = work(restorer(verb, batch.model))
        for root in batch.roots:
            root.mkdir(parents=True, exist_ok=True)
        jobs = min(jobs, len(todo))
        tried = contextlib.closing(results(lambda i: batch.attempt(i, made), todo, jobs))
        with shared_threads(jobs), bar(verb, len(todo), quiet) as advance, tried as done:
            for i, reason in done:
                if reason is not None:
                    failed[batch.names[i]] = reason
                advance()
    for name, reason in batch.passed_over.items():
        click.echo(f"{name}: {reason}", err=True)
    for name, reason in failed.items():
        click.echo(f"{name}: {reason}", err=True)
    if not quiet:
        click.echo(summary(batch, len(todo), len(failed), time.monotonic() - start))
    if failed:
        sys.exit(1)


def results(f: Callable[[int], str | None], todo: list[int], jobs: int) -> Generator[tuple[int, str | None]]:
    """i, f(i), in any order; what has not begun when one of them raises never begins."""
    if jobs == 1:
        yield from ((i, f(i)) for i in todo)
        return
    from concurrent.futures import as_completed

    pool = ThreadPoolExecutor(jobs)
    try:
        tasks = {pool.submit(f, i): i for i in todo}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def shared_threads(jobs: int) -> Iterator[None]:
    """So many pictures at a time, each with its share of the processors."""
    import torch

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(max(1, before // jobs))
        yield
    finally:
        torch.set_num_threads(before)


def summary(batch: Batch, tried: int, failed: int, seconds: float) -> str:
    """For example: wrote 12 pictures to out/ (2 were there already) in 3.1 s; 1 failed."""
    n, there, over = tried - failed - len(batch.passed_over), len(batch.files) - tried, len(batch.passed_over)
    already = f" ({there:,} {'was' if there == 1 else 'were'} there already)" if there else ""
    folder = f"{n:,} picture{'s' * (n != 1)} to {batch.target}{os.sep}"
    pages = sum(map(len, batch.stacks))
    of = f" ({pages:,} pages)" if pages > len(batch.stacks) else ""
    what = ", ".join(map(str, batch.files[0])) if batch.single else folder
    ends = (f"; {over:,} passed over" if over else "") + (f"; {failed:,} failed" if failed else "")
    return f"wrote {what}{of}{already} in {seconds:.1f} s" + ends


@contextlib.contextmanager
def bar(title: str, total: int, quiet: bool) -> Iterator[Callable[[], None]]:
    """What to call after each picture; it shows how many of them a second takes."""
    start, done = time.monotonic(), 0
    with progress(None if quiet else title, total) as at:

        def advance() -> None:
            nonlocal done
            done += 1
            at(done, lambda: f"{done:,} of {total:,}, {done / max(time.monotonic() - start, 1e-9):.2g} pictures/s")

        yield advance


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def learn(data: Path, output: Path, task: str, noisy: bool, from_scratch: bool, **params: Any) -> None:
    """Fit a model to a folder or zip of pictures, save it, and compare it with the shipped one."""
    from .. import estimators

    kind = getattr(estimators, KINDS[task])
    model = kind(start=None if from_scratch else "pretrained", **({"target": "self"} if noisy else {}), **params).fit(data)
    model.save(output)
    if params["verbose"]:
        from .printing import console

        if not noisy:
            compare(model, task, console)
        else:
            console.print("Without clean pictures there is no telling how well it does: look at some, with")
            console.print(f"  diabolo denoise {data} OUT --model {output}", soft_wrap=True, markup=False, highlight=False)
        console.print(f"wrote {output}", soft_wrap=True, markup=False, highlight=False)


def compare(model: Any, task: str, console: Any) -> None:
    """Decibels on the held-out pictures: untouched, by other means, with the shipped weights, with these."""
    import numpy as np
    from rich.table import Table

    from ..estimators.restoration.base import middle, tensor

    n = len(model._held_out)
    if not n:
        console.print("Too few pictures to hold some out: whether these weights are better than the shipped ones is not known")
        return
    shipped = type(model).pretrained()
    each = [measured(model, shipped, task, tensor(middle(p) / np.float32(255))) for p in model._held_out]
    rivals = list(next(iter(each[0].values())))
    mean = {trial: {name: float(np.mean([m[trial][name] for m in each])) for name in rivals} for trial in each[0]}
    console.print(f"[italic]Decibels on {n:,} held-out picture{'s' * (n != 1)}; more is better[/]")
    table = Table("")
    for name in rivals:
        table.add_column(name, justify="right")
    for trial, values in mean.items():
        best = f"{max(values.values()):.2f}"
        table.add_row(trial, *(f"[bold]{v:.2f}[/]" if f"{v:.2f}" == best else f"{v:.2f}" for v in values.values()))
    console.print(table)
    console.print(advice({name: float(np.mean([values[name] for values in mean.values()])) for name in rivals}))


def measured(model: Any, shipped: Any, task: str, x: Any) -> dict[str, dict[str, float]]:
    """Decibels of one picture x (1, C, h, w): for each way to spoil it, those of each way to restore it."""
    from importlib.util import find_spec

    from ..estimators.restoration.base import decibels

    found = {}
    for (trial, seen, e, y), theirs in zip(model._trials(x), shipped._trial(x), strict=True):
        values = {UNTOUCHED[task]: decibels(seen, y)}
        if task == "denoise" and find_spec("skimage"):
            values["non-local means"] = decibels(similar_patches(seen, float((seen - y).std())), y)
        found[trial] = values | {"shipped": theirs, "this model": decibels(e, y)}
    return found


def similar_patches(seen: Any, sigma: float) -> Any:
    """Non-local means (Buades et al., 2005) of a picture (1, C, h, w), told how strong its noise is."""
    from skimage.restoration import denoise_nl_means

    from ..estimators.restoration.base import pixels, tensor

    image = pixels(seen)
    told = {"h": 0.8 * sigma, "sigma": sigma, "patch_size": 5, "patch_distance": 6}
    grey = image.shape[2] == 1
    e = denoise_nl_means(image[..., 0] if grey else image, **told, channel_axis=None if grey else -1)
    return tensor(e.reshape(image.shape))


def advice(mean: dict[str, float]) -> str:
    """Whether to use the model just fitted, from the decibels of all methods.

    >>> print(advice({"bicubic": 26.0, "shipped": 27.9, "this model": 28.214}))
    These weights beat the shipped ones on your pictures: by 0.31 dB on average.
    >>> print(advice({"bicubic": 28.0, "shipped": 27.9, "this model": 27.9}))
    Keep the shipped ones: these weights are no better on your pictures (+0.00 dB on average); but best is bicubic.
    """
    gain = mean["this model"] - mean["shipped"]
    better = f"These weights beat the shipped ones on your pictures: by {gain:.2f} dB on average"
    worse = f"Keep the shipped ones: these weights are no better on your pictures ({gain:+.2f} dB on average)"
    best = max(reversed(mean), key=lambda name: mean[name])
    return (better if gain >= 0.01 else worse) + (f"; but best is {best}." if best not in ("shipped", "this model") else ".")
