"""The house stands as it is drawn: who imports whom, what is public, how fast it opens."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import diabolo

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "diabolo"
FILES = sorted(SOURCE.rglob("*.py"))
PEOPLE = ("cli", "report", "explorer", "cluster")


def name_of(file: Path) -> str:
    parts = ["diabolo", *file.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(file) for file in FILES}


def inside(file: Path, node: ast.stmt) -> list[str]:
    """The modules of the package that an import statement loads."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name.split(".")[0] == "diabolo"]
    if not isinstance(node, ast.ImportFrom):
        return []
    if node.level:
        package = name_of(file).split(".")
        package = package if file.name == "__init__.py" else package[:-1]
        base = ".".join(package[: len(package) - node.level + 1] + ([node.module] if node.module else []))
    elif (node.module or "").split(".")[0] == "diabolo":
        base = str(node.module)
    else:
        return []
    parts = [f"{base}.{alias.name}" for alias in node.names]
    found = [part for part in parts if part in NAMES]
    return found + ([base] if len(found) < len(parts) else [])


def statements(file: Path) -> list[tuple[ast.stmt, bool]]:
    """Every import statement, and whether it is hidden in a function; those for type checkers alone do not count."""
    found: list[tuple[ast.stmt, bool]] = []

    def walk(node: ast.AST, hidden: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                found.append((child, hidden))
            walk(child, hidden or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))

    walk(ast.parse(file.read_text()), False)
    return found


def imports(file: Path) -> set[str]:
    return {name for node, _ in statements(file) for name in inside(file, node)}


def room(name: str) -> str:
    return [*name.split("."), ""][1]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_directions(file: Path) -> None:
    here = room(name_of(file))
    for name in imports(file):
        there = room(name)
        if here and here not in (*PEOPLE, "__main__"):
            assert there not in PEOPLE, f"{file} imports {name}: only what is for people knows {there}"
        if here and here not in (*PEOPLE, "__main__", "estimators"):
            assert there != "estimators", f"{file} imports {name}: ideas and parts know nothing of estimators"
        if here == "estimators":
            assert there not in PEOPLE, f"{file} imports {name}: estimators know nothing of {there}"


SYSTEMS = {folder.name for folder in (SOURCE / "estimators").iterdir() if (folder / "__init__.py").exists()}
STANDS_ON = {("multilabel", "supervised")}  # many labels are a supervised last layer


def test_a_system_knows_no_other() -> None:
    known = set()
    for file in (SOURCE / "estimators").rglob("*.py"):
        here = file.parent.name
        there = {name.split(".")[2] for name in imports(file) if name.startswith("diabolo.estimators.")} & SYSTEMS
        known |= {(here, other) for other in there - {here} if here in SYSTEMS}
    assert known == STANDS_ON


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nobody_inside_imports_the_root(file: Path) -> None:
    for node, _ in statements(file):
        assert not (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "diabolo" for a in node.names)), ast.unparse(
            node
        )
        assert not (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "diabolo" and not node.level)
        if "diabolo" in inside(file, node):
            assert ast.unparse(node).endswith("import __version__"), f"{file}: {ast.unparse(node)}"


@pytest.mark.parametrize("file", [f for f in FILES if room(name_of(f)) != "cli"], ids=name_of)
def test_no_import_hides_in_a_function(file: Path) -> None:
    hidden = [ast.unparse(node) for node, deep in statements(file) if deep and inside(file, node)]
    assert not hidden


def test_no_circles() -> None:
    graph = {name_of(f): {n for node, deep in statements(f) if not deep for n in inside(f, node)} - {name_of(f)} for f in FILES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for other in graph.get(name, ()):
            if other == "diabolo" or name.startswith(other + "."):
                continue  # a package may be named by its own parts
            visit(other, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


ALONE = """
import importlib, sys
tried = set()
for name in sys.argv[1:]:
    if name in tried:
        continue
    for known in [m for m in sys.modules if m.split(".")[0] == "diabolo"]:
        del sys.modules[known]
    importlib.import_module(name)
    tried |= {m for m in sys.modules if m.startswith(name + ".")}  # whoever imports one of them first imports the package first
"""


def test_every_module_can_be_imported_first() -> None:
    """A package's own parts may name it, so that the graph alone does not show every circle."""
    names = sorted(NAMES - {"diabolo", "diabolo.__main__", "diabolo.cli.__main__"})  # a package before its parts
    said = subprocess.run([sys.executable, "-c", ALONE, *names], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-2000:]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_what_is_public_is_listed_and_sorted(file: Path) -> None:
    tree = ast.parse(file.read_text())
    lists = [n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    if not lists:
        return
    names = ast.literal_eval(lists[0])
    order = [*sorted(n for n in names if n.isupper()), *sorted(n for n in names if not n.isupper() and n[0].isupper())]
    order += sorted(n for n in names if not n[0].isupper())
    assert names == order
    module = importlib.import_module(name_of(file))
    assert [n for n in names if not hasattr(module, n)] == []


def test_every_module_opens_with_a_docstring() -> None:
    silent = [name_of(f) for f in FILES if f.name != "__main__.py" and not ast.get_docstring(ast.parse(f.read_text()))]
    assert not silent


def test_the_root_is_lazy_and_complete() -> None:
    assert dir(diabolo) == diabolo.__all__
    for name in diabolo.__all__:
        assert getattr(diabolo, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Autodecoder'"):
        diabolo.Autodecoder  # noqa: B018


def test_every_source_file_has_its_tests() -> None:
    nouns = {"network", "corruption", "losses", "training", "storage", "formats", "estimators", "cli"}
    assert nouns <= {p.stem.removeprefix("test_") for p in (ROOT / "tests").glob("test_*.py")}


def test_the_changelog_speaks_of_this_version() -> None:
    versions = re.findall(r"^## \[?v?(\d+\.\d+\.\d+\S*?)\]?(?:\s|$)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions
    assert versions[0] == diabolo.__version__


def test_the_package_is_typed() -> None:
    assert (SOURCE / "py.typed").exists()


# ── how fast it opens ────────────────────────────────────────────────────────────────────────────────────────────────

PROBE = """
import sys
sys.argv = ["diabolo", *sys.argv[1:]]
from diabolo.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = {"torch", "sklearn", "scipy", "pandas", "pyarrow", "rich", "polars"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kinds import SMALL, frame

    path = tmp_path_factory.mktemp("house") / "a.diabolo"
    diabolo.Autoencoder(**SMALL).fit(frame()).save(path)
    return path


@pytest.mark.parametrize("verb", [["--help"], ["--version"], ["info"], ["fit", "--help"], ["report", "--help"]], ids=" ".join)
def test_it_answers_without_torch(verb: list[str], model: Path) -> None:
    arguments = [*verb, str(model)] if verb == ["info"] else verb
    said = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout


@pytest.mark.parametrize("verb", ["--help", "info"])
def test_it_answers_at_once(verb: str, model: Path) -> None:
    """Measured against what Python alone takes to start, so that a busy machine does not matter."""

    def best(*argv: str) -> float:
        times = []
        for _ in range(4):
            start = time.perf_counter()
            subprocess.run([sys.executable, *argv], capture_output=True, check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    taken = best("-m", "diabolo", verb, *([str(model)] if verb == "info" else []))
    empty = best("-c", "import json, tempfile, hashlib, numpy" if verb == "info" else "import click")
    assert taken < max(0.5, 4 * empty), f"{taken:.2f} s; Python alone takes {empty:.2f} s"
    assert os.path.exists(model)
