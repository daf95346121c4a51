"""What the benchmarks share: where the data is, and tables that are printed and written as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table


def data() -> Path:
    """The folder named by DIABOLO_DATA."""
    folder = os.environ.get("DIABOLO_DATA")
    if not folder or not Path(folder).is_dir():
        sys.exit("set DIABOLO_DATA to the folder that holds the data (tables/, text/, images/)")
    return Path(folder)


def parser(description: str) -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--tiny", action="store_true", help="a smoke run on a little made-up data; its numbers mean nothing")
    p.add_argument("--json", type=Path, help="write the rows here too")
    p.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of torch")
    return p


def timed(work: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work(*args)
    return result, time.perf_counter() - start


def show(title: str, rows: list[dict[str, Any]], path: Path | None, **facts: Any) -> None:
    """Print `rows` as a table and write them with the facts of the machine."""
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="right" if isinstance(rows[0][name], (int, float)) else "left")
    for row in rows:
        table.add_row(*[f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()])
    Console(width=150).print(table)
    for name, value in facts.items():
        print(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")
    if path:
        machine = {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "cores": os.cpu_count(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
        path.write_text(json.dumps({"title": title, "rows": rows, **facts, "command": command, "machine": machine}, indent=1))
