"""Is the promise kept? At most a share alpha of clean new rows is flagged.

For n from 8 to 2,000 rows and d from 2 to 500 columns: the mean share of 500 new rows with p <= alpha, over several fits with
data of their own. The data are independent normal columns; columns that depend on few hidden numbers; or a mixture of counts,
booleans and heavy tails. ``holds`` says whether the mean is below alpha or within two standard errors of it.

    python benchmarks/outliers_promise.py [--n 8 100] [--d 2 500] [--seeds 10] [--kinds normal]
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import common
from diabolo import OutlierDetector

ALPHAS = (0.01, 0.05, 0.2)
NEW = 500  # rows

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def normal(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    return rng.normal(size=(n, d))


def hidden(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Columns that depend on three numbers, in a way that is always the same."""
    w = np.random.default_rng(0).normal(size=(3, d))
    return np.tanh(rng.normal(size=(n, 3)) @ w) + 0.1 * rng.normal(size=(n, d))


def mixed(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Counts, yes or no, and heavy tails in turn."""
    draws = (lambda: rng.poisson(2.0, n), lambda: rng.random(n) < 0.3, lambda: rng.standard_t(3, n))
    return np.column_stack([draws[j % 3]() for j in range(d)]).astype(float)


KINDS: dict[str, Draw] = {"normal": normal, "hidden": hidden, "mixed": mixed}


def shares(draw: Draw, n: int, d: int, seed: int, params: dict[str, Any]) -> list[float]:
    """Share of new rows with p <= alpha, for each alpha."""
    rng = np.random.default_rng([seed, n, d])
    p = OutlierDetector(random_state=seed, verbose=False, **params).fit(draw(rng, n, d)).p_values(draw(rng, NEW, d))
    return [float(np.mean(p <= alpha)) for alpha in ALPHAS]


def main() -> None:
    p = common.parser(__doc__.splitlines()[0])
    p.add_argument("--n", nargs="+", type=int, default=[8, 30, 100, 300, 2000], help="rows")
    p.add_argument("--d", nargs="+", type=int, default=[2, 20, 500], help="columns")
    p.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    p.add_argument("--seeds", type=int, default=10)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")  # that few rows can flag nothing
    params: dict[str, Any] = {"epochs": 3} if args.tiny else {}
    sizes, seeds = ([(30, 3)], 2) if args.tiny else ([(n, d) for n in args.n for d in args.d], args.seeds)
    rows, broken = [], 0
    for kind in args.kinds:
        for n, d in sizes:
            found = np.array([shares(KINDS[kind], n, d, seed, params) for seed in range(seeds)])
            mean, error = found.mean(0), found.std(0, ddof=1) / np.sqrt(seeds)
            holds = mean <= np.array(ALPHAS) + 2 * error
            broken += int((~holds).sum())
            row: dict[str, Any] = {"kind": kind, "rows": n, "columns": d}
            row |= {f"alpha = {a}": float(m) for a, m in zip(ALPHAS, mean, strict=True)}
            rows.append(row | {"holds": "yes" if holds.all() else "no"})
            print({k: round(v, 4) if isinstance(v, float) else v for k, v in rows[-1].items()}, flush=True)
    told = f"{3 * len(rows) - broken} of {3 * len(rows)}"
    common.show("share of clean rows flagged", rows, args.json, **{"cells in which the promise holds": told})


if __name__ == "__main__":
    main()
