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
    monkeypatch.setattr(detector, "STEPS", 20)
    monkeypatch.setattr(supervised, "STEPS", (20, 20))
    monkeypatch.setattr(supervised, "BLIND_STEPS", 20)
    monkeypatch.setattr(restoration, "FRESH", 20)
    monkeypatch.setattr(restoration, "FROM_PRETRAINED", 20)
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


def test_fifteen_lines() -> None:
    (_, code), *_ = fences(README, "python")
    assert len([line for line in code.splitlines() if line]) <= 15


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
        "hardware": "training",
        "network": "nets",
        "optimizers": "training",
        "printed": "report",
        "progress": "training",
        "registry": "storage",
        "rows": "training",
        "sentinels": "formats",
        "weights": "restoration",
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
    text = generate.with_results("\n".join(generate.MARKS), [run, absent])
    assert "| x | 1.235 | 12,345 |" in text
    assert "not yet run" in text
    assert generate.with_results(text, [run, absent]) == text


def test_every_parameter_is_described(generate: ModuleType) -> None:
    for cls in ESTIMATORS.values():
        told = dict(generate.described(inspect.getdoc(cls), "Parameters"))
        assert [f.name for f in fields(cls) if not told.get(f.name)] == []


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


def test_contributing_fits_on_a_page() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_pages_are_narrow(page: Path) -> None:
    """Tables, links and generated pages may be wider."""
    if page.name in GENERATED:
        return
    text = re.sub(r"<!-- results: begin.*<!-- results: end -->", "", page.read_text(encoding="utf-8"), flags=re.S)
    assert [line for line in text.splitlines() if len(line) > 132 and not line.startswith(("|", "$", "!"))] == []
