"""diabolo label: add, drop or rename a label; the others stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from .data import MODEL, loaded, never_onto_input
from .options import reading

if TYPE_CHECKING:
    from ..estimators.multilabel.classifier import MultiLabelClassifier

KIND = "MultiLabelClassifier"
EPILOG = """\b
Examples:
  diabolo label list tags.diabolo
  diabolo label add tags.diabolo refund examples.csv
  diabolo label add tags.diabolo refund examples.csv --column wants_money --prior 0.02 -o more.diabolo
  diabolo label rename tags.diabolo bug defect
  diabolo label drop tags.diabolo billing
"""
ADD = """\b
Examples:
  diabolo label add tags.diabolo refund examples.csv
  diabolo label add tags.diabolo refund examples.csv --column wants_money --prior 0.02 -o more.diabolo
"""
DROP = """\b
Examples:
  diabolo label drop tags.diabolo billing
"""
RENAME = """\b
Examples:
  diabolo label rename tags.diabolo bug defect
"""
LIST = """\b
Examples:
  diabolo label list tags.diabolo
"""
OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write.  [default: MODEL itself is replaced]"
)


@click.group(
    epilog=EPILOG,
    help="The labels of a model that `diabolo fit --labels` made: list them, add one from few examples, drop, rename.",
)
def command() -> None:
    pass


@command.command(
    "add",
    short_help="Learn one more label from few examples.",
    epilog=ADD,
    help="Learn the label NAME from EXAMPLES, rows with the model's columns (or texts, or pictures). A column NAME "
    "of 0 and 1 says which of them have it (empty: not known, left out); without such a column all have it, and rows that "
    "the model kept serve as those that have not.",
)
@MODEL
@click.argument("name")
@click.argument("examples", type=click.Path(exists=True, path_type=Path))
@click.option("--column", metavar="COLUMN", help="The column of 0 and 1.  [default: NAME, if there is one]")
@click.option(
    "--prior",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="How frequent the label is among all rows, if the examples do not show it.",
)
@OUTPUT
@reading
def add(model: Path, name: str, examples: Path, column: str | None, prior: float | None, output: Path | None) -> None:
    check_output(output, model, examples)
    clf = loaded(model, "label add", KIND)
    X, y = labelled(clf, examples, name, column)
    card = clf.add_label(known(clf, named(name)), X, y, prior=prior)
    click.echo(f"{card}: wrote {saved(clf, model, output)}")


@command.command("drop", epilog=DROP, help="Forget the label NAME.")
@MODEL
@click.argument("name")
@OUTPUT
def drop(model: Path, name: str, output: Path | None) -> None:
    check_output(output, model)
    clf = loaded(model, "label drop", KIND)
    clf.drop_label(known(clf, name))
    click.echo(f"{len(clf.labels_.names):,} labels are left: wrote {saved(clf, model, output)}")


@command.command("rename", epilog=RENAME, help="Call the label OLD by the name NEW.")
@MODEL
@click.argument("old")
@click.argument("new")
@OUTPUT
def rename(model: Path, old: str, new: str, output: Path | None) -> None:
    check_output(output, model)
    clf = loaded(model, "label rename", KIND)
    clf.rename_label(known(clf, old), known(clf, named(new)))
    click.echo(f"{old!r} is {new!r} now: wrote {saved(clf, model, output)}")


@command.command(
    "list",
    short_help="Print the labels.",
    epilog=LIST,
    help="Print the labels, their thresholds, and how many of the rows that the model kept have each.",
)
@MODEL
def listing(model: Path) -> None:
    clf = loaded(model, "label list", KIND)
    from . import printing

    printing.labels(clf)


def check_output(output: Path | None, *inputs: Path) -> None:
    if output:
        never_onto_input(output, *inputs)


def labelled(clf: Any, path: Path, name: str, column: str | None) -> tuple[Any, Any]:
    """Examples, and which of them have the label; None: all."""
    import numpy as np

    from ..formats.labelled import check_names, has_columns, read_for, yes_no

    table, X = read_for(clf.format_, path)
    own = clf.format_.columns if has_columns(clf.format_) else []
    if column is None and name in table.column_names and name not in own:
        column = name
    if column is None:
        if name.strip() and known(clf, name) not in clf.labels_.names:  # or else that is what is wrong
            check_answers(table, own, name)
        return X, None
    check_names(table, [column], "--column")
    y = yes_no(table, column)
    rows = np.flatnonzero(~np.isnan(y))
    return chosen(X, rows), y[rows]


def check_answers(table: Any, own: list[str], name: str) -> None:
    """A column of 0 and 1 beside what the model takes says which examples have the label: its name must say so."""
    for column in set(table.column_names) - {*own}:
        cells = {v for v in table[column].unique().to_pylist() if v is not None}
        if cells and cells <= {0, 1}:
            raise DataError(
                f"column {column!r} holds 0 and 1, but the label is to be called {name!r}: say --column {column!r} if it tells "
                "which rows have the label, or leave it out of the file"
            )


def chosen(X: Any, rows: Any) -> Any:
    """Some rows of a list, a table or an array."""
    if isinstance(X, list):
        return [X[i] for i in rows]
    return X.take(rows) if hasattr(X, "schema") else X[rows]


def named(name: str) -> str:
    if not name.strip():
        raise DataError("a label needs a name that is not empty")
    return name


def known(clf: MultiLabelClassifier, name: str) -> Any:
    """The label that is written so, which may be a number; or else the text itself."""
    return next((label for label in clf.labels_.names if str(label) == name), name)


def saved(clf: MultiLabelClassifier, model: Path, output: Path | None) -> Path:
    """Write the model, whole or not at all; a link stays a link."""
    clf.save(output or model.resolve())
    return output or model
