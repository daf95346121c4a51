"""Which options of `diabolo fit` belong to which task and data; and the options for reading files, for all verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from . import images

CODES, IMPUTE, OUTLIERS, LABELS = "codes", "impute", "outliers", "labels"
TARGET = "target"  # of --target, which needs no --task
LEARNED, RESTORED = (CODES, IMPUTE, OUTLIERS, LABELS), tuple(images.KINDS)
DOCUMENTS = ("text", "stem", "words", "min_df", "max_df", "stop_words", "token_pattern")
READING = ("array", "transpose", "set", "sep", "decimal", "thousands", "na", "encoding", "no_header", "dates")
COLUMNS = ("category", "number")
WITH_TARGET = ("encoder", "freeze", "groups")
ANSWERED = ("labels", "label", "labels_sep", "threshold_metric", *WITH_TARGET)
TASKS: dict[str, tuple[str, ...]] = {  # the tasks of every option
    **dict.fromkeys(
        ("output", "epochs", "seed", "device", "precision", "checkpoint", "resume", "nproc", "max_restarts", "quiet"),
        (*LEARNED, TARGET, *RESTORED),
    ),
    "task": (*LEARNED, *RESTORED),
    "components": (CODES, IMPUTE, OUTLIERS),
    "alpha": (OUTLIERS,),
    "known": (OUTLIERS,),
    **dict.fromkeys(("labels", "label", "labels_sep", "threshold_metric"), (LABELS,)),
    **dict.fromkeys(WITH_TARGET, (LABELS, TARGET)),
    "target": (TARGET,),
    "noisy": ("denoise",),
    "from_scratch": RESTORED,
    "loss": LEARNED,
    **dict.fromkeys(("hidden", "drop", *DOCUMENTS, *READING, *COLUMNS), (*LEARNED, TARGET)),
}
LOSSES = ("logistic", "asymmetric")


def given_options(ctx: click.Context) -> list[str]:
    """The options that the user gave, in the order of the help."""
    names = [param.name for param in ctx.command.params if isinstance(param, click.Option) and param.name]
    return [name for name in names if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT]


def spelled(ctx: click.Context, name: str) -> str:
    return next(max(param.opts, key=len) for param in ctx.command.params if param.name == name)


def check(ctx: click.Context) -> None:
    """Raise a UsageError for options of `diabolo fit` that do not belong to the task, or contradict each other."""
    found = given_options(ctx)
    said = LABELS if "labels" in found or "label" in found else None
    task = TARGET if "target" in found else said or ctx.params["task"]
    if "task" in found and task in (LABELS, TARGET) and ctx.params["task"] != task:
        raise click.UsageError(f"--task does not go with --{task}: give one of them", ctx)
    for name in found:
        tasks = TASKS[name]
        if task in tasks:
            continue
        if task in (LABELS, TARGET):
            raise click.UsageError(f"{spelled(ctx, name)} does not go with --{task}: give one of them", ctx)
        if LABELS in tasks and CODES not in tasks:
            raise click.UsageError(f"{spelled(ctx, name)} is for labels: name their columns with --labels", ctx)
        *most, last = [t for t in tasks if t not in (LABELS, TARGET)]
        may = f"{', '.join(most)} and {last}" if most else last
        raise click.UsageError(f"{spelled(ctx, name)} is for --task {may}, not for --task {task}", ctx)
    if "resume" in found and "checkpoint" not in found:
        raise click.UsageError("--resume continues from a --checkpoint: give one", ctx)
    if task in (LABELS, TARGET):
        _check_encoder(ctx, found)
    if task == LABELS:
        _check_labels(ctx, found)


def _check_labels(ctx: click.Context, found: list[str]) -> None:
    if ctx.params["labels_sep"] == "":
        raise click.BadParameter("an empty separator separates nothing", ctx, param_hint="--labels-sep")
    if "loss" in found and ctx.params["loss"] not in LOSSES:
        allowed = " and ".join(LOSSES)
        raise click.BadParameter(f"for labels, allowed are {allowed}, not {ctx.params['loss']!r}", ctx, param_hint="--loss")


def _check_encoder(ctx: click.Context, found: list[str]) -> None:
    if "freeze" in found and "encoder" not in found:
        raise click.UsageError("--freeze and --no-freeze need an --encoder: give one", ctx)
    if "encoder" in found:
        for name in (*DOCUMENTS[1:], *COLUMNS):
            if name in found:
                raise click.UsageError(
                    f"{spelled(ctx, name)} does not go with --encoder, which determines how rows are read", ctx
                )


def check_data(ctx: click.Context, data: Path, kind: str) -> None:
    """Raise a UsageError for options that do not belong to this kind of data."""
    from ..formats.files import is_table

    found = given_options(ctx)
    for names, fits, what in (
        (DOCUMENTS, kind == "documents", "documents"),
        (COLUMNS, kind == "tables", "tables"),
        (("drop",), is_table(data), "tables"),
    ):
        for name in names:
            if name in found and not fits:
                raise click.UsageError(f"{spelled(ctx, name)} is for {what}, but {str(data)!r} is of another kind", ctx)
    check_reading(data)


def check_reading(data: Path) -> None:
    """Raise a UsageError for options on reading a file that do not belong to this kind of file."""
    from ..formats import readers
    from ..formats.files import is_table
    from ..formats.layout import ending
    from ..formats.listing import listed
    from ..formats.names import CSV, JSON, kind_of

    files = listed(data)
    if files and kind_of(files[0].path) == "csv":
        return
    texts = data.is_dir() or ending(data).endswith((*JSON, ".txt"))
    if readers.reads(data):
        ours, name = ("na", "dates") if readers.reads(data, "table") else (), next(iter(said()), "")
        if name and name not in ours:
            raise click.UsageError(f"{_spelled(name)} is for tables in text files, {' '.join(CSV)}, not for {str(data)!r}")
        return
    any_table = ("na", "dates") if is_table(data) else ()
    wrong = [] if ending(data).endswith(CSV) else [n for n in said() if n not in any_table and (n != "encoding" or not texts)]
    if wrong:
        where = "tables" if wrong[0] in ("na", "dates") else f"tables in text files, {' '.join(CSV)}"
        raise click.UsageError(f"{_spelled(wrong[0])} is for {where}, but {str(data)!r} is of another kind")


# ── reading text files ───────────────────────────────────────────────────────────────────────────────────────────────

SAID = "diabolo.reading"  # the key of the reading options in a context


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if param.name and ctx.get_parameter_source(param.name) is not ParameterSource.DEFAULT:
        field, said = ("header", False) if param.name == "no_header" else (param.name, value)
        ctx.meta.setdefault(SAID, {})[field] = _formats(value) if field == "dates" else said


def _formats(said: tuple[str, ...]) -> dict[str, str]:
    """Texts COLUMN=FORMAT as a dict."""
    wrong = [text for text in said if not text.rpartition("=")[0]]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r}: write COLUMN=FORMAT, such as day=%d.%m.%Y", param_hint="--date")
    return {text.rpartition("=")[0]: text.rpartition("=")[2] for text in said}


def _keep_file(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if param.name and ctx.get_parameter_source(param.name) is not ParameterSource.DEFAULT:
        from ..formats.readers import options

        ctx.with_resource(options(**(_set(value) if param.name == "set" else {param.name: value})))


def _set(said: tuple[str, ...]) -> dict[str, Any]:
    """Texts NAME=VALUE as a dict; numbers, true and false as such.

    >>> _set(("layer=counts", "zero_based=true", "dataset=2"))
    {'layer': 'counts', 'zero_based': True, 'dataset': 2}
    """
    found = {}
    for text in said:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise click.BadParameter(f"{text!r}: write NAME=VALUE, such as layer=counts", param_hint="--set")
        known = {"true": True, "false": False}
        found[name] = known.get(value.lower(), int(value) if value.isdecimal() else value)
    return found


OF_FILES: dict[str, Any] = {"expose_value": False, "callback": _keep_file}
SHARED: dict[str, Any] = {"expose_value": False, "callback": _keep}
READ = (
    click.option("--array", metavar="NAME", help=".mat, .npz: the array that is read, if there are several.", **OF_FILES),
    click.option("--transpose", is_flag=True, help=".mtx, .mat, .npz: the columns are the rows.", **OF_FILES),
    click.option(
        "--set",
        multiple=True,
        metavar="NAME=VALUE",
        help="Files of the field: an option, such as layer=counts or labels=cell_type of an .h5ad, labels=folder of pictures, "
        "zero_based=true of an .svm (repeatable).",
        **OF_FILES,
    ),
    click.option(
        "--no-header", is_flag=True, help="Text files: the first line is a row; the columns are named x0, x1, ...", **SHARED
    ),
    click.option("--encoding", metavar="NAME", help="Text files: encoding, such as latin-1.  [default: UTF-8]", **SHARED),
    click.option(
        "--na",
        multiple=True,
        metavar="TEXT",
        help="Tables: another text for a missing cell, in all columns (repeatable).",
        **SHARED,
    ),
    click.option(
        "--date",
        "dates",
        multiple=True,
        metavar="COLUMN=FORMAT",
        help="Tables: the texts of COLUMN are dates in this format, such as day=%d.%m.%Y (repeatable).",
        **SHARED,
    ),
    click.option("--thousands", metavar="CHAR", help="Text files: thousands separator of numbers.", **SHARED),
    click.option("--decimal", metavar="CHAR", help="Text files: decimal separator of numbers.", **SHARED),
    click.option("--sep", metavar="SEP", help="Text files: separator of cells.  [default: detected]", **SHARED),
)


def reading(f: Any) -> Any:
    """Add the options for reading a table in a text file; :func:`said` gives their values."""
    for option in READ:
        f = option(f)
    return f


def said() -> dict[str, Any]:
    """The given reading options, as fields of a ``Reading``."""
    ctx = click.get_current_context(silent=True)
    found: dict[str, Any] = {} if ctx is None else ctx.meta.get(SAID, {})
    return found


def reread(model: Any) -> Any:
    """The model; it reads files as in fit, except for the given reading options."""
    if not said():
        return model
    params = click.get_current_context().params
    path = params.get("data") or params.get("examples")
    if path is not None:
        check_reading(path)
    from ..formats import Documents, Tables

    format = model.format_
    if isinstance(format, Tables):
        format.reading = format.reading.but(said())
    elif not isinstance(format, Documents) or [*said()] != ["encoding"]:
        raise click.UsageError(f"{_first_said()} is for tables, but the model was fitted with other data")
    else:
        format.encoding = said()["encoding"]
    return model


def _first_said() -> str:
    return _spelled(next(iter(said())))


def _spelled(field: str) -> str:
    return "--" + {"header": "no-header", "dates": "date"}.get(field, field)
