"""The documentation says what is there, and what it says runs."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

import diabolo
from diabolo import corruption
from diabolo.cli import VERBS, cli
from diabolo.corruption import CORRUPTIONS
from diabolo.estimators import ESTIMATORS, architectures
from diabolo.estimators.outliers import detector
from diabolo.estimators.restoration import base as restoration
from diabolo.estimators.supervised import base as supervised
from diabolo.formats import FORMATS
from diabolo.losses import LOSSES
from kinds import SMALL, TABULAR, answers, kinds

ROOT = Path(__file__).resolve().parent.parent
README, DOCS = ROOT / "README.md", ROOT / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
TEXTS = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
GENERATED = ("cli.md", "estimators.md", "benchmarks.md")
WRITTEN = [page for page in PAGES if page.name not in GENERATED]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def fences(page: Path, language: str) -> list[tuple[int, str]]:
    """(line, code) of each block in a language."""
    text = page.read_text(encoding="utf-8")
    return [(text[: m.start()].count("\n") + 1, m[2]) for m in FENCE.finditer(text) if m[1] == language]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Training at the defaults ends soon, files go to a folder of the test, and what a page defines is forgotten."""
    monkeypatch.setattr(architectures.Dense, "most_steps", 20)
    monkeypatch.setattr(architectures.Text, "most_steps", 20)
    monkeypatch.setattr(architectures, "MAX_STEPS_FOR_PICTURES", 20)
    monkeypatch.setattr(detector, "STEPS", 20)
    monkeypatch.setattr(supervised, "MIN_MAX_STEPS", (20, 20))
    monkeypatch.setattr(supervised, "BLIND_STEPS", 20)
    monkeypatch.setattr(restoration, "STEPS_FROM_NOTHING", 20)
    monkeypatch.setattr(restoration, "STEPS_FROM_PRETRAINED", 20)
    monkeypatch.setattr(corruption, "CORRUPTIONS", dict(CORRUPTIONS))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


