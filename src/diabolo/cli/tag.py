"""diabolo tag: which labels each row has."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, check_columns
from .data import (
    DATA,
    ENGINE,
    KEEP,
    MODEL,
    PARTS,
    NoPandas,
    as_they_stand,
    check_shared,
    in_bulk,
    light_model,
    never_onto_input,
)
from .options import reading
from .saving import reading_of, save

if TYPE_CHECKING:
    from ..formats.files import Sample

MAX_ROWS_SHOWN = 10  # rows
EPILOG = """\b
Examples:
  diabolo fit mails.csv --labels urgent,billing,bug -o tags.diabolo
  diabolo tag tags.diabolo new.csv
  diabolo tag tags.diabolo new.csv -o tagged.csv
  diabolo tag tags.diabolo new.jsonl --proba --top 3 -o tagged.parquet
  diabolo tag tags.diabolo new.csv --keep id -o tagged.csv                  (of its columns this one alone)
  diabolo tag photos.diabolo holiday/ -o tagged.csv
  diabolo tag tags.diabolo parts/ -o tagged/                                (a part for each part)
  diabolo tag scene.diabolo scene-test.arff -o tagged.csv
"""


@click.command(
    epilog=EPILOG,
    help="Add a column 'labels' to DATA: the labels that MODEL predicts for each row. DATA is a table with the columns of the "
    "model. For a model of texts it is a table with a column of texts, a .txt, a .jsonl, or a folder of .txt. For a model of "
    "pictures it is a folder, a .zip, a picture, or a table with a column of their names. If DATA has labels of its own, such "
    "as an .arff, F1 says how well they agree." + PARTS,
)
@MODEL
@DATA
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help=f"Write all rows here.  [default: print the first {MAX_ROWS_SHOWN}]"
)
@click.option("--labels-sep", default=";", show_default=True, metavar="SEP", help="Separator of the labels that are written.")
@click.option("--proba", is_flag=True, help="Add a column 'p LABEL' with the probability of each label.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Add a column 'top' with the N most probable labels.")
@KEEP
@ENGINE
@reading
def command(
    model: Path,
    data: Path,
    output: Path | None,
    labels_sep: str,
    proba: bool,
    top: int | None,
    keep: tuple[str, ...],
    engine: str,
) -> None:
    from ..bulk import check_sep
    from ..formats.files import is_table
    from ..formats.readers import reads

    check_shared(output)
    if output:
        asked: dict[str, Any] = {"labels_sep": labels_sep} | ({"top": top} if top else {}) | ({"proba": True} if proba else {})
        if in_bulk("tag", model, data, output, keep or None, engine, **asked):
            return
        never_onto_input(output, model, data)
        if re.search(r"\.(npy|(svm|svmlight|libsvm)(\.gz)?)$", output.name.lower()):
            raise DataError(f"--output {str(output)!r}: names of labels are not numbers: write a table, such as .csv")
    clf = light_model(model, "tag", "MultiLabelClassifier", "IndependentClassifiers")
    check_sep(clf, labels_sep)
    with NoPandas() if is_table(data) and (output is None or not reads(output)) else nullcontext():
        say(clf, data, output, labels_sep, proba, top, keep)


def say(clf: Any, data: Path, output: Path | None, sep: str, proba: bool, top: int | None, keep: tuple[str, ...]) -> None:
    """Write the labels of all rows, or print those of the first."""
    from ..bulk import tagged
    from ..formats.blocks import parts_of
    from ..formats.labeled import read_for
    from ..formats.layout import ending
    from ..formats.names import CSV

    parts = parts_of(data, clf.format_.reading) if output is None and clf.format_.kind == "tables" else None
    first = None if parts is None or not parts.rows else first_rows(clf.format_, data, parts.rows)
    table, X = read_for(clf.format_, data, first)
    if keep:
        table = chosen_columns(as_they_stand(clf, data), keep)
    elif ending(data).endswith(CSV) and output and ending(output).endswith(CSV):
        table = as_they_stand(clf, data)
    if output:
        save(joined(table, tagged(clf, X, sep, top, proba)), [], output, how=reading_of(clf))
        click.echo(f"{table.num_rows:,} rows{agreement(clf, data)}: wrote {output}")
        return
    from . import printing

    added = tagged(clf, X[:MAX_ROWS_SHOWN], sep, top, proba)
    printing.tagged_rows(joined(table[:MAX_ROWS_SHOWN], added), len(added), first.of if first else table.num_rows)
    if found := agreement(clf, data):
        click.echo(found.removeprefix(", "))


def first_rows(format: Any, data: Path, rows: int) -> Sample:
    """Of a data set no more is read than is printed."""
    import numpy as np

    from ..formats.files import Sample, table_pieces

    piece = next(table_pieces(data, MAX_ROWS_SHOWN, format.reading, format.types, None, format.levels))
    return Sample(piece[:MAX_ROWS_SHOWN], np.arange(min(rows, MAX_ROWS_SHOWN)), rows)


def agreement(clf: Any, data: Path) -> str:
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
    check_columns("--keep", names, table.column_names)
    return table.select(list(names))


def joined(table: Any, added: dict[str, Any]) -> Any:
    """The table with new columns; their names must be new, too."""
    for name, values in added.items():
        if name in table.column_names:
            raise DataError(f"DATA has a column {name!r} already: rename it")
        table = table.append_column(name, [values])
    return table
