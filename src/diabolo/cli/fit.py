"""diabolo fit: a file in, a model out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import DataError, check_columns
from . import images, options
from .data import DATA, OUTPUT, never_onto_input, open_data
from .saving import save_fitted
from .several import check_one_fit, in_processes

HIDDEN = 0.1  # share of the cells that --task impute hides while it learns
ENOUGH = 0.9  # of the variance, for which it has codes: two estimate some columns worse than their means do

EPILOG = """\b
Examples:
  diabolo fit people.csv -k 8 -o people.diabolo
  diabolo fit people.parquet -k 0.9 --drop id --drop income -o people.diabolo
  diabolo fit people.csv --task outliers --alpha 0.01 -o normal.diabolo
  diabolo fit gaps.csv --task impute -k 8 -o whole.diabolo
  diabolo fit mails.jsonl -k 10 --stem english -o mails.diabolo
  diabolo fit mails.csv --labels urgent,billing,bug --drop id -o tags.diabolo
  diabolo fit mails.csv --labels tags --labels-sep ";" -o tags.diabolo
  diabolo fit plants.csv --labels species -o species.diabolo                        (a class: diabolo tag)
  diabolo fit few.csv --labels bug --encoder mails.diabolo --no-freeze -o tags.diabolo
  diabolo fit homes.csv --target price --drop id -o price.diabolo                   (a number: diabolo predict)
  diabolo fit visits.csv --labels ill --groups patient -o ill.diabolo               (several rows of each patient)
  diabolo fit scene.arff --task labels -o scene.diabolo                             (the labels that the file names)
  diabolo fit cells.h5ad --set layer=counts -k 16 -o cells.diabolo                  (what there is: diabolo info cells.h5ad)
  diabolo fit cells.h5ad --set layer=counts --labels cell_type -o types.diabolo     (the classes: a column of obs)
  diabolo fit photos/ --task labels --set labels=folder -o photos.diabolo           (the classes: folders)
  diabolo fit cardio.mat --task outliers -o cardio.diabolo
  diabolo fit photos.csv --labels beach,boat --encoder imagenet -o tags.diabolo     (a column names the files)
  diabolo fit mails.csv --text body --stop-words english -o mails.diabolo           (a column of texts)
  diabolo fit euro.csv --sep ";" --decimal , --na "?" --date day=%d.%m.%Y --category zip -o euro.diabolo
  diabolo fit big.parquet -k 16 --checkpoint run.ckpt --resume -o big.diabolo
  diabolo fit photos/ --task denoise -o mine.diabolo
  diabolo fit scans.zip --task denoise --noisy -o scans.diabolo
  diabolo fit photos/ --task upscale --from-scratch --epochs 100 -o mine.diabolo
