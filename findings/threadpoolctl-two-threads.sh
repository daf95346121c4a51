#!/usr/bin/env bash
# threadpoolctl with OpenBLAS: two blocks that overlap leave the whole process limited.
#
# Versions: threadpoolctl 3.8.0, numpy 2.4.6 (its Linux wheel brings OpenBLAS with pthreads).
# Seen, starting from 4 threads: one thread enters `with threadpool_limits(1)`, a second thread too, the first
# leaves, then the second. After that the process stays at 1, without a warning. The documentation says that only
# the first thread controls OpenBLAS and that the calls of others are ignored. But the second block found 1 on
# entry, and when it is left nobody is in control any more, so that its "restore" counts, and restores 1.
# Expected: when all blocks are left, the number of threads from before the first; what was ignored on entry is
# ignored at the end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check numpy==2.4.6 threadpoolctl==3.8.0

"$work/venv/bin/python" -I - <<'PY'
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy  # noqa: F401  loads OpenBLAS
from threadpoolctl import threadpool_info, threadpool_limits


def threads():
    return next(pool["num_threads"] for pool in threadpool_info() if pool["internal_api"] == "openblas")


def block(entered, leave):
    with threadpool_limits(1):
        entered.set()
        leave.wait()


with ThreadPoolExecutor(1) as pool:  # its thread ends, and with it its control of OpenBLAS
    pool.submit(threadpool_limits, 4).result()
print("before:", threads())
assert threads() == 4

with threadpool_limits(1):
    print("in one block:", threads())
    assert threads() == 1
print("after it:", threads())
assert threads() == 4

first_in, first_leaves, second_in, second_leaves = Event(), Event(), Event(), Event()
with ThreadPoolExecutor(2) as pool:
    first = pool.submit(block, first_in, first_leaves)
    first_in.wait()
    second = pool.submit(block, second_in, second_leaves)
    second_in.wait()
    first_leaves.set()
    first.result()
    print("the first of two blocks is left:", threads())
    second_leaves.set()
    second.result()
print("both are left:", threads())
assert threads() == 1
PY
