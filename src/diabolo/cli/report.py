"""diabolo report: one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..errors import DataError, an, check_columns, some
from .data import DATA, MODEL, OUTPUT, check_page, data_set_columns, never_onto_input, said_columns, taken
from .options import reading, reread

if TYPE_CHECKING:
    from ..estimators.autoencoder.autoencoder import Autoencoder
    from ..estimators.multilabel.base import MultiLabel
    from ..estimators.multilabel.classifier import MultiLabelClassifier
    from ..estimators.outliers.detector import OutlierDetector
    from ..estimators.supervised.regressor import Regressor
    from ..formats.files import Sample

    Fitted = Autoencoder | OutlierDetector | MultiLabel | Regressor

EPILOG = """\b
Examples:
  diabolo report people.diabolo people.csv -o report.html
  diabolo report people.diabolo people.csv --color income -o report.html
  diabolo report normal.diabolo new.csv -o outliers.html         (of a model made with --task outliers)
  diabolo report tags.diabolo test.csv -o labels.html            (... with --labels: DATA has the columns of the labels)
  diabolo report tags.diabolo test.csv --labels tags --labels-sep ";" -o labels.html
  diabolo report price.diabolo test.csv -o price.html            (... with --target: DATA has what is predicted, too)
"""


@click.command(epilog=EPILOG, help="Write a report on MODEL and DATA: one HTML file that opens from disk, without a network.")
@MODEL
@DATA
@OUTPUT
@click.option(
    "--color",
    multiple=True,
    metavar="COLUMN",
    help="Color the map by a column of DATA that MODEL does not use; of an .h5ad one of obs (repeatable).",
)
@click.option(
    "--labels",
    metavar="COLUMN",
    help="Of a model of labels: DATA has them in this column, with --labels-sep; of a model of classes, one in each row.",
)
@click.option("--labels-sep", metavar="SEP", help="Labels: --labels is one column of lists with this separator.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the map.")
@reading
def command(
    model: Path, data: Path, output: Path, color: tuple[str, ...], labels: str | None, labels_sep: str | None, seed: int
) -> None:
    from ..estimators import load
    from ..formats.labeled import sample_for
    from ..report import check_model, write

    never_onto_input(output, model, data)
    check_page(output)
    fitted: Fitted = load(model)
    check_model(fitted)
    reread(fitted)
    check_options(fitted, color, labels, labels_sep)
    X: Any = data
    sample = None
    if hasattr(fitted, "thresholds_"):
        sample = sample_for(fitted.format_, data)
        X, known = labeled_rows(fitted, data, labels, labels_sep, sample)
    elif hasattr(fitted, "target_names_"):
        sample = sample_for(fitted.format_, data)
        X, known = observed_rows(fitted, data, sample)
    else:
        known = columns(data, color, "--color", fitted.format_)
    write(fitted, X, output, title=data.name, labels=known, seed=seed, sample=sample)
    click.echo(f"wrote {output}" + (f": measured on {sample}" if sample else ""))


def check_options(fitted: Fitted, color: tuple[str, ...], labels: str | None, sep: str | None) -> None:
    """Raise a UsageError for options that do not belong to this kind of model."""
    kind = type(fitted).__name__
    tags = hasattr(fitted, "thresholds_")
    one = tags and fitted.labels_.kind == "one"
    drawn = not tags and not hasattr(fitted, "explain") and not hasattr(fitted, "target_names_")
    if color and not drawn:
        raise click.UsageError(f"--color colors a map, but the report on this {kind} has no map")
    if tags and bool(labels) != bool(sep) and not (one and labels):
        lists = "for a column of lists of labels, give --labels and --labels-sep together"
        known = f"the model learned columns of 0 and 1, which are found by their names, {some(fitted.classes_.tolist())}"
        raise click.UsageError(
            lists
            if fitted.labels_.kind == "lists"
            else f"{known}: leave out {'--labels' if labels else '--labels-sep'}; {lists}"
        )
    for option, value in (("--labels", labels), ("--labels-sep", sep)):
        if not tags and value is not None:
            raise click.UsageError(f"{option} is for models of labels, not for {an(kind)}: --color colors a map")
    seeded = click.get_current_context().get_parameter_source("seed") is not ParameterSource.DEFAULT
    if seeded and not drawn:
        raise click.UsageError(f"--seed is the seed of a map, but the report on this {kind} has no map")


def labeled_rows(
    clf: MultiLabelClassifier, data: Path, column: str | None, sep: str | None, sample: Sample | None = None
) -> tuple[Any, dict[str, Any]]:
    """The rows of a table, or of a sample of it, and their labels."""
    import numpy as np

    from ..formats.labeled import check_names, label_lists, read_for, yes_no
    from ..formats.readers import as_dataset

    table, X = read_for(clf.format_, data, sample)
    if getattr(classes := getattr(as_dataset(data, clf.format_.options), "Y", None), "ndim", 0) == 1:
        return X, {"y": classes}
    if column and clf.labels_.kind == "one" and not sep:
        return X, {"y": known_classes(clf, table, column)}
    if column and sep:
        check_names(table, [column], "--labels")
        return X, {"y": without_unknown(clf, label_lists(table, column, sep))}
    labels = [str(name) for name in clf.labels_.names]
    absent = [name for name in labels if name not in table.column_names]
    if len(absent) == len(labels):
        check_names(table, labels, "the model's labels", "; " + where_labels_are(clf, data))
    not_judged(absent, "there are no such columns")
    unknown, numbers = np.full(len(table), np.nan), None if sample is None else sample.numbers.tolist()
    told = [unknown if name in absent else yes_no(table, name, "", numbers) for name in labels]
    return X, {"y": np.column_stack(told)}


def observed_rows(reg: Regressor, data: Path, sample: Sample | None) -> tuple[Any, dict[str, Any]]:
    """The rows of a table, or of a sample of it, and the numbers that were observed."""
    import numpy as np

    from ..formats.labeled import read_for
    from ..formats.readers import as_dataset
    from ..formats.targets import floats

    table, X = read_for(reg.format_, data, sample)
    if getattr(numbers := getattr(as_dataset(data, reg.format_.options), "Y", None), "ndim", 0) == 1:
        return X, {"y": numbers}
    names = reg.target_names_
    if not names:
        raise DataError("the model has no name for what it predicts: in Python, give diabolo.report.write labels={'y': y}")
    check_columns("what the model predicts", names, table.column_names)
    y = np.column_stack([floats(table[name], f"column {name!r}") for name in names])
    return X, {"y": y[:, 0] if len(names) == 1 else y}


def known_classes(clf: MultiLabelClassifier, table: Any, column: str) -> Any:
    """y (n, k) of a column of classes; NaN in a row without a class, or with one that the model does not know."""
    import numpy as np

    from ..formats.labeled import check_names

    check_names(table, [column], "--labels")
    place = {str(name): c for c, name in enumerate(clf.labels_.names)}
    trimmed = {name.strip(): name for name in place}
    cells = [as_class(v) for v in table[column].to_pylist()]
    said = [v if v in place else trimmed.get(v.strip(), v.strip()) for v in cells]
    not_judged(sorted({v for v in said if v and v not in place}), "the model does not know them")
    y = np.full((len(said), len(place)), np.nan)
    for row, name in enumerate(said):
        if name in place:
            y[row] = np.arange(len(place)) == place[name]
    if np.isnan(y).all():
        raise DataError(f"--labels: column {column!r} holds none of the classes of the model: {', '.join([*place][:10])}")
    return y


def as_class(v: Any) -> str:
    """A cell as the name of a class; of whole numbers a gap among them makes floats.

    >>> as_class(2.0), as_class(2), as_class(None), as_class(" a")
    ('2', '2', '', ' a')
    """
    return "" if v is None or v != v else str(int(v)) if isinstance(v, float) and v.is_integer() else str(v)


def where_labels_are(clf: MultiLabelClassifier, data: Path) -> str:
    """How to say it, if no column has the name of a label."""
    from ..formats.layout import ending

    if ending(data).endswith(".h5ad"):
        return "--set labels=COLUMN makes a column of obs the labels"
    if clf.format_.kind == "images" and (data.is_dir() or ".zip" in str(data).lower()):
        return "--set labels=folder makes the folder of each picture its label"
    if clf.labels_.kind == "one":
        return "--labels COLUMN names the column of the classes"
    return "for one column of lists, give its name and the separator: --labels tags --labels-sep ';'"


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

    taken(format, names)
    if names and reads(data):
        return said_columns(data, names, option, format)
    if names and format.kind == "images" and data.is_dir():
        raise DataError(f"{option}: pictures have no columns; --set labels=folder {option} y takes the folder of each")
    how = getattr(format, "reading", None) or Reading(**said())
    if names and (parts := parts_of(data, how)) is not None:
        return data_set_columns(parts, names, option, how)
    table: Any = read_table(data, None, how, {}, rest=True) if names else None
    check_columns(option, names, table.column_names if names else [])
    return {name: table[name] for name in names}
