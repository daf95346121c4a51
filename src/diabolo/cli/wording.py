"""What the library says in the words of Python, in those of the command line."""

from __future__ import annotations

import re
import shlex

__all__ = ["in_options", "with_keep"]

OPTIONS = {
    "categories": "--category",
    "checkpoint": "--checkpoint",
    "device": "--device",
    "epochs": "--epochs",
    "hidden": "--hidden",
    "loss": "--loss",
    "max_df": "--max-df",
    "max_features": "--words",
    "min_df": "--min-df",
    "n_components": "--components",
    "numbers": "--number",
    "precision": "--precision",
    "resume": "--resume",
    "threshold_metric": "--threshold-metric",
}
REPEATED = ("categories", "numbers")
BOTH = re.compile(
    r"(?:X\.drop(?:_columns)?|format=\w+)\((?:reading=Reading\()?(?:\w+=)?(\([^()]*\)|\[[^]]*\]|'[^']*')\)+ \((--[a-z-]+)\)"
)
GROUPS = re.compile(r"fit\(X[^;]*, y, groups=(?:X\['([^']*)'\]|\.\.\.)\) \(--groups\)")
PIECES = re.compile(r", or hold out pieces, fit\(X, y, groups=np\.arange\(\d+\) // \d+\)")  # there is no option for this
SETTING = re.compile(
    rf"\b({'|'.join(OPTIONS)})=(\[[^]]*\]|\([^()]*\)|'[^']*'|[\w+-]*(?:\.\w+)*)( in fit)?( \(--[a-z-]+\))?|'[^']*'"
)
UNUSED = re.compile(r": not used: '([^']*)'.* of the model$")
WORD = re.compile(r"'([^']*)'|([\w.+-]+)")


def in_options(said: str) -> str:
    """A message with the options of `diabolo fit` in place of parameters; what is quoted stays.

    >>> in_options("the loss became nan: try precision='float32', or epochs=4")
    'the loss became nan: try --precision float32, or --epochs 4'
    >>> in_options("threshold_metric='precision@0.5' asks for more")
    '--threshold-metric precision@0.5 asks for more'
    >>> in_options("give the same, another checkpoint=, or resume=False; column 'epochs=3'")
    "give the same, another --checkpoint, or no --resume; column 'epochs=3'"
    >>> in_options("say categories=['zip', 'my town'] (--category), or give format=Documents(column='text') (--text)")
    "say --category zip --category 'my town', or give --text text"
    >>> in_options("drop it: X.drop(columns='my id') (--drop)")
    "drop it: --drop 'my id'"
    >>> in_options("leave them out, X.drop_columns(['a', 'b']) (--drop)")
    'leave them out, --drop a --drop b'
    >>> in_options("hold them out together, fit(X.drop(columns=['my id']), y, groups=X['my id']) (--groups)")
    "hold them out together, --groups 'my id'"
    """
    said = PIECES.sub("", said)
    said = GROUPS.sub(lambda found: f"--groups {shlex.quote(found[1]) if found[1] else 'COLUMN'}", said)
    said = BOTH.sub(lambda found: _option("", found[2], found[1]), said)
    return SETTING.sub(lambda found: _option(found[1], OPTIONS[found[1]], found[2]) if found[1] else found[0], said)


def with_keep(said: str) -> str:
    """A message of unused columns, with the option that writes the first of them beside the results.

    >>> with_keep("'a.csv': not used: 'my id', 'zip', which are no columns of the model")
    "'a.csv': not used: 'my id', 'zip', which are no columns of the model; --keep 'my id' writes it beside the results"
    """
    found = UNUSED.search(said)
    return f"{said}; --keep {shlex.quote(found[1])} writes it beside the results" if found else said


def _option(name: str, option: str, value: str) -> str:
    if name == "resume":
        return "no --resume" if value == "False" else option
    values = [quoted or bare for quoted, bare in WORD.findall(value)]
    if name in OPTIONS and name not in REPEATED:
        values = [",".join(values)] if values or value else []
    return " ".join(f"{option} {shlex.quote(v)}" for v in values) or option