"""


def components(ctx: click.Context, param: click.Parameter, value: str | None) -> int | float | None:
    if value is None:
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is neither a number of codes, such as 8, nor a share of the variance, such as 0.9"
        ) from None


def share(ctx: click.Context, param: click.Parameter, value: str | None) -> int | float | None:
    if value is None:
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is neither a number of documents, such as 3, nor a share of them, such as 0.01"
        ) from None


def widths(ctx: click.Context, param: click.Parameter, value: str) -> Any:
    if value == "auto":
        return value
    try:
        return tuple(int(part) for part in value.split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r}: give widths such as 256,256, or '' for a linear one") from None


def joined(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> str | None:
    """--labels a --labels b is --labels a,b."""
    return ",".join(value) if value else None


def encoder(ctx: click.Context, param: click.Parameter, value: str | None) -> Path | str | None:
    from .labels import IMAGENET

    if value is None or value == IMAGENET:
        return value
    return click.Path(exists=True, dir_okay=False, path_type=Path).convert(value, param, ctx)


@click.command(
    epilog=EPILOG,
    help="Fit a model to DATA: .csv, .csv.gz, .tsv, .parquet, .feather, .npy, .npz, .jsonl, .txt, a folder of .txt, or, for "
    "pictures, a folder with its subfolders or a .zip. Parts of one table, which may be larger than memory, are a folder of "
    '.parquet, .csv, .jsonl or .feather, or a pattern in quotes, such as "parts/2024-*.parquet". With --labels A,B the columns '
    "A and B of a table are learned from all others, with --target C the numbers of column C. "
    "A single remaining column of texts is read as documents; a column of picture names, relative to the folder of the "
    "table, is read as pictures. If some cannot be read, an error names them, "
    "and none is left out. Files of the field (.mat, .arff, .svm, .mtx, .h5ad, .sav, .dta, .sas7bdat, .fcs, IDX and others) "
    "are read as they are; `diabolo info FILE` says how.",
)
@DATA
@OUTPUT
@click.option(
    "-k",
    "--components",
    callback=components,
    help="Number of codes per row. A share of the variance such as 0.9 lets PCA choose it.  "
    "[default: 2; for impute 0.9; for outliers all]",
)
@click.option(
    "--task",
    type=click.Choice((*options.LEARNED, *images.KINDS)),
    default="codes",
    show_default=True,
    help="codes: an autoencoder; impute: one that learns to fill gaps; outliers: an outlier detector; labels: those that DATA "
    "itself names, such as an .arff; for pictures, the model of the verb with this name.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Outliers: share of normal rows that may be flagged.",
)
@click.option("--known", is_flag=True, help="Outliers: the rows that DATA marks (y = 1, in a .mat or .npz) are known outliers.")
@click.option(
    "--labels",
    multiple=True,
    callback=joined,
    metavar="COLUMNS",
    help="Learn labels: columns of 0, 1 or empty (unknown), such as urgent,bug; or one column of classes, one in each row, "
    "such as species; of an .h5ad, a column of obs.",
)
@click.option("--label", multiple=True, metavar="COLUMN", help="The same, one column each (repeatable).")
@click.option(
    "--labels-sep", metavar="SEP", help="Labels: --labels is one column of lists with this separator; empty: no label."
)
@click.option("--target", multiple=True, metavar="COLUMN", help="Learn to predict the numbers of this column (repeatable).")
@click.option(
    "--encoder",
    callback=encoder,
    metavar="FILE",
    help="Labels, target: a pre-trained autoencoder with the same columns; for pictures also imagenet, a network trained on "
    "1.3 million photographs.",
)
@click.option(
    "--freeze/--no-freeze",
    default=True,
    show_default=True,
    help="Labels, target: keep the weights of this encoder, or fine-tune them.",
)
@click.option(
    "--threshold-metric",
    default="f1_micro",
    show_default=True,
    help="Labels: metric that the thresholds optimize: f1_micro, f1_macro, f1_samples, precision@0.9.",
)
@click.option("--noisy", is_flag=True, help="Denoise: all pictures are noisy; there are no clean ones.")
@click.option("--from-scratch", is_flag=True, help="Denoise, upscale, colorize: do not start from the shipped weights.")
@click.option(
    "--hidden", callback=widths, default="auto", show_default=True, help="Widths of the hidden layers, such as 256,256."
)
@click.option("--drop", multiple=True, metavar="COLUMN", help="Ignore this column (repeatable).")
@click.option(
    "--groups",
    metavar="COLUMN",
    help="Labels, target: the rows of each value of this column belong together, such as those of a patient; what is measured "
    "on held-out rows holds for new patients. The column is not learned.",
)
@click.option(
    "--category", multiple=True, metavar="COLUMN", help="The integers of this column are codes, not quantities (repeatable)."
)
@click.option(
    "--number", multiple=True, metavar="COLUMN", help="The integers of this column are quantities, not codes (repeatable)."
)
@options.reading
@click.option("--epochs", type=click.IntRange(1), help="Largest number of epochs.  [default: by the number of rows]")
@click.option(
    "--loss",
    default="auto",
    show_default=True,
    help="Loss of all columns; auto chooses for each column. Labels: logistic, asymmetric.",
)
@click.option("--text", metavar="COLUMN", help="Documents: the column of texts, if DATA is a table.")
@click.option("--stem", metavar="LANGUAGE", help="Documents: count stems instead of words, e.g. english.")
@click.option("--words", type=click.IntRange(2), default=2000, show_default=True, help="Documents: size of the vocabulary.")
@click.option(
    "--min-df",
    callback=share,
    metavar="N",
    help="Documents: ignore words in fewer documents than this: a number (3) or a share (0.01).",
)
@click.option(
    "--max-df",
    callback=share,
    metavar="N",
    help="Documents: ignore words in more documents than this: a number (500) or a share (0.5).",
)
@click.option("--stop-words", metavar="WORDS", help="Documents: ignore these words: english, or a list such as the,and.")
@click.option("--token-pattern", metavar="REGEX", help="Documents: regular expression of a word.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True)
@click.option(
    "--checkpoint",
    type=click.Path(),
    help="File, or folder, to which the state of training goes every 30 s; a name that ends in / is a folder, which is made.",
)
@click.option("--resume", is_flag=True, help="Continue from the checkpoint; if there is none, start.")
@click.option(
    "--nproc", type=click.IntRange(1), metavar="N", help="Train in N processes (torchrun), each with part of a batch."
)
@click.option(
    "--max-restarts",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Of --nproc: how often a process that died is started again, from the --checkpoint.",
)
@click.option("--quiet", is_flag=True, help="Show no progress and no table.")
def command(
    data: Path,
    output: Path,
    components: int | float | None,
    task: str,
    noisy: bool,
    from_scratch: bool,
    alpha: float,
    known: bool,
    drop: tuple[str, ...],
    quiet: bool,
    nproc: int | None,
    max_restarts: int,
    epochs: int | None,
    seed: int,
    target: tuple[str, ...],
    **params: Any,
) -> None:
    options.check(click.get_current_context())
    check_one_fit(output)
    if nproc:
        in_processes(nproc, max_restarts)
    about = {name: params.pop(name) for name in options.ANSWERED}
    words = {name: params.pop(name) for name in options.DOCUMENTS}
    columns = {name: params.pop(name) for name in options.COLUMNS}

    from .. import processes
    from ..storage import check_writable

    never_onto_input(output, data, *([about["encoder"]] if isinstance(about["encoder"], Path) else []))
    if processes.first():
        check_writable(output)
    quiet = quiet or not processes.first()
    params["resume"] |= processes.restarts() > 0 and params["checkpoint"] is not None
    if params["checkpoint"] is not None:
        check_checkpoint(params["checkpoint"], data, params["resume"])
    params |= {"epochs": epochs or "auto", "random_state": seed, "verbose": not quiet}
    if task in images.KINDS:
        shared = {name: value for name, value in params.items() if name not in ("hidden", "loss")}
        images.learn(data, output, task, noisy, from_scratch, **shared)
        return
    check_there("--date", data, tuple(options.said().get("dates", ())))
    if target:
        from . import target as numbers

        some = {n: about[n] for n in options.WITH_TARGET} | {n: v for n, v in params.items() if n != "loss"}
        numbers.learn(data, drop, output, formats(words, columns), words["text"], target, **some)
        return
    if task == options.LABELS or about["labels"] is not None or about["label"]:
        from . import labels

        labels.learn(data, drop, output, formats(words, columns), words["text"], **about, **params)
        return
    learn(data, output, task, components, alpha, known, drop, words, columns, **params)


def learn(
    data: Path,
    output: Path,
    task: str,
    components: int | float | None,
    alpha: float,
    known: bool,
    drop: tuple[str, ...],
    words: dict[str, Any],
    columns: dict[str, Any],
    **params: Any,
) -> None:
    """Fit an autoencoder, or an outlier detector, save it, and tell of it."""
    from ..estimators import Autoencoder, OutlierDetector
    from ..formats import Documents, infer
    from ..formats.readers import OPTIONS
    from .outliers import marked

    documents = words["text"] is not None or Documents.accepts(data)
    options.check_data(click.get_current_context(), data, "documents" if documents else infer(data).kind)
    params["format"] = formats(words, columns)[0 if documents else 1]
    for name, values in columns.items():
        check_there(f"--{name}", data, values)
    if task == options.IMPUTE:
        components = ENOUGH if components is None else components
        params["corruption"] = hidden_cells(documents, data)
    X = open_data(data, drop, words["text"])
    model: Autoencoder | OutlierDetector = (
        OutlierDetector(alpha=alpha, n_components="auto" if components is None else components, **params)
        if task == options.OUTLIERS
        else Autoencoder(2 if components is None else components, **params)
    )
    save_fitted(model.fit(X, known_outliers(data)) if known else model.fit(X), output)
    if params["verbose"]:
        from . import printing

        if task == options.OUTLIERS and not known and (y := marked(data, model.format_.options)) is not None:
            click.echo(
                f"y is not used: the {y.sum():,} rows that it marks were fitted as normal; --known: as outliers", err=True
            )
        if task != options.OUTLIERS and "labels" in OPTIONS.get():
            click.echo("Y, which --set labels= says, is not learned here: --task labels learns it", err=True)
        if task == options.IMPUTE:
            printing.console.print(model.hidden_cells_)
        (printing.promise if task == options.OUTLIERS else printing.comparison)(model, output)


def check_checkpoint(checkpoint: str, data: Path, resume: bool) -> None:
    """A run that stopped is not begun anew over its checkpoint, as by a job that is submitted again."""
    from ..training import checkpoint_file, unfinished

    file = checkpoint_file(checkpoint)
    never_onto_input(Path(file), data, option="--checkpoint")
    if not resume and (found := unfinished(file)):
        raise DataError(f"{found}: --resume goes on from it; to start anew, remove it, or give another --checkpoint")


def hidden_cells(documents: bool, data: Path) -> Any:
    """Hide cells while the model learns: so it learns to fill in any of them."""
    from ..corruption import Mask
    from ..formats import infer

    if documents or infer(data).kind not in ("tables", "arrays"):
        raise click.UsageError(f"--task impute is for tables and arrays, but {str(data)!r} is of another kind")
    return Mask(HIDDEN, fill=float("nan"))


def known_outliers(data: Path) -> Any:
    """-1 for the rows that a file marks as outliers, else 0."""
    from ..formats.readers import read_dataset

    return read_dataset(data).outliers


def check_there(option: str, data: Path, names: tuple[str, ...]) -> None:
    """Raise a DataError, before the work, for a column that the data do not have."""
    from ..formats.files import Reading, read_table

    there = read_table(data, 1, Reading(**options.said()), {}).column_names if names else []
    check_columns(option, names, there)


def formats(words: dict[str, Any], columns: dict[str, Any]) -> tuple[Any, Any]:
    """The formats of documents and of tables, if options for them were given."""
    from ..formats import Documents, Reading, Tables

    names = {"text": "column", "words": "max_features"}
    told = {names.get(name, name): value for name, value in words.items() if value is not None}
    if stop := words["stop_words"]:
        told["stop_words"] = stop if stop == "english" else [word.strip() for word in stop.split(",") if word.strip()]
    if "encoding" in options.said():
        told["encoding"] = options.said()["encoding"]
    plural = {"category": "categories", "number": "numbers"}
    kinds: dict[str, Any] = {plural[name]: list(value) for name, value in columns.items() if value}
    if options.said():
        kinds["reading"] = Reading(**options.said())
    return Documents(**told), Tables(**kinds) if kinds else "auto"
