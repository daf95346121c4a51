"""What the verbs on pictures share: options, the work on many pictures, and learning from them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from ..progress import progress
from .batch import Batch, Work
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


def common(f: Any) -> Any:
    """The arguments and options that all verbs on pictures have."""
    for option in reversed(COMMON):
        f = option(f)
    return SOURCE(TARGET(f))


def restorer(verb: str, path: Path | None) -> Any:
    """The model in `path`, or the one that comes with the package."""
    from .. import estimators

    return loaded(path, verb, KINDS[verb]) if path else getattr(estimators, KINDS[verb]).pretrained()


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
