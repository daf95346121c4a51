"""diabolo explore: a map to drag a circle over, in the browser or as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .data import MODEL, Where, check_page, file_labels, never_onto_input, taken
from .options import reading, reread

if TYPE_CHECKING:
    from ..formats.files import Sample

EPILOG = """\b
Examples:
  diabolo explore people.diabolo people.csv                        (opens the browser; Ctrl-C ends it)
  diabolo explore people.diabolo people.csv --export people.html   (one file that opens from disk)
  diabolo explore people.diabolo                                   (rows drawn from the model)
  diabolo explore people.diabolo people.csv --color income         (colored by a column at first)
  diabolo explore tags.diabolo mails.csv --title "Mails of May" --port 8123
"""


@click.command(
    epilog=EPILOG,
    help="Show the rows of DATA as a map of their codes. Drag the circle: what the decoder makes of its place follows. Without "
    "DATA, an autoencoder draws rows of its own. Columns of DATA that MODEL does not use can be colored, searched and filtered "
    "by, too.",
)
@MODEL
@click.argument("data", type=Where(exists=True, path_type=Path), required=False)
@click.option("--export", "-o", "output", type=click.Path(path_type=Path), help="Write one HTML file, which needs no network.")
@click.option("--title", default="", help="Title of the page.  [default: the name of DATA]")
@click.option("--color", metavar="COLUMN", help="Color the map by this column, measure or code at first.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the map.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address at which the page is served.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of it.  [default: the first free one from 8000]")
@click.option("--no-browser", is_flag=True, help="Do not open a browser: only print the address.")
@reading
def command(
    model: Path,
    data: Path | None,
    output: Path | None,
    title: str,
    color: str | None,
    seed: int,
    host: str,
    port: int | None,
    no_browser: bool,
) -> None:
    from ..estimators import load
    from ..explorer import export, serve
    from ..explorer.sides import sides
    from ..formats.labeled import sample_for

    if output is not None:
        check_export(output, *[path for path in (model, data) if path])
    fitted: Any = load(model)
    sides(fitted)  # a model of another kind is told before the data are read
    reread(fitted)
    sample = None if data is None else sample_for(fitted.format_, data)
    X, labels = rows_of(fitted, data, sample)
    known: dict[str, Any] = {"title": title or (data or model).stem, "labels": labels, "seed": seed, "sampled": data is None}
    known |= {"sample": sample, "color": color}
    if sample:
        click.echo(f"the map shows {sample}")
    if output is None:
        serve(fitted, X, host=host, port=port, open=not no_browser, **known)
        return
    export(fitted, X, output, **known)
    click.echo(f"wrote {output}")


def check_export(output: Path, *inputs: Path) -> None:
    ctx = click.get_current_context()
    for name in ("host", "port", "no_browser"):
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError(f"--{name.replace('_', '-')} is for a page that is served, not for one that is exported")
    never_onto_input(output, *inputs, option="--export")
    check_page(output, "--export")


def rows_of(model: Any, data: Path | None, sample: Sample | None = None) -> tuple[Any, dict[str, Any]]:
    """What the model takes of DATA, or of a sample of it, and the columns that it does not use."""
    from ..errors import DataError, an
    from ..formats.files import is_table
    from ..formats.labeled import read_for

    if data is None:
        if not hasattr(model, "sample"):
            raise DataError(f"{an(type(model).__name__)} draws no rows of its own: give DATA")
        return model.sample(DRAWN, random_state=0), {}
    if (beside := file_labels(data, model.format_)) is not None:
        others = [name for name in beside.column_names if name not in model.format_.sources]
        taken(model.format_, others)
        return data, {name: beside[name] for name in others}
    if not is_table(data, model.format_.options):
        return data, {}
    table, X = read_for(model.format_, data, sample)
    own = {*model.format_.sources, getattr(model.format_, "column", None)}
    return X, {name: table[name] for name in table.column_names if name not in own}


DRAWN = 1000  # rows, without data
