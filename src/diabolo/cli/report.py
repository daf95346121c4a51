"""diabolo report: one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..errors import DataError, no_column
from .data import DATA, MODEL, OUTPUT, data_set_columns, never_onto_input, said_columns
from .options import reading, reread

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder
    from ..estimators.multilabel.base import MultiLabel
    from ..estimators.multilabel.classifier import MultiLabelClassifier
    from ..estimators.outliers.detector import OutlierDetector
    from ..formats.files import Sample

    Fitted = Autoencoder | OutlierDetector | MultiLabel

EPILOG = """\b
Examples:
  diabolo report people.diabolo people.csv -o report.html
  diabolo report people.diabolo people.csv --label income -o report.html
  diabolo report normal.diabolo new.csv -o outliers.html         (of a model made with --task outliers)
  diabolo report tags.diabolo test.csv -o labels.html            (... with --labels: DATA has the columns of the labels)
  diabolo report tags.diabolo test.csv --labels tags --labels-sep ";" -o labels.html
"""


@click.command(epilog=EPILOG, help="Write a report on MODEL and DATA: one HTML file that opens from disk, without a network.")
@MODEL
@DATA
@OUTPUT
@click.option(
    "--label",
    "--labels",
    "names",
    multiple=True,
    metavar="COLUMN",
    help="Column of DATA that MODEL does not use, to color the map; of an .h5ad one of obs.",
)
@click.option("--labels-sep", metavar="SEP", help="Labels: --labels is one column of lists with this separator.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the map.")
@reading
def command(model: Path, data: Path, output: Path, names: tuple[str, ...], labels_sep: str | None, seed: int) -> None:
    from ..estimators import load
    from ..formats.labeled import sample_for
    from ..report import check_model, write

    never_onto_input(output, model, data)
    fitted: Fitted = load(model)
    check_model(fitted)
    reread(fitted)
    check_options(fitted, names, labels_sep)
    X: Any = data
    labels: dict[str, Any]
    sample = None
    if hasattr(fitted, "thresholds_"):
        sample = sample_for(fitted.format_, data)
        X, labels = labeled_rows(fitted, data, names, labels_sep, sample)
    else:
        labels = columns(data, names, "--label", fitted.format_)
    write(fitted, X, output, title=data.name, labels=labels, seed=seed, sample=sample)
    click.echo(f"wrote {output}" + (f": measured on {sample}" if sample else ""))


def check_options(fitted: Fitted, names: tuple[str, ...], sep: str | None) -> None:
    """Raise a UsageError for options that do not belong to this kind of model."""
    kind = type(fitted).__name__
    labels = hasattr(fitted, "thresholds_")
    if hasattr(fitted, "explain") and names:
        raise click.UsageError(f"--label colors a map, but the report on an {kind} has no map")
    if labels and bool(names) != bool(sep):
        raise click.UsageError("for a column of lists of labels, give --labels and --labels-sep together")
    if not labels and sep is not None:
        raise click.UsageError(f"--labels-sep is for models of labels, not for an {kind}")
    seeded = click.get_current_context().get_parameter_source("seed") is not ParameterSource.DEFAULT
    if seeded and (labels or hasattr(fitted, "explain")):
        raise click.UsageError(f"--seed is the seed of a map, but the report on this {kind} has no map")


def labeled_rows(
    clf: MultiLabelClassifier, data: Path, names: tuple[str, ...], sep: str | None, sample: Sample | None = None
) -> tuple[Any, dict[str, Any]]:
    """The rows of a table, or of a sample of it, and their labels."""
    import numpy as np

    from ..formats.labeled import check_names, label_lists, read_for, yes_no
    from ..formats.layout import ending
    from ..formats.readers import as_dataset

    table, X = read_for(clf.format_, data, sample)
    if getattr(classes := getattr(as_dataset(data, clf.format_.options), "Y", None), "ndim", 0) == 1:
        return X, {"y": classes}
    if sep:
        check_names(table, list(names), "--labels")
        return X, {"y": without_unknown(clf, label_lists(table, names[0], sep))}
    labels = [str(name) for name in clf.labels_.names]
    absent = [name for name in labels if name not in table.column_names]
    if len(absent) == len(labels):
        hint = "; for one column of lists, give its name and the separator: --labels tags --labels-sep ';'"
        hint = "; --set labels=COLUMN makes a column of obs the labels" if ending(data).endswith(".h5ad") else hint
        check_names(table, labels, "the model's labels", hint)
    not_judged(absent, "there are no such columns")
    unknown, numbers = np.full(len(table), np.nan), None if sample is None else sample.numbers.tolist()
    told = [unknown if name in absent else yes_no(table, name, "", numbers) for name in labels]
    return X, {"y": np.column_stack(told)}


def without_unknown(clf: MultiLabelClassifier, lists: list[list[str]]) -> list[list[Any]]:
    """Lists of labels without those that the model does not know, and a message about these."""
    known = {str(name): name for name in clf.labels_.names}
    unknown = sorted({label for row in lists for label in row if label not in known})
    not_judged(unknown, "the model does not know them")
    return [[known[label] for label in row if label in known] for row in lists]


def not_judged(labels: list[str], why: str) -> None:
    if labels:
        more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
        click.echo(f"not evaluated, because {why}: {', '.join(labels[:10])}{more}", err=True)


def columns(data: Path, names: tuple[str, ...], option: str, format: Any) -> dict[str, Any]:
    """Columns of the table in `data`, or what a file of the field says of its rows."""
    from ..formats.blocks import parts_of
    from ..formats.files import Reading, read_table
    from ..formats.readers import reads
    from .options import said

    if names and reads(data):
        return said_columns(data, names, option, format)
    if names and format.kind == "images" and data.is_dir():
        raise DataError(f"{option}: pictures have no columns; --set labels=folder {option} y takes the folder of each")
    how = getattr(format, "reading", None) or Reading(**said())
    if names and (parts := parts_of(data, how)) is not None:
        return data_set_columns(parts, names, option, how)
    table: Any = read_table(data, None, how, {}, rest=True) if names else None
    for name in names:
        if name not in table.column_names:
            raise no_column(option, name, table.column_names)
    return {name: table[name] for name in names}
