"""Every benchmark runs on a little made-up data and writes its JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import scripts

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = sorted(path for path in (ROOT / "benchmarks").glob("*.py") if path.stem != "common")
IN_BROWSER = {"explorer_latency"}
ALONE = {"faults", "processes", "scaling", "sources", "training_speed"}  # they start processes, which take cores


@pytest.mark.parametrize("script", BENCHMARKS, ids=lambda path: path.stem)
def test_benchmark_runs(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if script.stem in IN_BROWSER and not (find_spec("playwright") and shutil.which("chromium")):
        pytest.skip("there is no chromium, or no package playwright")
    monkeypatch.delenv("DIABOLO_DATA", raising=False)
    path = tmp_path / "results" / "rows.json"
    arguments = ["--tiny", "--threads", "1", "--json", str(path)]
    if script.stem in ALONE:
        env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, str(script), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    else:
        scripts.run(script, *arguments, folder=tmp_path, on_warning="ignore")
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["title"]
    assert written["rows"]
    assert all(isinstance(row, dict) for row in written["rows"])
    assert written["machine"]["torch"]
    assert [p.name for p in tmp_path.iterdir()] == ["results"]


def test_there_are_benchmarks() -> None:
    assert BENCHMARKS
