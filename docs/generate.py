"""Write the pages that are made from the program and from the measurements; nothing in them is written by hand.

    python docs/generate.py            write them
    python docs/generate.py --check    write nothing; name those that are out of date and exit 1

cli.md            the --help of every verb
estimators.md     every estimator: example, parameters, methods, attributes
benchmarks.md     every benchmark, and the JSON files in benchmarks/results
README.md         the table of results between its two markers, from the same files
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import statistics
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
DOCS, BENCHMARKS, README = ROOT / "docs", ROOT / "benchmarks", ROOT / "README.md"
RESULTS = BENCHMARKS / "results"
WIDTH = 96  # of a help page
MARKS = ("<!-- results: begin, written by docs/generate.py -->", "<!-- results: end -->")
NOTE = "<!-- Written by docs/generate.py from {source}: edit that, then run `make docs`. -->\n"


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    check = p.parse_args(argv).check
    stale = {path: text for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text}
    for path, text in stale.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {'out of date, run `make docs`' if check else 'written'}")
    return int(check and bool(stale))


def pages() -> dict[Path, str]:
    """Path -> the text that should be there."""
    found = benchmarks()
    return {
        DOCS / "cli.md": cli_page(),
        DOCS / "estimators.md": estimators_page(),
        DOCS / "benchmarks.md": benchmarks_page(found),
        README: with_results(README.read_text(encoding="utf-8"), found),
    }


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────


def cli_page() -> str:
    from diabolo.cli import VERBS

    intro = (
        "# The command line\n\n"
        "`diabolo VERB --help` prints the texts of this page. Data files are `.csv`, `.csv.gz`, `.tsv`, `.parquet`, "
        "`.feather`, `.npy`, `.npz`, `.jsonl`, `.txt`, a folder of `.txt`, images: a file, a folder or a `.zip`, and "
        "[files of the field](formats.md#files-of-the-field); see [formats](formats.md). Where they are parts of one table, DATA "
        'is their folder, or a pattern in quotes, such as `"parts/2024-*.parquet"`; see [scaling](scaling.md).\n\n'
        "An error is one line. With `DIABOLO_TRACEBACK=1` in the environment you also see Python's traceback.\n\n"
        "| exit status | |\n|---|---|\n"
        "| 0 | all is done |\n"
        "| 1 | an error; or some pictures of a folder could not be read: they are named, and the others are done |\n"
        "| 2 | the command is not understood |\n"
        "| 130 | Ctrl-C: what was finished stays, and the last line says so; an output that is one file is left as it was |\n"
        "| 143 | SIGTERM; a `fit` with `--checkpoint` writes it first |\n"
    )
    sections = [f"## diabolo {verb}\n\n```text\n{help_of(verb)}\n```\n" for verb in VERBS]
    return "\n".join([NOTE.format(source="src/diabolo/cli"), intro, f"```text\n{help_of()}\n```\n", *sections])


def help_of(verb: str | None = None) -> str:
    """What --help prints, at a width that does not depend on the terminal."""
    from diabolo.cli import cli

    top = click.Context(cli, info_name="diabolo", terminal_width=WIDTH, max_content_width=WIDTH, **cli.context_settings)
    if verb is None:
        return trimmed(cli.get_help(top))
    command = cli.get_command(top, verb)
    assert command is not None
    return trimmed(command.get_help(click.Context(command, info_name=verb, parent=top)))


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


# ── the estimators ───────────────────────────────────────────────────────────────────────────────────────────────────


def estimators_page() -> str:
    from diabolo.estimators import ESTIMATORS

    intro = (
        "# Estimators\n\n"
        "All follow scikit-learn's contract: the constructor stores, `fit` checks, and what is learned ends in an underscore. "
        "`get_params`, `set_params`, `fit_transform`, `fit_predict` and `set_output` work as there. "
        "Which one to take: [which estimator?](which_estimator.md)\n"
    )
    head = "| class | what it is |\n|---|---|\n"
    index = head + "".join(f"| [`{name}`](#{name.lower()}) | {summary(cls)} |\n" for name, cls in sorted(ESTIMATORS.items()))
    sections = [estimator_section(name, cls) for name, cls in sorted(ESTIMATORS.items())]
    return "\n".join([NOTE.format(source="the docstrings in src/diabolo/estimators"), intro, index, *sections])


def estimator_section(name: str, cls: type[Any]) -> str:
    meanings = parameters(cls)
    defaults = {f.name: f.default for f in fields(cls)}
    rows = [f"| `{name}` | `{defaults[name]!r}` | {text} |\n" for name, text in meanings.items()]
    learned = [f"| {key} | {text} |\n" for key, text in attributes(documented(cls, "Attributes"))]
    called = [f"| `{m}{signature(getattr(cls, m))}` | {meaning(getattr(cls, m))} |\n" for m in methods(cls)]
    example = section(inspect.getdoc(cls) or "", "Examples").strip()
    return (
        f"## {name}\n\n{summary(cls)}\n\n"
        + (f"```pycon\n{example}\n```\n\n" if example else "")
        + f"| parameter | default | meaning |\n|---|---|---|\n{''.join(rows)}\n"
        + f"| method | meaning |\n|---|---|\n{''.join(called)}\n"
        + (f"| attribute after fit | meaning |\n|---|---|\n{''.join(learned)}" if learned else "")
    )


def parameters(cls: type[Any]) -> dict[str, str]:
    """Name -> meaning; where it is that of another class, what stands there."""
    from diabolo.estimators import ESTIMATORS

    found = dict(described(inspect.getdoc(cls) or "", "Parameters"))
    for name, text in found.items():
        if match := re.match(r"As (?:in|of) `(\w+)`[.;]? ?(.*)", text):
            rest = match[2] if re.search(rf"\b{name}\b", match[2]) else ""
            found[name] = " ".join([parameters(ESTIMATORS[match[1]]).get(name, text), rest]).strip()
    return found


def documented(cls: type[Any], part: str) -> str:
    """The docstring of the class, or else of the first of its bases, that has this section."""
    docs = (inspect.getdoc(base) or "" for base in cls.__mro__ if base.__module__.startswith("diabolo"))
    return next((doc for doc in docs if section(doc, part)), "")


def methods(cls: type[Any]) -> list[str]:
    """The public ones that this package defines, `fit` first; without those that take tensors."""
    names = [name for name in dir(cls) if not name.startswith("_") and not name.endswith("_request")]
    ours = [
        name
        for name in names
        if inspect.isroutine(getattr(cls, name)) and "Tensor" not in str(inspect.signature(getattr(cls, name)))
    ]
    ours = [name for name in ours if inspect.unwrap(getattr(cls, name)).__module__.startswith("diabolo")]
    return sorted(ours, key=lambda name: (name != "fit", name))


def signature(method: Any) -> str:
    """The names and the defaults of the arguments."""
    given = inspect.signature(method)
    shown = [p.replace(annotation=p.empty) for name, p in given.parameters.items() if name not in ("self", "cls")]
    return str(given.replace(parameters=shown, return_annotation=given.empty))


def meaning(method: Any) -> str:
    """What it does, its arguments and what it returns, as one cell of a table."""
    doc = inspect.getdoc(method) or ""
    about = escaped(" ".join(re.split(r"\n\n\S[^\n]*\n-+\n", doc)[0].split()))
    given = [f"*{name}*: {text}" for name, text in described(doc, "Parameters")]
    back = [f"Returns {escaped(section(doc, 'Returns').partition(chr(10))[0])}."] if section(doc, "Returns") else []
    return "<br>".join([about, *given, *back])


def summary(cls: type[Any]) -> str:
    return marked((inspect.getdoc(cls) or "").splitlines()[0])


def section(doc: str, name: str) -> str:
    """The text below one heading of a numpydoc docstring."""
    match = re.search(rf"^{name}\n-+\n(.*?)(?=\n\n\S[^\n]*\n-+\n|\Z)", doc, re.S | re.M)
    return match[1] if match else ""


def entries(doc: str, name: str) -> Iterator[tuple[str, str]]:
    """The (heading, text) pairs of a section."""
    for heading, text in re.findall(r"^(\S[^\n]*)\n((?:[ ]{4}[^\n]*(?:\n|\Z))*)", section(doc, name), re.M):
        yield heading, escaped(" ".join(text.split()))


def described(doc: str, part: str) -> Iterator[tuple[str, str]]:
    """(name, meaning) of every parameter; those that share an entry share its meaning."""
    for heading, text in entries(doc, part):
        names, _, kind = heading.partition(" : ")
        for name in names.split(", "):
            yield name, f"{escaped(kind.split(', default')[0])}. {text}" if kind else text


def attributes(doc: str) -> Iterator[tuple[str, str]]:
    for heading, text in entries(doc, "Attributes"):
        names, _, kind = heading.partition(" : ")
        yield ", ".join(f"`{name}`" for name in names.split(", ")), f"{escaped(kind)}. {text}" if kind else text


def escaped(text: str) -> str:
    """As a cell of a table, which a bar would end."""
    return marked(text).replace("|", "\\|")


def marked(text: str) -> str:
    """reStructuredText's code -> Markdown's."""
    return re.sub(r":\w+:`", "`", text.replace("``", "`"))


# ── the benchmarks ───────────────────────────────────────────────────────────────────────────────────────────────────

SPLIT = {  # benchmark -> the column for each value of which there is a table
    "convolution": "set",
    "generation": "part",
    "label_efficiency": "share",
    "new_labels": "set",
    "outliers_adbench": "setting",
    "outliers_cells": "table",
    "outliers_promise": "kind",
    "restoration": "task",
    "texts": "labeled",
    "training_speed": "batch",
}
PIVOT = {  # benchmark -> the columns whose values become rows and columns: a table for each further column
    "multilabel": ("set", "model"),
    "multilabel_scaling": ("k", "kind"),
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """A script in benchmarks/, and what it wrote, if it has been run."""

    name: str
    doc: str
    result: dict[str, Any] | None

    @property
    def title(self) -> str:
        return self.result["title"] if self.result else self.doc.splitlines()[0].rstrip(".")

    @property
    def command(self) -> str:
        default = f"python benchmarks/{self.name}.py --json benchmarks/results/{self.name}.json"
        return f"DIABOLO_DATA=... {(self.result or {}).get('command', default).split('; ')[0]}"

    @property
    def note(self) -> str:
        """What the command does not say: which rows come from another run."""
        return "; ".join((self.result or {}).get("command", "").split("; ")[1:])

    @property
    def facts(self) -> dict[str, Any]:
        """What `show` was given besides the rows."""
        other = ("title", "rows", "command", "machine", "threads", "seconds")
        return {k: v for k, v in (self.result or {}).items() if k not in other}


def benchmarks() -> list[Benchmark]:
    found = []
    for path in sorted(BENCHMARKS.glob("*.py")):
        if path.stem == "common":
            continue
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
        written = RESULTS / f"{path.stem}.json"
        found.append(Benchmark(path.stem, doc, json.loads(written.read_text(encoding="utf-8")) if written.exists() else None))
    return found


def benchmarks_page(found: list[Benchmark]) -> str:
    intro = (
        "# Benchmarks\n\n"
        "Each benchmark is one script. It prints its tables, and with `--json` it writes them; this page shows those files. "
        "`DIABOLO_DATA` names the folder that holds the data. `--tiny` is a short run on made-up data, which needs none. Times "
        "depend on the machine: compare them only within a table.\n\n"
        "*Ours* is diabolo at its defaults. A *bar* is a target that was set before the measurement; *met* and *missed* say "
        "how it ended. P@n is the precision among the first n answers, LRAP the label ranking average precision, LR logistic "
        "regression, PLT a probabilistic label tree, and *apart* one separate network for each label. *Varied* means trained "
        "with augmented images.\n\n"
    )
    index = "".join(f"- [{b.name}](#{b.name}): {b.doc.splitlines()[0]}\n" for b in found)
    return "\n".join([NOTE.format(source="benchmarks/results"), intro + index, *map(benchmark_section, found)])


def benchmark_section(b: Benchmark) -> str:
    about = "\n\n".join(paragraphs(b.doc))
    text = f"## {b.name}\n\n{about}\n\n```bash\n{b.command}\n```\n\n" + (f"Note: {b.note}.\n\n" if b.note else "")
    if b.result is None:
        return text + "Not yet run.\n"
    return text + "\n".join(tables(b)) + listed(b.facts) + machine(b.result)


def paragraphs(doc: str) -> Iterator[str]:
    """Those before the references; what is indented stays as it is, and the commands are left out."""
    for part in doc.split("\n\nReferences\n")[0].split("\n\n"):
        if not part.startswith("    "):
            yield marked(part)
        elif "python benchmarks/" not in part:
            yield f"```text\n{textwrap.dedent(part)}\n```"


def tables(b: Benchmark) -> Iterator[str]:
    """One table for each task and kind of figure; no column of it is mostly empty."""
    assert b.result is not None
    rows = b.result["rows"]
    if b.name in PIVOT:
        across, down = PIVOT[b.name]
        for name in [n for n in rows[0] if n not in (across, down)]:
            yield f"**{name}**\n\n{dense(pivoted(rows, across, down, name))}"
    elif b.name in SPLIT:
        by = SPLIT[b.name]
        for value in dict.fromkeys(row[by] for row in rows):
            part = [{k: v for k, v in row.items() if k != by} for row in rows if row[by] == value]
            yield f"**{by}: {said(value)}**\n\n{dense(part)}"
    else:
        yield table(rows)


def pivoted(rows: list[Row], row: str, column: str, value: str) -> list[Row]:
    """A row for each value of `row`, with the values of `column` as its columns."""
    found: dict[Any, Row] = {}
    for r in rows:
        found.setdefault(r[row], {row: r[row]})[r[column]] = r.get(value)
    return [*found.values()]


def dense(rows: list[Row]) -> str:
    """A table of the columns that half of the rows have, and lines for what all share and for values in other columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    yes = [n for n in names if {row.get(n) for row in rows} == {"yes", ""}]
    rows = [row | {n: row.get(n) or "no" for n in yes} for row in rows]
    shared = [n for n in names if len(rows) > 1 and not empty(rows[0].get(n)) and len({row.get(n) for row in rows}) == 1]
    others = [n for n in names if n not in shared]
    full = [n for n in others if sum(not empty(row.get(n)) for row in rows) >= len(rows) / 2]
    first, rare = others[0], [(row, n) for n in others if n not in full for row in rows if not empty(row.get(n))]
    above = "; ".join(f"{escaped(n)}: {said(rows[0][n])}" for n in shared)
    below = "".join(f"- {first} {said(row[first])}, {escaped(n)}: {said(row[n])}\n" for row, n in rare)
    return (f"{above}\n\n" if above else "") + table([{n: row.get(n) for n in full} for row in rows]) + (below and f"\n{below}")