# ── what it says runs ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", [p for p in PAGES if fences(p, "python")], ids=name)
def test_python_runs(page: Path, few_steps: None, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType(f"page_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where dataclasses look for the names they use
    for line, code in fences(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec"), module.__dict__)  # the line numbers are those of the page


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_said_of_a_wrong_cell_holds_for_a_whole_fit(seed: int) -> None:
    """A reader has no `few_steps`; nor must one seed be lucky."""
    _, code = fences(DOCS / "outliers.md", "python")[0]
    exec(code.replace("random_state=0", f"random_state={seed}"), {})


@pytest.mark.parametrize("page", [p for p in PAGES if fences(p, "console")], ids=name)
def test_console_runs(page: Path, few_steps: None) -> None:
    for _, session in fences(page, "console"):
        for line in session.splitlines():
            program, *args = shlex.split(line.removeprefix("$ "))
            if program == "python":
                exec(args[1], {})
                continue
            assert program == "diabolo", line
            result = CliRunner().invoke(cli, args)
            assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception}"


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_fifteen_lines() -> None:
    (_, code), *_ = fences(README, "python")
    assert len([line for line in code.splitlines() if line]) <= 15


def test_the_readme_prints_what_it_shows(few_steps: None, capsys: pytest.CaptureFixture[str]) -> None:
    """But for the numbers, and for the verdict, which depend on the training."""
    ((_, code), *_), ((_, shown), *_) = fences(README, "python"), fences(README, "text")
    exec(code, {})
    words = set(re.findall(r"[^\W\d]+", re.sub(r"The autoencoder .*", "", shown)))
    assert len(words) > 10
    assert words <= set(re.findall(r"[^\W\d]+", capsys.readouterr().out))


# ── what is there is said ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("word", diabolo.__all__)
def test_public_name_is_mentioned(word: str) -> None:
    assert mentioned(word)


@pytest.mark.parametrize("word", [*CORRUPTIONS, *LOSSES, *(cls.__name__ for cls in FORMATS.values())])
def test_part_is_mentioned(word: str) -> None:
    assert mentioned(word)


@pytest.mark.parametrize("verb", VERBS)
def test_verb_is_mentioned(verb: str) -> None:
    assert f"## diabolo {verb}\n" in (DOCS / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", sorted({f.name for cls in ESTIMATORS.values() for f in fields(cls)}))
def test_hyper_parameter_is_mentioned(word: str) -> None:
    assert mentioned(word)


def mentioned(word: str) -> bool:
    """In code, on a page written by hand."""
    code = "\n".join(c for page in WRITTEN for c in re.findall(r"```.*?```|`[^`\n]+`", page.read_text("utf-8"), re.S))
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", code) is not None


@pytest.mark.parametrize("room", [p.stem for p in sorted((ROOT / "src/diabolo").glob("[a-z]*")) if p.suffix in ("", ".py")])
def test_every_room_has_a_page(room: str) -> None:
    pages = {
        "chance": "training",
        "copies": "autoencoder",
        "decision": "multilabel",
        "deferred": "storage",
        "engine": "storage",
        "groups": "multilabel",
        "hardware": "training",
        "hidden_cells": "autoencoder",
        "history": "training",
        "loading": "storage",
        "network": "nets",
        "bulk": "scaling",
        "limits": "scaling",
        "processes": "training",
        "programs": "nets",
        "optimizers": "training",
        "plan": "training",
        "printed": "report",
        "progress": "training",
        "registry": "storage",
        "ranks": "scaling",
        "rows": "training",
        "sentinels": "formats",
        "series": "multilabel",
        "signals": "training",
        "tagger": "multilabel",
        "weights": "restoration",
        "usual_codes": "autoencoder",
    }
    page = pages.get(room, room)
    assert (DOCS / f"{page}.md").exists()
    assert page == "index" or f"]({page}.md)" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_every_promise_is_held_by_a_test_that_is_there() -> None:
    held = re.findall(r"`(test_\w+\.py)::(\w+)`", (DOCS / "promises.md").read_text(encoding="utf-8"))
    tests = ROOT / "tests"
    assert len(held) > 30
    assert [name for file, name in held if f"def {name}(" not in (tests / file).read_text(encoding="utf-8")] == []


def test_every_page_is_in_the_index() -> None:
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    assert [p.name for p in PAGES[1:] if p.name != "index.md" and f"]({p.name})" not in text] == []


def test_every_example_is_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    assert [e.name for e in (ROOT / "examples").glob("*.py") if f"(examples/{e.name})" not in text] == []


# ── what is generated is up to date ──────────────────────────────────────────────────────────────────────────────────


def test_generated_pages_are_up_to_date(generate: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_check_names_what_is_stale(
    generate: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("old", encoding="utf-8")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "pages", lambda: {page: "new"})
    assert generate.main(["--check"]) == 1
    assert "page.md" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8") == "old"
    assert generate.main([]) == 0
    assert page.read_text(encoding="utf-8") == "new"
    assert generate.main(["--check"]) == 0


def test_results_come_from_the_files(generate: ModuleType) -> None:
    result = {"title": "A | B", "rows": [{"name": "x", "error": 1.23456, "n": 12345}], "best": 0.5, "machine": {"cores": 2}}
    run = generate.Benchmark("made_up", "One line.\n\nMore.", result)
    absent = generate.Benchmark("absent", "Another line.", None)
    page = generate.benchmarks_page([run, absent])
    for words in ("1.235", "12,345", "best: 0.5", "cores 2", "benchmarks/results/made_up.json", "Not yet run"):
        assert words in page
    assert "| x | 1.235 | 12,345 |" in page


def test_a_column_that_few_rows_have_becomes_lines(generate: ModuleType) -> None:
    rows = [{"set": "a", "model": m, "F1": 1.0, "note": ""} for m in "xyz"]
    text = generate.dense([*rows, {"set": "a", "model": "w", "F1": 2.0, "note": 7}])
    assert text.startswith("set: a\n\n| model | F1 |\n")
    assert text.endswith("\n- model w, note: 7\n")
    assert generate.pivoted(rows, "set", "model", "F1") == [{"set": "a", "x": 1.0, "y": 1.0, "z": 1.0}]


def test_results_of_the_readme_name_the_best_peer(generate: ModuleType) -> None:
    rows = [{"model": "ours", "error": 1.0}, {"model": "PCA", "error": 2.0}, {"model": "kNN", "error": 4.0}]
    error = generate.means("error", "model", ["PCA", "kNN"])
    claim = generate.Claim("a task", "error ↓", "made_up", lambda rows: rows[0]["error"], error)
    assert claim.row(rows)["best peer"] == "2.0 (PCA)"
    assert claim.row(rows)["ratio"] == "0.50"
    text = generate.with_results("\n".join(generate.MARKS), generate.benchmarks())
    assert text.count("\n| ") == 12  # ten rows, and the head
    assert generate.with_results(text, generate.benchmarks()) == text


def test_numbers_in_the_text_are_those_of_the_benchmarks(generate: ModuleType) -> None:
    rows = {b.name: b.result["rows"] for b in generate.benchmarks()}
    tables, mnist = rows["tables_reconstruction"], rows["mnist_reconstruction"]
    (noise,) = [
        row for row in rows["restoration"] if (row["task"], row.get("set"), row.get("sigma")) == ("denoise", "bsd68", 25)
    ]
    seconds = [row["seconds"] for row in tables]
    ratios = [row["ratio"] for row in tables if row["k"] == 4]
    readme, training, which = (path.read_text("utf-8") for path in (README, DOCS / "training.md", DOCS / "which_estimator.md"))
    assert f"the slowest fit took {max(seconds):.0f} seconds" in readme
    assert f"ours {noise['diabolo']:.2f} dB" in readme
    assert "DRUNet 29.48" in noise["published, all"]
    assert f"{min(seconds):.0f} to {max(seconds):.0f} seconds" in training
    assert f"{mnist[2]['minutes']:.0f} minutes" in training
    assert (sum(r < 0.5 for r in ratios), sum(r > 0.95 for r in ratios)) == (10, 1)
    assert "ten, and more than 95 % of it in one" in which


def test_every_parameter_is_described(generate: ModuleType) -> None:
    for cls in ESTIMATORS.values():
        told = dict(generate.described(inspect.getdoc(cls), "Parameters"))
        assert [f.name for f in fields(cls) if not told.get(f.name)] == []


def test_no_parameter_sends_the_reader_to_another_class(generate: ModuleType) -> None:
    for cls in ESTIMATORS.values():
        assert [name for name, text in generate.parameters(cls).items() if text.startswith("As ")] == []


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_method_is_on_the_page(name: str, generate: ModuleType) -> None:
    page = generate.estimator_section(name, ESTIMATORS[name])
    assert "| `fit(X" in page
    assert "| `save(path)` |" in page
    assert ">>>" in page
    assert "(self" not in page


def test_every_attribute_is_described(generate: ModuleType) -> None:
    """TAB after a fitted estimator shows its parameters, its methods, and what its docstring says it has learned."""
    X = kinds()["array"]
    for name, cls in ESTIMATORS.items():
        listed = {attribute for attribute, about in generate.described(inspect.getdoc(cls), "Attributes") if about}
        model = cls(**SMALL).fit(X, *answers(name, len(X))) if name in TABULAR else cls.pretrained()
        parameters = {f.name for f in fields(cls)} | {"loss"}  # "auto" where it cannot be chosen
        methods = {n for n in dir(cls) if callable(getattr(cls, n)) and (inspect.getdoc(getattr(cls, n)) or "").strip()}
        shown = {n for n in dir(model) if not n.startswith("_")}
        assert shown - parameters - methods - listed == set(), name
        assert listed - shown <= {"feature_names_in_"}, name


# ── what it points to exists ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_links_resolve(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(((?:[^()]|\([^()]*\))+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_changelog_is_of_this_version() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert versions[0] == diabolo.__version__


def test_the_citation_is_of_this_version() -> None:
    assert f"\nversion: {diabolo.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_contributing_fits_on_a_page() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_pages_are_narrow(page: Path) -> None:
    """Tables, links and generated pages may be wider."""
    if page.name in GENERATED:
        return
    text = re.sub(r"<!-- results: begin.*<!-- results: end -->", "", page.read_text(encoding="utf-8"), flags=re.S)
    assert [line for line in text.splitlines() if len(line) > 132 and not line.startswith(("|", "$", "!"))] == []
