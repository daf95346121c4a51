"""diabolo tag: which labels each row has."""

from __future__ import annotations

import re
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, no_column
from .data import DATA, KEEP, MODEL, as_they_stand, load_model, never_onto_input, save
from .options import reading_but_sep

if TYPE_CHECKING:
    from ..estimators.multilabel.classifier import MultiLabelClassifier

MAX_ROWS_SHOWN = 10  # rows
EPILOG = """\b
Examples:
  diabolo fit mails.csv --labels urgent,billing,bug -o tags.diabolo
  diabolo tag tags.diabolo new.csv
  diabolo tag tags.diabolo new.csv -o tagged.csv
  diabolo tag tags.diabolo new.jsonl --proba --top 3 -o tagged.parquet
  diabolo tag tags.diabolo new.csv --keep id -o tagged.csv                  (of its columns this one alone)
  diabolo tag photos.diabolo holiday/ -o tagged.csv
  diabolo tag scene.diabolo scene-test.arff -o tagged.csv
"""


@click.command(
    epilog=EPILOG,
    help="Add a column 'labels' to DATA: the labels that MODEL predicts for each row. DATA is a table with the columns of the "
    "model. For a model of texts it is a table with a column of texts, a .txt, a .jsonl, or a folder of .txt. For a model of "
    "pictures it is a folder, a .zip, a picture, or a table with a column of their names. If DATA has labels of its own, such "
    "as an .arff, F1 says how well they agree.",
)
@MODEL
@DATA
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help=f"Write all rows here.  [default: print the first {MAX_ROWS_SHOWN}]"
)
@click.option("--sep", default=";", show_default=True, metavar="SEP", help="Separator of labels.")
@click.option("--proba", is_flag=True, help="Add a column 'p LABEL' with the probability of each label.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Add a column 'top' with the N most probable labels.")
@KEEP
@reading_but_sep
def command(
    model: Path, data: Path, output: Path | None, sep: str, proba: bool, top: int | None, keep: tuple[str, ...]
) -> None:
    from ..formats.files import CSV
    from ..formats.labeled import read_for
    from ..formats.layout import ending

    if output:
        never_onto_input(output, model, data)
        if output.suffix == ".npy" or re.search(r"\.(svm|svmlight|libsvm)(\.gz)?$", output.name):
            raise DataError(f"--output {str(output)!r}: names of labels are not numbers: write a table, such as .csv")
    clf = load_model(model, "tag", "MultiLabelClassifier", "IndependentClassifiers")
    check_sep(clf, sep)
    table, X = read_for(clf.format_, data)
    if keep:
        table = chosen_columns(as_they_stand(clf, data), keep)
    elif ending(data).endswith(CSV) and output and ending(output).endswith(CSV):
        table = as_they_stand(clf, data)
    if output:
        save(joined(table, tag_rows(clf, X, sep, top, proba)), [], output)
        click.echo(f"{table.num_rows:,} rows{agreement(clf, data)}: wrote {output}")
        return
    from . import printing

    added = tag_rows(clf, X[:MAX_ROWS_SHOWN], sep, top, proba)
    printing.tagged_rows(joined(table[:MAX_ROWS_SHOWN], added), len(added), table.num_rows)
    if found := agreement(clf, data):
        click.echo(found.removeprefix(", "))


def agreement(clf: MultiLabelClassifier, data: Path) -> str:
    """How well the labels agree with those that a file of the field has itself, if it has those of the model."""
    from ..formats.readers import as_dataset, reads

    found = as_dataset(data, clf.format_.options) if reads(data) else None
    if found is None or found.Y is None:
        return ""
    try:
        return f", F1 {clf.score(found):.1%} against the labels of the file (micro-averaged)"
    except (DataError, ValueError):  # its labels are others
        return ""


def chosen_columns(table: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if name not in table.column_names:
            raise no_column("--keep", name, table.column_names)
    return table.select(list(names))


def check_sep(clf: MultiLabelClassifier, sep: str) -> None:
    """Raise a DataError if joined labels could not be split again."""
    if not sep:
        raise DataError("--sep '': an empty separator separates nothing")
    for name in map(str, clf.labels_.names):
        if sep in name:
            raise DataError(f"--sep {sep!r}: the label {name!r} contains it: choose another separator")


def tag_rows(clf: MultiLabelClassifier, X: Any, sep: str, top: int | None, proba: bool) -> dict[str, Any]:
    """The new columns, by name."""
    added: dict[str, Any] = {"labels": [sep.join(map(str, row)) for row in names(clf, X)]}
    if top:
        added["top"] = [f"{sep} ".join(f"{name} {p:.2f}" for name, p in row) for row in clf.top(X, top)]
    if proba:
        added |= {f"p {name}": p for name, p in zip(clf.labels_.names, clf.predict_proba(X).T, strict=True)}
    return added


def names(clf: MultiLabelClassifier, X: Any) -> list[tuple[Any, ...]]:
    """The names of each row's labels, whatever Y was."""
    named = copy(clf)
    named.labels_ = clf.labels_.as_lists()
    return [row if isinstance(row, tuple) else (row,) for row in named.predict(X)]


def joined(table: Any, added: dict[str, Any]) -> Any:
    """The table with new columns; their names must be new, too."""
    for name, values in added.items():
        if name in table.column_names:
            raise DataError(f"DATA has a column {name!r} already: rename it")
        table = table.append_column(name, [values])
    return table
