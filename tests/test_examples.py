"""Every example runs, and writes only where it is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import scripts

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    writes = "--output" in script.read_text(encoding="utf-8")
    output = ["--output", str(there)] if writes else []
    scripts.run(script, "--tiny", *output, folder=here, on_warning="error")
    assert capsys.readouterr().out.strip()
    assert list(here.iterdir()) == []
    assert writes == there.exists()
    assert not writes or any(there.iterdir())


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_says_what_it_shows(script: Path) -> None:
    doc = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
    assert doc is not None
    assert f"python examples/{script.name}" in doc


def test_there_are_examples() -> None:
    assert EXAMPLES