def table(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---:" if any(is_number(row.get(n)) for row in rows) else "---" for n in names]]
    lines += [[said(row.get(name)) for name in names] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def listed(facts: dict[str, Any]) -> str:
    """A line for each fact."""
    return "\n" + "".join(f"- {escaped(name)}: {said(value)}\n" for name, value in facts.items()) if facts else ""


def machine(result: dict[str, Any]) -> str:
    """On what it was measured, and how long the whole took."""
    parts = result.get("machine", {}) | {k: result[k] for k in ("threads", "seconds") if k in result}
    found = ", ".join(f"{name} {said(value)}" for name, value in parts.items())
    return f"\nMeasured with {found}.\n" if found else ""


def empty(value: Any) -> bool:
    return value is None or value == ""


# ── the results in README.md ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Claim:
    """A row of the README: the mean of a column over our rows, beside the best of the peers' rows."""

    task: str
    measure: str  # with an arrow in the direction that is better
    benchmark: str
    ours: Callable[[list[Row]], float]
    peers: Callable[[list[Row]], dict[str, float]]
    digits: int = 1

    def row(self, rows: list[Row]) -> Row:
        ours, peers = self.ours(rows), self.peers(rows)
        name = (max if "↑" in self.measure else min)(peers, key=lambda peer: peers[peer])
        return {
            "task": self.task,
            "measure": self.measure,
            "ours": f"{ours:,.{self.digits}f}",
            "best peer": f"{peers[name]:,.{self.digits}f} ({name})",
            "ratio": f"{ours / peers[name]:.2f}",
            "all numbers": f"[{self.benchmark}](docs/benchmarks.md#{self.benchmark})",
        }


def mean(rows: list[Row], column: str, **where: Any) -> float:
    """Of a column over the rows with these values."""
    kept = [row for row in rows if all(row[k] == v for k, v in where.items()) and row.get("set") not in ("mean", "seconds")]
    return statistics.mean(row[column] for row in kept if not empty(row[column]))


def means(column: str, by: str, names: Sequence[str], **where: Any) -> Callable[[list[Row]], dict[str, float]]:
    """Of a column, for each of these values of the column `by`."""
    return lambda rows: {name: mean(rows, column, **{by: name}, **where) for name in names}


def columns(names: Sequence[str], **where: Any) -> Callable[[list[Row]], dict[str, float]]:
    """The means of several columns."""
    return lambda rows: {name: mean(rows, name, **where) for name in names}


CLAIMS = (
    Claim(
        "16 tables, 4 numbers a row",
        "error, PCA = 1 ↓",
        "tables_reconstruction",
        lambda rows: statistics.median(row["ratio"] for row in rows if row["k"] == 4),
        lambda rows: {"PCA": 1.0},
        2,
    ),
    Claim(
        "MNIST, 30 numbers an image",
        "squared error ↓",
        "mnist_reconstruction",
        lambda rows: mean(rows, "test error", model="ours: 784-1000-500-250-30, as in the paper"),
        lambda rows: {"Hinton & Salakhutdinov": mean(rows, "test error", model="deep autoencoder (the paper)")},
        2,
    ),
    Claim(
        "Reuters, 10 numbers a document",
        "precision of the nearest 7, % ↑",
        "documents_retrieval",
        lambda rows: statistics.mean(
            row["P@7"] for row in rows if row["set"] == "reuters" and row["codes"].startswith("autoencoder 10")
        ),
        means("P@7", "codes", ["LSA 10"], set="reuters"),
    ),
    Claim(
        "outliers, 23 sets of ADBench",
        "AUROC, normal training rows, % ↑",
        "outliers_adbench",
        lambda rows: columns(["ours"], setting="semi")(rows)["ours"],
        columns(["kNN", "LOF", "IForest", "OCSVM", "PCA", "PyOD ECOD", "PyOD PCA", "PyOD AutoEncoder"], setting="semi"),
    ),
    Claim(
        "labels, 12 multi-label sets",
        "ranking precision (LRAP), % ↑",
        "multilabel",
        lambda rows: mean(rows, "LRAP", model="ours"),
        means("LRAP", "model", ["LR", "MLP", "PLT"]),
    ),
    Claim(
        "a new label from 5 examples",
        "average precision, % ↑",
        "new_labels",
        lambda rows: mean(rows, "ours", positives=5),
        columns(["LR"], positives=5),
    ),
    Claim(
        "1 % of the labels, 5 sets",
        "accuracy (images: LRAP), % ↑",
        "label_efficiency",
        lambda rows: mean(rows, "fine-tuned", share="1%"),
        columns(["PCA + LR", "PLS", "LR"], share="1%"),
    ),
    Claim(
        "17 labels of aerial photographs",
        "ranking precision (LRAP), % ↑",
        "pictures",
        lambda rows: mean(rows, "LRAP", model="ImageNet, frozen"),
        means("LRAP", "model", ["LR"]),
    ),
    Claim(
        "new rows of a table (adult)",
        "AUROC of what they teach, % ↑",
        "generation",
        lambda rows: mean(rows, "AUROC", model="ours"),
        means("AUROC", "model", ["SDV TVAE", "marginals"]),
    ),
    Claim(
        "noise, BSD68, σ = 25, 3 images",
        "PSNR, dB ↑",
        "restoration",
        lambda rows: mean(rows, "diabolo there", task="denoise", set="bsd68", sigma=25),
        columns(["BM3D"], task="denoise", set="bsd68", sigma=25),
        2,
    ),
)


def with_results(text: str, found: list[Benchmark]) -> str:
    """README.md with the block between the marks replaced."""
    begin, end = MARKS
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"README.md must hold each of these lines once: {begin} {end}")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    rows = {b.name: b.result["rows"] for b in found if b.result}
    return f"{before}{begin}\n\n{table([c.row(rows[c.benchmark]) for c in CLAIMS if c.benchmark in rows])}\n{end}{after}"


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def said(value: Any) -> str:
    """A value in four digits, with commas between thousands."""
    if empty(value):
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, str) and value.startswith("{"):
        return ", ".join(f"{name} {said(number)}" for name, number in ast.literal_eval(value).items())
    return f"{value:,}" if is_number(value) else escaped(str(value))


if __name__ == "__main__":
    sys.exit(main())
