#!/usr/bin/env bash
# PyTorch: an initialization on the meta device, which draws nothing, imports the compiler.
#
# Versions: torch 2.13.0 (CPU), numpy 2.4.6.
# Seen: nn.Linear on the meta device imports no part of torch._dynamo, although its own initialization is called, but
# nn.init.normal_ of its weight imports torch._dynamo, some 800 modules in all. Nothing is drawn: a meta tensor has no numbers.
# Expected: no import, or that of a kernel. Meta tensors serve to describe a network before its weights are loaded; whoever
# initializes there as usual waits for the compiler at each start, to compute nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6

"$work/venv/bin/python" -I - <<'PY'
import sys

import torch
from torch import nn

with torch.device("meta"):
    layer = nn.Linear(3, 4)
before, compiler = len(sys.modules), "torch._dynamo" in sys.modules
nn.init.normal_(layer.weight)
after = len(sys.modules)
print("torch._dynamo after nn.Linear on meta:", compiler)
print("torch._dynamo after nn.init.normal_:  ", "torch._dynamo" in sys.modules)
print("modules imported by it:               ", after - before)
assert not compiler
assert "torch._dynamo" in sys.modules
assert after - before > 500
assert layer.weight.is_meta
PY
