"""diabolo label: add, drop or rename a label; the others do not change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from .data import MODEL, Where, load_model, never_onto_input
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
  diabolo label add ill.diabolo anemia examples.csv --groups patient                       (several rows of each patient)
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
OUTPUT = click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write.  [default: replace MODEL]")


@click.group(
    epilog=EPILOG,
    help="List, add (from few examples), drop or rename the labels of a model that `diabolo fit --labels` wrote.",
)
def command() -> None:
    pass


@command.command(
    "add",
    short_help="Learn one more label from few examples.",
    epilog=ADD,
    help="Learn the label NAME from EXAMPLES: rows with the columns of the model (or texts, or pictures). A column NAME "
    "of 0 and 1 says which of them have the label (empty: unknown, ignored). Without this column, all have it, and the rows "
    "that the model kept are the negatives.",
)
@MODEL
@click.argument("name")
@click.argument("examples", type=Where(exists=True, path_type=Path))
@click.option("--column", metavar="COLUMN", help="The column of 0 and 1.  [default: NAME, if there is one]")
@click.option(
    "--prior",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of all rows that have the label, if it is not the share among the examples.",
)
@click.option(
    "--groups",
    metavar="COLUMN",
    help="The rows of each value of this column belong together, such as those of a patient, and are left out together.",
)
@OUTPUT
@reading
def add(
    model: Path, name: str, examples: Path, column: str | None, prior: float | None, groups: str | None, output: Path | None
) -> None:
    check_output(output, model, examples)
    clf = load_model(model, "label add", KIND)
    X, y, group = read_examples(clf, examples, name, column, groups)
    card = clf.add_label(known_name(clf, name), X, y, prior=prior, groups=group)
    click.echo(f"{card}: wrote {save_model(clf, model, output)}")


@command.command("drop", epilog=DROP, help="Remove the label NAME.")
@MODEL
@click.argument("name")
@OUTPUT
def drop(model: Path, name: str, output: Path | None) -> None:
    check_output(output, model)
    clf = load_model(model, "label drop", KIND)
    clf.drop_label(known_name(clf, name))
    click.echo(f"{len(clf.labels_.names):,} labels are left: wrote {save_model(clf, model, output)}")


@command.command("rename", epilog=RENAME, help="Rename the label OLD to NEW.")
@MODEL
@click.argument("old")
@click.argument("new")
@OUTPUT
def rename(model: Path, old: str, new: str, output: Path | None) -> None:
    check_output(output, model)
    clf = load_model(model, "label rename", KIND, "IndependentClassifiers")
    clf.rename_label(known_name(clf, old), known_name(clf, new))
    click.echo(f"{old!r} is now {new!r}: wrote {save_model(clf, model, output)}")


@command.command(
    "list",
    short_help="Print the labels.",
    epilog=LIST,
    help="Print the labels, their thresholds, and how many of the kept rows have each label.",
)
@MODEL
def listing(model: Path) -> None:
    clf = load_model(model, "label list", KIND, "IndependentClassifiers")
    from . import printing

    printing.labels(clf)


def check_output(output: Path | None, *inputs: Path) -> None:
    if output:
        never_onto_input(output, *inputs)


def read_examples(
    clf: MultiLabelClassifier, path: Path, name: str, column: str | None, groups: str | None = None
) -> tuple[Any, Any, Any]:
    """The examples, which of them have the label (None: all), and the group of each (None: each its own)."""
    import numpy as np

    from ..formats.labeled import check_names, read_for, takes_texts, yes_no

    table, X = read_for(clf.format_, path)
    own = [] if takes_texts(clf.format_) else [*clf.format_.columns, *map(str, clf.labels_.names)]
    if groups is not None:
        check_names(table, [groups], "--groups")
    group = None if groups is None else table[groups]
    if column is None and name in table.column_names and name not in own:
        column = name
    if column is None:
        if name.strip() and known_name(clf, name) not in clf.labels_.names:  # otherwise the name is the error
            check_answers(table, [*own, groups], name)
        return X, None, group
    check_names(table, [column], "--column")
    y = yes_no(table, column)
    rows = np.flatnonzero(~np.isnan(y))
    return chosen(X, rows), y[rows], None if group is None else group.take(rows)


def check_answers(table: Any, own: list[str | None], name: str) -> None:
    """Raise a DataError for an extra column of 0 and 1 with another name: it may say which examples have the label."""
    for column in set(table.column_names) - {*own}:
        cells = {v for v in table[column].unique().to_pylist() if v is not None}
        if cells and cells <= {0, 1}:
            raise DataError(
                f"column {column!r} holds 0 and 1, but the name of the label is {name!r}: if the column says which rows have "
                f"the label, give --column {column!r}; otherwise drop it from the file"
            )


def chosen(X: Any, rows: Any) -> Any:
    """Some rows of a list, a table or an array."""
    if isinstance(X, list):
        return [X[i] for i in rows]
    return X.take(rows) if hasattr(X, "schema") else X[rows]


def known_name(clf: MultiLabelClassifier, name: str) -> Any:
    """The label that is written like this (it may be a number), else the text itself."""
    return next((label for label in clf.labels_.names if str(label) == name), name)


def save_model(clf: MultiLabelClassifier, model: Path, output: Path | None) -> Path:
    """Write the model, whole or not at all; a link stays a link."""
    clf.save(output or model.resolve())
    return output or model
