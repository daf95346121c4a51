"""What the verbs on pictures share: options, the work on many pictures, and learning from them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from ..progress import progress
from .batch import Batch, Work
from .data import load_model

if TYPE_CHECKING:
    from rich.console import Console

    from ..estimators.restoration.base import Restorer

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
KINDS = {"denoise": "Denoiser", "upscale": "Upscaler", "colorize": "Colorizer"}


def common(f: Any) -> Any:
    """The arguments and options that all verbs on pictures have."""
    for option in reversed(COMMON):
        f = option(f)
    return SOURCE(TARGET(f))


def restorer(verb: str, path: Path | None) -> Any:
    """The model in `path`, or the one that comes with the package."""
    from .. import estimators

    return load_model(path, verb, KINDS[verb]) if path else getattr(estimators, KINDS[verb]).pretrained()


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
        with (
            told_how_far(batch),
            shared_threads(jobs),
            bar(verb, len(todo), quiet) as advance,
            tried as done,
        ):
            for i, reason in done:
                if reason is not None:
                    failed[batch.names[i]] = reason
                advance()
    for name, reason in (batch.passed_over | failed).items():
        click.echo(f"diabolo: {name}: {reason}", err=True)
    if not quiet:
        click.echo(summary(batch, len(todo), len(failed), time.monotonic() - start))
    if failed:
        sys.exit(1)


@contextlib.contextmanager
def told_how_far(batch: Batch) -> Iterator[None]:
    """Ctrl-C says what is done, and what does the rest."""
    try:
        yield
    except KeyboardInterrupt:
        if batch.overwrite or batch.single:
            raise
        n = len(batch.files)
        raise KeyboardInterrupt(
            f"{n - len(batch.to_do()):,} of {n:,} pictures are done; the same again does the rest"
        ) from None


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
    """For example: wrote 12 pictures to out/ (2 were there already: --overwrite makes them again) in 3.1 s; 1 failed."""
    n, there, over = tried - failed - len(batch.passed_over), len(batch.files) - tried, len(batch.passed_over)
    again = f"--overwrite makes {'it' if there == 1 else 'them'} again"
    older = f", {count:,} older than what it is made of" if (count := batch.older()) else ""
    already = f" ({there:,} {'was' if there == 1 else 'were'} there already{older}: {again})" if there else ""
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
    from .saving import save_fitted

    kind = getattr(estimators, KINDS[task])
    model = kind(init=None if from_scratch else "pretrained", **({"target": "self"} if noisy else {}), **params).fit(data)
    save_fitted(model, output)
    if params["verbose"]:
        from .printing import console

        if not noisy:
            compare(model, console)
        else:
            console.print("Without clean pictures there is no telling how well it does: look at some, with")
            console.print(f"  diabolo denoise {data} OUT --model {output}", soft_wrap=True, highlight=False)
        console.print(f"wrote {output}", soft_wrap=True, highlight=False)


def compare(model: Restorer, console: Console) -> None:
    """Decibels on the held-out pictures: untouched, by other means, with the shipped weights, with these."""
    from rich.table import Table
    from rich.text import Text

    from ..estimators.restoration.comparison import advice, compared

    n = len(model._held_out)
    if not n:
        console.print("Too few pictures to hold some out: whether these weights are better than the shipped ones is not known")
        return
    mean = compared(model, model._held_out)
    rivals = list(next(iter(mean.values())))
    console.print(f"Decibels on {n:,} held-out picture{'s' * (n != 1)}; more is better", style="italic")
    table = Table("")
    for name in rivals:
        table.add_column(name, justify="right")
    for trial, values in mean.items():
        best = f"{max(values.values()):.2f}"
        table.add_row(trial, *(Text(f"{v:.2f}", "bold" if f"{v:.2f}" == best else "") for v in values.values()))
    console.print(table)
    console.print(advice({name: fmean(values[name] for values in mean.values()) for name in rivals}))
