"""The repository's own scripts, as a shell would start them, in this process: it has imported torch already."""

from __future__ import annotations

import runpy
import sys
import warnings
from pathlib import Path
from typing import Literal

import pytest


def run(script: Path, *arguments: str, folder: Path, on_warning: Literal["error", "ignore"]) -> None:
    """Run it in a folder; what it imports from beside itself is forgotten afterwards."""
    known = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(sys, "argv", [str(script), *arguments])
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.syspath_prepend(str(script.parent))
        patch.chdir(folder)
        warnings.resetwarnings()
        warnings.simplefilter(on_warning)
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            if end.code:
                pytest.fail(f"{script.name} ends with {end.code!r}")
        finally:
            for name in set(sys.modules) - known:
                if Path(getattr(sys.modules[name], "__file__", None) or "").parent == script.parent:
                    del sys.modules[name]
