"""Write the pages that are made from the program and from the measurements; nothing in them is written by hand.

    python docs/generate.py            write them
    python docs/generate.py --check    write nothing; name those that are out of date and exit 1

cli.md            the --help of every verb
estimators.md     every estimator, its parameters and their defaults
benchmarks.md     every benchmark, and the JSON files in benchmarks/results
README.md         the block between its two markers, from the same files
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
DOCS, BENCHMARKS, README = ROOT / "docs", ROOT / "benchmarks", ROOT / "README.md"
RESULTS = BENCHMARKS / "results"
WIDTH = 96  # of a help page
SHORT = 8  # rows of a table in the README; of a longer one, its summary
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
        "`diabolo VERB --help` prints what stands here. Data files are `.csv`, `.csv.gz`, `.tsv`, `.parquet`, `.feather`, "
        "`.npy`, `.npz`, `.jsonl`, `.txt`, a folder of `.txt`, and pictures: a file, a folder or a `.zip`; "
        "see [formats](formats.md). What goes wrong is told "
        "in one line, and the exit status is 1; with `DIABOLO_TRACEBACK=1` in the environment Python's traceback is shown.\n"
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
        "All follow scikit-learn's contract: the constructor stores, `fit` checks, what is learned ends in an underscore.\n"
    )
    head = "| class | what it is |\n|---|---|\n"
    index = head + "".join(f"| [`{name}`](#{name.lower()}) | {summary(cls)} |\n" for name, cls in sorted(ESTIMATORS.items()))
    sections = [estimator_section(name, cls) for name, cls in sorted(ESTIMATORS.items())]
    return "\n".join([NOTE.format(source="the docstrings in src/diabolo/estimators"), intro, index, *sections])


def estimator_section(name: str, cls: type[Any]) -> str:
    told = dict(described(inspect.getdoc(cls) or "", "Parameters"))
    rows = [f"| `{f.name}` | `{f.default!r}` | {told[f.name]} |\n" for f in fields(cls)]
    learned = [f"| {key} | {text} |\n" for key, text in attributes(inspect.getdoc(cls) or "")]
    return (
        f"## {name}\n\n{summary(cls)}\n\n"
        f"| parameter | default | meaning |\n|---|---|---|\n{''.join(rows)}\n"
        f"| attribute after fit | meaning |\n|---|---|\n{''.join(learned)}"
    )


def summary(cls: type[Any]) -> str:
    return (inspect.getdoc(cls) or "").splitlines()[0]


def entries(doc: str, section: str) -> Iterator[tuple[str, str]]:
    """The (heading, text) pairs of a section of a numpydoc docstring."""
    match = re.search(rf"^{section}\n-+\n(.*?)(?=\n\n\S[^\n]*\n-+\n|\Z)", doc, re.S | re.M)
    for heading, text in re.findall(r"^(\S[^\n]*)\n((?:[ ]{4}[^\n]*(?:\n|\Z))*)", match[1] if match else "", re.M):
        yield heading, escaped(" ".join(text.split()))


def described(doc: str, section: str) -> Iterator[tuple[str, str]]:
    """(name, meaning) of every parameter; those that share an entry share its meaning."""
    for heading, text in entries(doc, section):
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
        return f"DIABOLO_DATA=... {(self.result or {}).get('command', default)}"

    @property
    def facts(self) -> dict[str, Any]:
        """What `show` was given besides the rows."""
        return {k: v for k, v in (self.result or {}).items() if k not in ("title", "rows", "command", "machine")}


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
        "Each is one script that prints its table and, with `--json`, writes it; the tables here are those files. "
        "`DIABOLO_DATA` names the folder that holds the data; `--tiny` is a smoke run on made-up data and needs none. Times "
        "depend on the machine; compare them only within a table.\n"
    )
    sections = [benchmark_section(b) for b in found]
    return "\n".join([NOTE.format(source="benchmarks/results"), intro, *sections])


def benchmark_section(b: Benchmark) -> str:
    about = marked(re.sub(r"\n\n    .*", "", b.doc, flags=re.S))
    text = f"## {b.name}\n\n{about}\n\n```bash\n{b.command}\n```\n\n"
    if b.result is None:
        return text + "Not yet run.\n"
    return text + table(b.result["rows"]) + listed(b.facts) + machine(b.result)


def with_results(text: str, found: list[Benchmark]) -> str:
    """README.md with the block between the marks replaced."""
    begin, end = MARKS
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"README.md must hold each of these lines once: {begin} {end}")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    return f"{before}{begin}\n\n{''.join(map(result_block, found))}{end}{after}"


def result_block(b: Benchmark) -> str:
    if b.result is None:
        return f"**{b.title}**: not yet run, `python benchmarks/{b.name}.py`\n\n"
    rows = b.result["rows"]
    if len(rows) <= SHORT:
        shown = table(rows)
    else:
        shown = f"{len(rows)} rows, in [benchmarks](docs/benchmarks.md#{b.name})\n{listed(b.facts)}"
    return f"**{b.title}**\n\n{shown}\n```bash\n{b.command}\n```\n\n"


def table(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---:" if any(is_number(row.get(n)) for row in rows) else "---" for n in names]]
    lines += [[said(row.get(name)) for name in names] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def listed(facts: dict[str, Any]) -> str:
    """A line for each fact."""
    return "\n" + "".join(f"- {escaped(name)}: {said(value)}\n" for name, value in facts.items()) if facts else ""


def machine(result: dict[str, Any]) -> str:
    told = ", ".join(f"{name} {said(value)}" for name, value in result.get("machine", {}).items())
    return f"\nMeasured with {told}.\n" if told else ""


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def said(value: Any) -> str:
    """A value as a reader wants it: four digits, thousands apart."""
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if is_number(value) else escaped(str(value))


if __name__ == "__main__":
    sys.exit(main())
