"""The house stands as it is drawn: who imports whom, what is public, how fast it opens."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import diabolo

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "diabolo"
FILES = sorted(SOURCE.rglob("*.py"))
PEOPLE = ("cli", "explorer", "report")


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


# What runs what stands in data, or asks for the date, which may jump. Nobody in the package does.
MODULES = {"_pickle", "cloudpickle", "code", "dill", "marshal", "pickle", "runpy", "shelve", "yaml"}
CALLS = {"__import__", "compile", "eval", "exec"}
METHODS = {"os.popen", "os.system", "torch.load", "torch.jit.load", "torch.hub.load", "torch.package.PackageImporter"}
METHODS |= {"joblib.load", "time.time", "time.time_ns", "datetime.now", "datetime.today", "datetime.utcnow", "date.today"}
NAMES_OF_METHODS = {"read_pickle", "to_pickle", "eval", "query"}  # the last two of pandas; eval() of torch has no argument
SPARED = {"diabolo.nets.efficientnet": "torch.load(path, weights_only=True)"}  # of an installed package; tensors only


def runs(node: ast.AST) -> bool:
    """Whether it runs what it is given, reads what can run, or asks for the date."""
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        named = {f"{node.module}.{alias.name}" for alias in node.names} & METHODS
        return not node.level and (str(node.module).split(".")[0] in MODULES or bool(named))
    if isinstance(node, ast.keyword):
        off = isinstance(node.value, ast.Constant) and node.value.value is False
        return node.arg in ("shell", "allow_pickle", "trust_remote_code") and not off
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    method = isinstance(node.func, ast.Attribute) and node.func.attr in NAMES_OF_METHODS and bool(node.args)
    return method or name in CALLS or any(name == m or name.endswith("." + m) for m in METHODS)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nothing_runs_what_stands_in_data(file: Path) -> None:
    found = [ast.unparse(node) for node in ast.walk(ast.parse(file.read_text())) if runs(node)]
    assert found == [call for name, call in SPARED.items() if name == name_of(file)]


@pytest.mark.parametrize(
    "line",
    [
        "eval(x)",
        "import pickle",
        "from marshal import loads",
        "from os import system",
        "import torch.hub; torch.hub.load(x)",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=given)",
        "subprocess.run(x, shell=True)",
        "df.eval('a + b')",
        "pd.read_pickle(path)",
        "datetime.datetime.now()",
        "from time import time",
    ],
)
def test_what_would_be_found(line: str) -> None:
    assert any(map(runs, ast.walk(ast.parse(line))))


def test_pages_run_no_text() -> None:
    web = [p for room in ("explorer", "report") for p in (SOURCE / room).rglob("*") if p.suffix in (".js", ".html")]
    assert web
    for path in web:
        assert not re.search(r"\beval\(|new Function\b|document\.write|insertAdjacentHTML", path.read_text()), path


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


# What has no test file of its name, or shares its name with another: it is tested with what uses it, in tests/test_<noun>.py.
TOGETHER = {
    "bulk": "bulk.applied bulk.pictures bulk.run bulk.units bulk.work ranks",
    "calendar": "formats.cycles",
    "cli": """cli.data cli.decode cli.demo cli.encode cli.fit cli.impute cli.info cli.label cli.labels cli.map cli.options
        cli.outliers cli.predict cli.printing cli.report cli.sample cli.saving cli.score cli.several cli.tag cli.target
        cli.wording""",
    "cli_files": "cli.contents",
    "cli_pictures": "cli.batch cli.colorize cli.denoise cli.images cli.upscale",
    "determinism": "chance hardware",
    "documents": "formats.embedded formats.texts formats.words",
    "engine": "deferred loading",
    "estimators": """estimators.autoencoder.autoencoder estimators.autoencoder.base estimators.base estimators.linear
        estimators.weights""",
    "explorer": """cli.explore estimators.autoencoder.regions explorer.bundle explorer.columns explorer.computing
        explorer.grids explorer.near explorer.page explorer.payload explorer.sides explorer.thumbnails""",
    "explorer_server": "explorer.guard explorer.server explorer.uploads",
    "explorer_widget": "explorer.widget",
    "files": "formats.cells formats.files formats.gaps formats.hints formats.layout formats.suspects",
    "fonts": """cli.fonts explorer.fonts fonts.bench fonts.collection fonts.decoder fonts.fields fonts.files
        fonts.glyphs fonts.learning fonts.leveling fonts.manifold fonts.variants fonts.whole""",
    "formats": """formats.arrays formats.base formats.category formats.columns formats.container formats.far formats.filling
        formats.fitting formats.matrices formats.objects formats.tables formats.written sentinels""",
    "given_away": "formats.determined",
    "images": "estimators.augmentation estimators.supervised.invariance formats.images images.bursts nets.convolution",
    "labels": "formats.labels formats.targets",
    "losses": "losses.columns losses.loss losses.single",
    "multilabel": """decision estimators.logistic estimators.multilabel.base estimators.multilabel.calibration
        estimators.multilabel.classifier estimators.multilabel.comparison estimators.multilabel.direct
        estimators.multilabel.independent estimators.multilabel.label_discovery
        estimators.multilabel.linear_residual estimators.multilabel.metrics
        estimators.multilabel.new_label estimators.multilabel.replay estimators.multilabel.report
        estimators.multilabel.targets estimators.multilabel.thresholds formats.new_gaps tagger""",
    "network": "nets.dense nets.ensemble nets.links nets.numeric nets.text nets.vocabulary",
    "outliers": """estimators.gaps estimators.outliers.detector estimators.outliers.explanation
        estimators.outliers.known_outliers estimators.outliers.scorer estimators.outliers.scores""",
    "outlines": "fonts.contours",
    "parts": "formats.listing formats.names formats.survey limits",
    "picture": "images.album images.pillow images.tiff",
    "printed": "estimators.autoencoder.comparison",
    "program": "explorer.programs programs.layers programs.operations programs.tape",
    "protocols": "cli.bench images.metrics",
    "reader_arff": """formats.readers.arff.dates formats.readers.arff.header formats.readers.arff.labels
        formats.readers.arff.rows formats.readers.arff.sparse formats.readers.arff.words
        formats.readers.arff.writer""",
    "reader_cells": """formats.readers.cells.annotations formats.readers.cells.entries formats.readers.cells.genes
        formats.readers.cells.h5ad formats.readers.cells.hdf5 formats.readers.cells.matrix_market
        formats.readers.compressed""",
    "reader_cifar": "formats.readers.images.cifar",
    "reader_cytometry": "formats.readers.cytometry.fcs formats.readers.cytometry.layout formats.readers.cytometry.writer",
    "reader_folders": "formats.readers.images.folders",
    "reader_idx": "formats.readers.images.idx",
    "reader_mat": "formats.readers.arrays.mat formats.readers.arrays.mat5",
    "reader_npz": "formats.readers.arrays.named formats.readers.arrays.npz formats.readers.streams",
    "reader_statistics": """formats.readers.decided formats.readers.surveys.codes formats.readers.surveys.moments
        formats.readers.surveys.readstat formats.readers.surveys.spss formats.readers.surveys.statistics
        formats.readers.surveys.transport formats.readers.surveys.writer""",
    "reader_svm": """formats.readers.growing formats.readers.pairs.extreme formats.readers.pairs.gathered
        formats.readers.pairs.lines formats.readers.pairs.svmlight""",
    "readers": "formats.readers.dataset",
    "report": """report.agreement report.autoencoder report.display report.labels report.names report.numbers report.outliers
        report.page report.recipe report.rows report.scatter report.svg report.values""",
    "restoration": """estimators.restoration.base estimators.restoration.colorizer estimators.restoration.comparison
        estimators.restoration.denoiser estimators.restoration.hints estimators.restoration.pixels
        estimators.restoration.upscaler""",
    "sampling": "estimators.autoencoder.maps",
    "schema": "errors formats.arrow formats.encoding formats.frames",
    "sources": "formats.answers formats.blocks formats.delimited formats.guess formats.output formats.records formats.spelling",
    "storage": "estimators.loading estimators.parameters",
    "supervised": """estimators.supervised.base estimators.supervised.classifier estimators.supervised.encoders
        estimators.supervised.out_of_fold estimators.supervised.regressor estimators.supervised.targets""",
    "training": "history optimizers plan progress rows",
}


def test_every_module_has_its_tests() -> None:
    """Under its own name, or in the one list above, which names nothing that is not there."""
    modules = [f for f in FILES if not f.stem.startswith("__")]
    nouns = Counter(f.stem for f in modules)
    tested = {p.stem.removeprefix("test_") for p in (ROOT / "tests").glob("test_*.py")}
    others = [name_of(f).removeprefix("diabolo.") for f in modules if f.stem not in tested or nouns[f.stem] > 1]
    assert sorted(" ".join(TOGETHER.values()).split()) == sorted(others)
    assert set(TOGETHER) <= tested


def test_the_changelog_speaks_of_this_version() -> None:
    versions = re.findall(r"^## \[?v?(\d+\.\d+\.\d+\S*?)\]?(?:\s|$)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions
    assert versions[0] == diabolo.__version__


def test_the_package_is_typed() -> None:
    assert (SOURCE / "py.typed").exists()


# ── how fast it opens ────────────────────────────────────────────────────────────────────────────────────────────────

PROBE = """
import json, sys
before = set(sys.modules)
sys.argv = ["diabolo", *sys.argv[1:]]
from diabolo.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""
LIGHT = {"info": {"click", "numpy", "safetensors"}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kinds import SMALL, frame

    path = tmp_path_factory.mktemp("house") / "a.diabolo"
    diabolo.Autoencoder(**SMALL).fit(frame()).save(path)
    return path


@pytest.mark.parametrize("verb", [["--help"], ["--version"], ["info"], ["fit", "--help"], ["report", "--help"]], ids=" ".join)
def test_it_answers_at_once(verb: list[str], model: Path) -> None:
    """Counted in what it imports, so that a busy machine does not matter: no torch, and little else."""
    arguments = [*verb, str(model)] if verb == ["info"] else verb
    said = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout
    loaded = json.loads(said.stderr.splitlines()[-1])
    others = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"diabolo"}
    assert others == LIGHT.get(verb[0], {"click"})
    assert len([name for name in loaded if name.startswith("diabolo")]) < 14
    assert len([name for name in loaded if name.partition(".")[0] not in others]) < 150
