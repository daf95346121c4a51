"""The command line: one verb, one file; this is the explicit list."""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from collections import Counter
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import click

from .. import __version__
from ..errors import DiaboloError, LostError
from ..ranks import said_by_first
from . import several

__all__ = ["VERBS", "main"]

VERBS = {
    "demo": "Fit, compare with PCA and report on data that comes with scikit-learn.",
    "fit": "Fit a model to a file: an autoencoder, an outlier detector, a classifier of labels, or a regressor.",
    "info": "Describe a model from its header, without loading it.",
    "encode": "Turn rows into codes.",
    "decode": "Turn codes back into rows.",
    "map": "Draw a map: similar rows are close.",
    "impute": "Fill the missing cells of a table.",
    "sample": "Draw new rows from a model.",
    "score": "Reconstruction error per row and per column.",
    "outliers": "Flag rows that are unlike the others, and explain which cells make them so.",
    "tag": "Predict the labels of each row.",
    "predict": "Predict the numbers of each row.",
    "label": "List, add, drop or rename the labels of a model.",
    "denoise": "Remove the noise from pictures.",
    "upscale": "Enlarge pictures.",
    "colorize": "Color gray pictures.",
    "fonts": "Drag a circle over a map of fonts, and save the font of a place.",
    "bench": "Score restored pictures by the protocols of the literature, and maps of fonts.",
    "report": "Write a one-file HTML report.",
    "explore": "Drag a circle over the map of a model: what is decoded there follows.",
}
SHARED = ("fit", "encode", "score", "outliers", "tag", "predict", "impute")  # several processes do it together
ASKED = ("-h", "--help")


class Verbs(click.Group):
    """Imports the file of a verb when the verb is used, so that --help is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f".{cmd_name}", __name__).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = get_close_matches(args[0], VERBS, 2)
            meant = " or ".join(repr(verb) for verb in near)
            did = f" Did you mean {meant}?" if near else f" The verbs are {', '.join(VERBS)}."
            raise click.UsageError(f"No such command {args[0]!r}.{did}", ctx)
        if args and args[0] not in (*SHARED, "info") and not {*ASKED} & {*args}:
            remedy = "start one, without torchrun, or by srun with --ntasks=1"
            several.first_tells(f"would do all of `diabolo {args[0]}`", remedy)
        found = super().resolve_command(ctx, args)
        check_once(ctx, *found)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def check_once(ctx: click.Context, name: str | None, command: click.Command | None, args: list[str]) -> None:
    """Raise a UsageError for an option that is given twice, of which only the last would count."""
    if command is None:
        return
    ctx = click.Context(command, ctx, name)
    if isinstance(command, click.Group):
        return check_once(ctx, args[0], command.get_command(ctx, args[0]), args[1:]) if args else None
    order: list[click.Parameter] = []
    with suppress(click.UsageError):  # what else is wrong is told when the command is run
        order = command.make_parser(ctx).parse_args([*args])[2]
    for option, n in Counter(order).items():
        if isinstance(option, click.Option) and n > 1 and not (option.multiple or option.is_flag):
            raise click.UsageError(
                f"{max(option.opts, key=len)} is given {n} times, and only the last would count: give one", ctx
            )


EPILOG = """\b
Examples:
  diabolo demo
  diabolo fit people.csv -k 8 -o people.diabolo
  diabolo encode people.diabolo new.csv -o codes.parquet
  diabolo report people.diabolo people.csv -o report.html
  diabolo fit people.csv --task outliers -o normal.diabolo
  diabolo outliers normal.diabolo new.csv -o flagged.csv
  diabolo fit mails.csv --labels urgent,billing,bug -o tags.diabolo
  diabolo tag tags.diabolo new.csv -o tagged.csv
  diabolo fit homes.csv --target price -o price.diabolo
  diabolo predict price.diabolo new.csv -o predicted.csv
  diabolo denoise in/ out/
  diabolo upscale photo.jpg big.png -x 2
"""


@click.command(cls=Verbs, epilog=EPILOG, context_settings={"help_option_names": [*ASKED]})
@click.version_option(__version__, prog_name="diabolo")
def cli() -> None:
    """Encoder-decoder learning: wide, narrow, wide.

    Compress the rows of a table, an array, a folder of pictures or a collection of documents to a few numbers from which
    they can be reconstructed, and compare with PCA. Find outliers, learn labels, restore pictures.
    """


def main() -> None:
    """Run the command line; an error that a user can fix is one line, not a traceback."""
    warnings.showwarning = _warn
    warnings.filterwarnings("always", category=UserWarning)
    TOLD.clear()
    several.let_waiting_threads_sleep()
    several.end_if_told()
    try:
        cli(prog_name="diabolo", standalone_mode=False)
    except click.exceptions.Abort as error:
        if not int(os.environ.get("RANK", "0")):
            said = str(error) or str(error.__cause__ or "")
            click.echo(f"diabolo: interrupted{said and f': {said}'}", err=True)
        sys.exit(130)
    except click.ClickException as error:
        _hinted(error).show()
        sys.exit(error.exit_code)
    except (DiaboloError, LostError, OSError, ValueError, ImportError) as error:
        if os.environ.get("DIABOLO_TRACEBACK"):
            raise
        if not several.tell(error, _said(error)):
            click.echo(f"diabolo: {_said(error)}", err=True)
        sys.exit(1)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate" not in str(error):  # torch has no MemoryError
            raise
        said = f" ({' '.join(str(error).split())[-200:]})" if str(error) else ""
        click.echo(f"diabolo: there is not enough memory{said}: give fewer rows or columns, or a Parquet file", err=True)
        sys.exit(1)


def _hinted(error: click.ClickException) -> click.ClickException:
    """Names of files that a shell made of a pattern."""
    if "unexpected extra argument" in error.message and any(os.path.exists(word) for word in re.split(r"[() ]", error.message)):
        hint = '. If a pattern was meant, put it in quotes, such as "parts/*.parquet"'
        return click.UsageError(error.message + hint, getattr(error, "ctx", None))
    return error


TOLD: set[str] = set()  # warnings of this run


def _warn(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """A warning is one line, too; warnings for programmers are not shown."""
    said = _worded(" ".join(str(message).split()))
    alike = sys.argv[1:2] == ["fit"] and said_by_first()  # processes that fit together see the same
    if issubclass(category, UserWarning) and said not in TOLD and not alike:
        TOLD.add(said)
        click.echo(f"diabolo: {said}", err=True)


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f": {os.fspath(error.filename)!r}"
        return f"{error.strerror}{where}"
    return _worded(str(error))


def _worded(said: str) -> str:
    from .wording import in_options, with_keep

    verb, options = sys.argv[1:2], {word.partition("=")[0] for word in sys.argv[2:]}
    if verb == ["fit"]:
        return in_options(said)
    loses = verb in (["encode"], ["score"], ["outliers"]) and "--keep" not in options and options & {"-o", "--output"}
    return with_keep(said) if loses else said
