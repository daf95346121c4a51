"""The one loop: what it promises about resuming, stopping, and leaving things alone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from torch import Tensor, nn

from diabolo import Autoencoder, Classifier, MultiLabelClassifier, OutlierDetector, Regressor, storage, training
from diabolo import progress as shown
from diabolo.corruption import Gaussian
from diabolo.errors import FormatError, TrainingError
from diabolo.estimators.base import System
from diabolo.history import History
from diabolo.nets import Head
from diabolo.optimizers import BAND, AdamW, Flat, Muon, most_rows, optimizers, orthogonal
from diabolo.plan import schedule
from diabolo.rows import Rows
from diabolo.training import SGD, minimize
from kinds import SMALL, frame, kinds

PLAN = SGD(epochs=6, batch_size=16, rounds=6)


def data(n: int = 100) -> Tensor:
    return torch.randn(n, 5, generator=torch.Generator().manual_seed(1))


def net(dropout: float = 0.0) -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 8), nn.SiLU(), nn.Dropout(dropout), nn.Linear(8, 5))


def train(
    module: nn.Module,
    plan: SGD = PLAN,
    rows: Rows | None = None,
    held: bool = True,
    noise: float = 0.1,
    at_round: Callable[[], None] = lambda: None,
) -> History:
    x = data(40)

    def objective(i: Tensor, batch: Tensor, rng: torch.Generator) -> Tensor:
        seen = batch + noise * torch.randn(batch.shape, generator=rng)
        return (module(seen).float() - batch).square().sum(1)

    def held_out() -> float:
        at_round()
        return float((module(x).float() - x).square().mean())

    return minimize(module, objective, rows or Rows(data()), held_out if held else None, plan)


def weights(module: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def bits(a: nn.Module, b: nn.Module) -> bool:
    return torch.equal(weights(a), weights(b))


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_error_falls(optimizer: str, precision: str) -> None:
    module = net()
    plan = replace(PLAN, optimizer=optimizer, precision=precision, epochs=40, lr=1e-2)
    history = train(module, plan)
    assert history.held_out[history.best] < 0.8 * history.held_out[0]
    assert all(p.dtype == torch.float32 for p in module.parameters())
    assert bool(torch.isfinite(weights(module)).all())
    assert all(p.grad is None for p in module.parameters())


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_the_same_seed_the_same_bits(optimizer: str) -> None:
    a, b, c = net(0.5), net(0.5), net(0.5)
    plan = replace(PLAN, optimizer=optimizer)
    train(a, plan)
    torch.rand(7)
    train(b, plan)
    train(c, replace(plan, seed=1))
    assert bits(a, b)
    assert not bits(a, c)


def test_the_global_generators_are_left_alone() -> None:
    before, numpy = torch.get_rng_state(), np.random.get_state()[1].copy()
    train(net_without_seed(), PLAN)
    assert torch.equal(before, torch.get_rng_state())
    Autoencoder(**SMALL).fit(kinds()["array"])
    Autoencoder(**SMALL).fit(kinds()["texts"])
    assert torch.equal(before, torch.get_rng_state())
    assert (numpy == np.random.get_state()[1]).all()


def net_without_seed() -> nn.Module:
    with torch.random.fork_rng():
        return net()


def test_parameters_do_not_share_memory_afterwards() -> None:
    module = net()
    train(module)
    pointers = [p.untyped_storage().data_ptr() for p in module.parameters()]
    assert len(set(pointers)) == len(pointers)


def test_frozen_parameters_stay_bit_equal() -> None:
    module = net()
    module[0].requires_grad_(False)
    before = module[0].weight.clone(), module[3].weight.clone()
    train(module)
    assert torch.equal(module[0].weight, before[0])
    assert not torch.equal(module[3].weight, before[1])


def test_nothing_to_train_is_said() -> None:
    with pytest.raises(TrainingError, match="no trainable parameter: unfreeze"):
        train(net().requires_grad_(False))


@pytest.mark.parametrize("clip", [1e-3, 1e9])
def test_flat_is_the_module(clip: float) -> None:
    module, plain = net(), net()
    flat = Flat(module)
    assert bits(module, plain)
    for each in (module, plain):
        (each(data()) ** 2).sum().backward()
    expected = torch.cat([p.grad.flatten() for p in plain.parameters() if p.grad is not None])
    norm = float(flat.gradient(clip))
    assert norm == pytest.approx(float(expected.norm()), rel=1e-4)
    assert float(flat.g.norm()) == pytest.approx(min(norm, clip), rel=1e-4)
    assert sorted(p.numel() for p in flat.parameters) == sorted(p.numel() for p in plain.parameters())
    flat.w.zero_()
    assert float(weights(module).abs().sum()) == 0


def test_weight_decay_shrinks_matrices_only() -> None:
    module = nn.Linear(3, 3)
    nn.init.ones_(module.weight)
    nn.init.ones_(module.bias)

    def objective(i: Tensor, batch: Tensor, rng: torch.Generator) -> Tensor:
        return 0 * module(batch).sum(1)

    minimize(
        module, objective, Rows(torch.zeros(16, 3)), None, SGD(epochs=20, batch_size=16, lr=0.1, weight_decay=0.5, average=0)
    )
    assert float(module.weight.detach().max()) < 0.9
    assert torch.equal(module.bias, torch.ones(3))


def test_adamw_is_that_of_torch() -> None:
    g = torch.Generator().manual_seed(0)
    w, grad = torch.randn(50, generator=g), torch.zeros(50)
    theirs = nn.Parameter(w.clone())
    ours, reference = AdamW(w, grad, 0.02, 0.3), torch.optim.AdamW([theirs], 0.01, (0.9, 0.99), weight_decay=0.3, fused=True)
    for _ in range(20):
        grad.normal_(generator=g)
        theirs.grad = grad.clone()
        ours.step(0.5)
        reference.step()
    assert torch.equal(w, theirs)


def test_training_does_not_load_the_compiler() -> None:
    """Which takes two seconds."""
    code = """
        import sys, numpy as np
        from diabolo import Autoencoder
        for optimizer in ("adamw", "muon"):
            Autoencoder(2, hidden=(4,), optimizer=optimizer, epochs=1, verbose=False).fit(np.eye(9))
        assert "torch._dynamo" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_schedule() -> None:
    values = [schedule(t, 1000, 0.1) for t in range(1001)]
    assert values[0] == pytest.approx(0.01)
    assert max(values) == values[100] == 1.0
    assert values[1000] == pytest.approx(0)
    assert values[:100] == sorted(values[:100])
    assert values[100:] == sorted(values[100:], reverse=True)
    assert schedule(0, 1, 0.05) == 1.0


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Beyond(Rows):
    """Rows that claim to be the last of very many."""

    first = 2**24

    def batches(self, size: int, seed: int, skip: int = 0, part: slice = slice(None)) -> Iterator[tuple[Tensor, Tensor]]:
        for i, x in super().batches(size, seed, skip):
            yield i + self.first, x


def test_the_number_of_a_row_is_exact_however_many_there_are() -> None:
    """A float32 cannot count beyond 2^24."""
    module, seen = nn.Linear(1, 1), []

    def objective(i: Tensor, x: Tensor, rng: torch.Generator) -> Tensor:
        seen.append(i)
        assert torch.equal(i - Beyond.first, x[:, 0].long())
        return module(x).square().sum(1)

    minimize(module, objective, Beyond(torch.arange(8.0)[:, None]), None, SGD(epochs=1, batch_size=4))
    assert sorted(torch.cat(seen).tolist()) == list(range(2**24, 2**24 + 8))


def test_an_epoch_is_every_row_once() -> None:
    rows = Rows(torch.arange(20.0)[:, None])
    seen = torch.cat([x for _, x in rows.batches(4, seed=1)]).flatten()
    assert sorted(seen.tolist()) == list(range(20))
    assert torch.equal(torch.cat([x for _, x in rows.batches(4, seed=1, skip=2)]).flatten(), seen[8:])
    assert not torch.equal(torch.cat([x for _, x in rows.batches(4, seed=2)]).flatten(), seen)
    assert torch.equal(torch.cat(list(rows.chunks(6))), torch.arange(20.0)[:, None])


def test_a_subset_is_those_rows() -> None:
    rows = Rows(torch.arange(20.0)[:, None]).subset(np.array([3, 5, 7, 9]))
    assert len(rows) == 4
    assert torch.cat(list(rows.chunks(3))).flatten().tolist() == [3, 5, 7, 9]
    assert rows.subset(np.array([1, 2])).take(np.array([1])).item() == 7


def test_wherever_the_rows_lie_the_result_is_the_same(tmp_path: Path) -> None:
    x = data(100).numpy()
    np.save(tmp_path / "x.npy", x)
    places = {
        "tensor": Rows(torch.from_numpy(x)),
        "array": Rows(x),
        "memmap": Rows(np.load(tmp_path / "x.npy", mmap_mode="r")),
        "encoded memmap": Rows(np.load(tmp_path / "x.npy", mmap_mode="r"), torch.from_numpy),
        "sparse": Rows(sp.csr_matrix(x), lambda rows: torch.from_numpy(rows.toarray())),
    }
    trained = {}
    for name, rows in places.items():
        trained[name] = net()
        train(trained[name], rows=rows)
    for name in places:
        assert bits(trained["tensor"], trained[name]), name


def test_large_data_is_cached_on_disk_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    df = frame(80)
    memory = Autoencoder(**SMALL).fit(df)
    monkeypatch.setattr("diabolo.formats.base.MAX_BYTES_IN_MEMORY", 100)
    disk = Autoencoder(**SMALL).fit(df)
    assert bits(memory.network_, disk.network_)
    X = kinds()["array"]
    np.save(tmp_path / "x.npy", X)
    array, path = Autoencoder(**SMALL).fit(X), Autoencoder(**SMALL).fit(tmp_path / "x.npy")
    assert bits(array.network_, path.network_)
    assert np.array_equal(array.transform(X), path.transform(tmp_path / "x.npy"))


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
def test_a_file_is_its_table(suffix: str, tmp_path: Path) -> None:
    df = frame(80).drop(columns="when")
    path = tmp_path / f"x.{suffix}"
    getattr(df, f"to_{suffix}")(path)
    a, b = Autoencoder(**SMALL).fit(df), Autoencoder(**SMALL).fit(path)
    assert bits(a.network_, b.network_)
    assert np.array_equal(a.transform(df), b.transform(path))
    assert np.array_equal(b.transform(df), b.transform(str(path)))
    assert list(b.feature_names_in_) == list(df.columns)


# ── stopping ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_early_stopping_keeps_the_best() -> None:
    module = net()
    plan = SGD(epochs=500, batch_size=8, patience=3, rounds=500, lr=0.05, average=0.0)
    history = train(module, plan, Rows(data(8)), noise=0.0)  # eight rows: it overfits
    x = data(40)
    assert history.stopped == "no gain on held-out rows for 3 rounds"
    assert history.best == int(np.argmin(history.held_out))
    assert float((module.eval()(x) - x).square().mean().detach()) == pytest.approx(min(history.held_out), rel=1e-6)


def test_a_stalled_run_anneals_its_best_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the best weights the learning rate goes down to zero in a straight line, long before the budget ends."""
    rates: list[float] = []
    step = AdamW.step

    def noted(self: AdamW, share: float) -> None:
        rates.append(share)
        step(self, share)

    monkeypatch.setattr(AdamW, "step", noted)
    plan = SGD(epochs=5000, batch_size=8, patience=3, rounds=500, lr=0.05, average=0.0)
    history = train(net(), plan, Rows(data(8)), noise=0.0)
    shares = np.array(rates)  # nothing decays: one optimizer takes each step
    assert len(shares) < 2500 < 5000
    assert history.epoch[-1] == len(shares)
    tail = np.diff(shares[-20:])
    assert shares[-1] < 0.1
    assert np.allclose(tail, tail[0])
    assert tail[0] < 0
    assert history.held_out[-1] <= 1.05 * min(history.held_out)


def test_a_run_that_stalls_near_its_end_anneals_in_the_steps_that_are_left() -> None:
    plan = SGD(epochs=60, batch_size=8, patience=3, rounds=60, lr=0.05, average=0.0)
    run = training.Run(net(), lambda i, x, rng: x.sum(1), Rows(data(8)), lambda: 0.0, plan)
    run.step, run.total = 50, 60
    run.anneal()
    assert (run.tail, run.total) == ((50, schedule(50, 60, plan.warmup), 10), 60)
    run.step, run.tail = 60, None
    run.history = History([0.0] * 9, [0.0] * 9, [0.0] * 9, [0.0] * 9)
    assert not run.stalls, "no step is left"


def test_where_no_error_is_left_training_ends() -> None:
    """Of separable labels the held-out error halves at each look, down to 1e-38: nobody waits for that."""
    plan = SGD(epochs=500, batch_size=20, rounds=500, patience=5)
    errors = (0.7 * 0.1**look for look in count())
    module = net()
    history = minimize(module, lambda i, x, rng: module(x).sum(1), Rows(data()), lambda: next(errors), plan)
    assert history.stopped == "next to no error is left on held-out rows"
    assert history.epoch[-1] < 100 < plan.epochs
    decibels = History([0.0, 1.0], [1.0, 0.9], [-28.0, -29.0], [0.0, 1.0], best=1)
    assert not decibels.solved, "an error below zero"
    assert not replace(decibels, held_out=[1.0, 1e-6]).solved


def test_a_run_that_still_improves_says_so() -> None:
    assert "still fell" in train(net(), replace(PLAN, epochs=3, lr=1e-2)).stopped
    assert "still" not in train(net(), replace(PLAN, lr=1e-9)).stopped
    decibels = History([0.0, 1.0, 2.0], [1.0, 0.9, 0.8], [-28.0, -28.1, -28.2], [0.0, 1.0, 2.0], best=2)
    assert not decibels.still_improves, "an error below zero"
    assert replace(decibels, held_out=[-20.0, -24.0, -28.0]).still_improves


def test_it_never_ends_worse_than_it_starts() -> None:
    module = net()
    before = module[0].weight.clone()
    history = train(module, replace(PLAN, lr=10.0, clip=1e9))
    assert history.best == 0
    assert min(history.held_out[1:]) > history.held_out[0]
    assert torch.equal(module[0].weight, before)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_says_what_to_do(bad: float) -> None:
    module = nn.Linear(5, 5)

    def objective(i: Tensor, batch: Tensor, rng: torch.Generator) -> Tensor:
        return module(batch).sum(1) * bad

    with pytest.raises(TrainingError, match=r"the loss became (nan|-?inf) at step 1: try a smaller lr \(now 0.001\)"):
        minimize(module, objective, Rows(data()), None, PLAN)
    assert all(p.grad is None for p in module.parameters())


def test_progress_is_silent_at_first(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "PATIENCE", 1e3)
    train(net(), replace(PLAN, progress="training"))
    Autoencoder(**SMALL | {"verbose": True}).fit(kinds()["array"])
    assert capfd.readouterr() == ("", "")


def test_progress_in_a_log(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "PATIENCE", 0.0)
    monkeypatch.setattr(shown.Lines, "wait", 0.0)
    train(net(), replace(PLAN, progress="training"))
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) > 2
    assert all(re.match(r"training: \d+%, epoch \d+ of \d+", line) for line in lines)
    assert re.search(r"loss [\d.]+, held-out [\d.]+, at most about \d+ s left$", lines[-2]), "it may end early"
    train(net(), replace(PLAN, progress="training"), held=False)
    assert re.search(r"loss [\d.]+, about \d+ s left$", capfd.readouterr().err.splitlines()[-2])
    Autoencoder(**SMALL).fit(kinds()["array"])
    assert capfd.readouterr() == ("", ""), "verbose=False"


def test_a_long_step_without_a_total_is_not_silent(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "PATIENCE", 0.1)
    monkeypatch.setattr(shown.Lines, "wait", 0.1)
    with shown.progress("fonts") as at:
        at(0, "first")
        at(0, "second")
        time.sleep(0.3)
        at(0, "third")
        at(0, "fourth")
        time.sleep(0.3)
        at(0, "last")
    with shown.progress("fonts") as at:
        at(0, "short")
    assert capfd.readouterr().err.splitlines() == [f"fonts: {word}" for word in ("second", "third", "fourth", "last")]


def test_a_line_every_few_seconds(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(shown, "PATIENCE", 2.0)
    monkeypatch.setattr(shown.time, "monotonic", lambda: clock[0])
    with shown.progress("fit", 100) as at:
        for second in range(20):
            clock[0] = float(second)
            at(5 * second, f"second {second}")
    lines = capfd.readouterr().err.splitlines()
    assert [line.split("second ")[1].split(",")[0] for line in lines] == ["2", "7", "12", "17"]
    assert lines[1] == "fit: 35%, second 7, about 13 s left"


def test_what_was_done_before_says_nothing_about_the_time_left(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(shown, "PATIENCE", 2.0)
    monkeypatch.setattr(shown.time, "monotonic", lambda: clock[0])
    with shown.progress("fit", 100, 70) as at:
        clock[0] = 10.0
        at(80)
    assert capfd.readouterr().err == "fit: 80%, about 20 s left\n"


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(shown, "PATIENCE", 0.0)
    train(net(), replace(PLAN, progress="training"))
    assert capsys.readouterr().out == ""


def test_history_round_trip() -> None:
    history = History([0.0, 1.0], [float("nan"), 2.0], [3.0, 2.0], [0.0, 0.1], 1, "x")
    state = history.state()
    assert state["loss"] == [None, 2.0]
    assert History.from_state(state).state() == state
    for wrong in ({"best": 2}, {"best": -1}, {"loss": [1.0]}, {"stopped": None}, {"epoch": ["a", "b"]}):
        with pytest.raises((ValueError, TypeError)):
            History.from_state(state | wrong)


# ── interrupted, killed, resumed ─────────────────────────────────────────────────────────────────────────────────────


class FellOverError(Exception):
    pass


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("at", [1, 5, 6, 13, 36])
def test_resumed_is_uninterrupted(optimizer: str, precision: str, held: bool, at: int, tmp_path: Path) -> None:
    plan = replace(PLAN, optimizer=optimizer, precision=precision)
    whole, parted = net(0.3), net(0.3)
    expected = train(whole, plan, held=held)
    plan = replace(plan, checkpoint=str(tmp_path / "c"), checkpoint_seconds=0.0, resume=True)
    stopping(parted, plan, held, at)
    again = net(0.3)
    history = train(again, plan, held=held)
    assert bits(whole, again)
    assert history.held_out == pytest.approx(expected.held_out, rel=0, abs=0, nan_ok=True)
    assert history.loss == pytest.approx(expected.loss, rel=0, abs=0, nan_ok=True)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_leaves_a_whole_checkpoint(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Wherever in a step it comes; the time before it is no time of the run that goes on."""
    whole, parted, again = net(0.3), net(0.3), net(0.3)
    expected = train(whole)
    plan = replace(PLAN, checkpoint=str(tmp_path / "c"), checkpoint_seconds=1e9, resume=True, progress="net")
    with pytest.raises(KeyboardInterrupt):
        train(parted, plan, at_round=lambda: signal.raise_signal(signal.SIGINT))
    meta = storage.header(tmp_path / "c").meta
    assert 0 < meta["step"] < meta["total"]
    meta["history"]["seconds"] = [1e6 for _ in meta["history"]["seconds"]]
    storage.write(tmp_path / "c", "checkpoint", meta, storage.read(tmp_path / "c", "checkpoint")[1])
    state = (tmp_path / "c").read_bytes()
    with pytest.warns(UserWarning, match=r"a run that stopped at step \d+ of \d+, which is overwritten.* resume=True goes on"):
        train(net(0.3), replace(plan, resume=False))
    assert not training.unfinished(tmp_path / "c"), "the end is written, too"
    (tmp_path / "c").write_bytes(state)
    history = train(again, plan)
    assert bits(whole, again)
    assert history.held_out == expected.held_out
    assert history.seconds[-1] > 1e6 > 1e5 > sum(history.times.values())
    assert f"net: goes on from {tmp_path / 'c'}, at epoch 0 of 6" in capfd.readouterr().err


def stopping(module: nn.Module, plan: SGD, held: bool, at: int) -> None:
    """Train until step `at` has been written, then fall over."""
    original = training.Run.write

    def write(self: Any) -> None:
        original(self)
        if self.step == at:
            raise FellOverError

    training.Run.write = write  # type: ignore[method-assign]
    try:
        with pytest.raises(FellOverError):
            train(module, plan, held=held)
    finally:
        training.Run.write = original  # type: ignore[method-assign]


def test_other_settings_do_not_resume(tmp_path: Path) -> None:
    plan = replace(PLAN, checkpoint=str(tmp_path / "c"), checkpoint_seconds=0.0, resume=True)
    train(net(), plan)
    with pytest.raises(TrainingError, match="belongs to a run with other settings or data"):
        train(net(), replace(plan, lr=0.5))
    with pytest.raises(TrainingError, match="belongs to a run with other settings or data"):
        train(net(), plan, Rows(data(50)))
    train(net(), replace(plan, resume=False))


def test_a_checkpoint_of_other_data_labels_or_loss_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All have as many rows and weights: it would go on from weights that were learned from something else."""
    r = np.random.default_rng(0)
    X, other = np.tanh(r.normal(size=(2, 300, 5)))
    y = (X[:, 0] > 0) * 1
    saved: dict[str, Any] = {"random_state": 0, "verbose": False, "checkpoint": tmp_path / "c", "epochs": 2}
    plan = System._plan
    monkeypatch.setattr(System, "_plan", lambda self, n: replace(plan(self, n), checkpoint_seconds=0.0))
    trials: list[tuple[Any, tuple[Any, ...], tuple[Any, ...], str]] = [
        (Autoencoder(2, **saved), (X,), (other,), "data"),
        (Autoencoder(2, **saved, corruption=Gaussian(0.1)), (X,), (X,), "corruption"),
        (MultiLabelClassifier(**saved), (X, y[:, None]), (X, 1 - y[:, None]), "y"),
    ]
    for model, given, wrong, name in trials:
        (tmp_path / "c").unlink(missing_ok=True)
        model.fit(*given)
        kept = (tmp_path / "c").read_bytes()
        again = clone(model).set_params(resume=True)
        again.fit(*given)
        (tmp_path / "c").write_bytes(kept)
        with pytest.raises(TrainingError, match=f"belongs to a run with other settings or data .*{name}="):
            again.set_params(**({"corruption": Gaussian(0.2)} if wrong[0] is X and len(wrong) == 1 else {})).fit(*wrong)


def test_the_setting_that_differs_is_named(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"epochs": 1, "verbose": False, "random_state": 0, "checkpoint": tmp_path / "c"}
    X = np.eye(50)[:, :6]
    Autoencoder(2, **settings).fit(X)
    with pytest.raises(TrainingError, match=r"other settings or data \(n_components=2, now 3, weights="):
        Autoencoder(3, resume=True, **settings).fit(X)


@pytest.mark.parametrize("kind", [Autoencoder, OutlierDetector, Classifier, Regressor, MultiLabelClassifier])
def test_a_run_with_other_weights_of_rows_is_not_resumed(kind: Any, tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    X, w = r.normal(size=(300, 5)), r.uniform(0.5, 2, 300)
    y = {"Classifier": X[:, 0] > 0, "Regressor": np.sin(X[:, 0]), "MultiLabelClassifier": X[:, :1] > 0}.get(kind.__name__)
    run = {"epochs": 2, "verbose": False, "random_state": 0, "checkpoint": tmp_path / "c"}
    kind(**run).fit(X, y, sample_weight=w)
    kind(**run, resume=True).fit(X, y, sample_weight=w)
    for other in (None, w[::-1]):
        with pytest.raises(TrainingError, match=r"other settings or data \(sample_weight="):
            kind(**run, resume=True).fit(X, y, sample_weight=other)


def test_what_changes_what_is_learned_but_no_size_tells_runs_apart(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(300, 5))
    y = (X[:, 0] > 0) * 1
    run: dict[str, Any] = {"epochs": 2, "verbose": False, "random_state": 0}
    ones = [Autoencoder(2, epochs=2, verbose=False, random_state=seed).fit(X) for seed in (0, 1)]
    trials: list[tuple[Any, tuple[Any, ...], str, list[Any]]] = [
        (Autoencoder, (X,), "dropout", [0.0, 0.5]),
        (Autoencoder, (X,), "encoder", [torch.nn.Linear(5, 2), torch.nn.Sequential(torch.nn.Linear(5, 2), torch.nn.Tanh())]),
        (OutlierDetector, (X,), "trim_fraction", [0.1, 0.4]),
        (Classifier, (X, y), "class_weight", [None, "balanced", {0: 5.0, 1: 1.0}]),
        (Classifier, (X, y), "encoder", ones),
        (MultiLabelClassifier, (X, y[:, None]), "label_weight", [None, "balanced"]),
    ]
    for i, (kind, given, name, (first, *others)) in enumerate(trials):
        run |= {"checkpoint": tmp_path / str(i)} | ({"freeze": False} if name == "encoder" and kind is Classifier else {})
        kind(**run, **{name: first}).fit(*given)
        kind(**run, **{name: first}, resume=True).fit(*given)
        for other in others:
            with pytest.raises(TrainingError, match=rf"other settings or data \({name}="):
                kind(**run, **{name: other}, resume=True).fit(*given)
        run.pop("freeze", None)


def test_a_damaged_checkpoint_is_said(tmp_path: Path) -> None:
    plan = replace(PLAN, checkpoint=str(tmp_path / "c"), checkpoint_seconds=0.0, resume=True)
    train(net(), plan)
    blob = bytearray((tmp_path / "c").read_bytes())
    blob[-3] ^= 4
    (tmp_path / "c").write_bytes(blob)
    with pytest.raises(FormatError, match="checksum"):
        train(net(), plan)
    storage.write(tmp_path / "c", "Autoencoder", {}, {})
    with pytest.raises(FormatError, match="it holds 'Autoencoder', not 'checkpoint'"):
        train(net(), plan)


@pytest.mark.parametrize("back", [True, False])
def test_training_goes_on_without_a_checkpoint(back: bool, tmp_path: Path) -> None:
    """Its folder is removed in the middle, and comes back, or not: what is said, what is there, and the same bits."""
    whole, other = net(0.3), net(0.3)
    train(whole, PLAN)
    folder, rounds = tmp_path / "state", 0
    folder.mkdir()
    plan = replace(PLAN, checkpoint=str(folder / "c"), checkpoint_seconds=0.0)

    def at_round() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            shutil.rmtree(folder)
        if rounds == 5 and back:
            folder.mkdir()

    with pytest.warns(UserWarning, match=r"checkpoint") as said:
        train(other, plan, at_round=at_round)
    texts = [str(w.message) for w in said]
    assert len(texts) == (1 if back else 2)
    assert re.match(
        r"no checkpoint at step \d+: cannot write '.*c' \(No such file or directory\): its folder does not", texts[0]
    )
    assert texts[0].endswith("create it first. Training goes on, and tries again at the next one")
    assert back or texts[1].startswith("training is over, but its last checkpoint is not there: cannot write")
    assert (folder / "c").exists() == back
    assert bits(whole, other)


def test_a_checkpoint_without_a_folder_is_an_error_before_training(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="its folder does not exist: create it first"):
        train(net(), replace(PLAN, checkpoint=str(tmp_path / "no" / "c")))


PROGRAM = """
    import sys, numpy as np, torch
    torch.set_num_threads(1)
    from diabolo import Autoencoder, training
    checkpoint, out, slow = sys.argv[1], sys.argv[2], float(sys.argv[3])
    X = np.random.default_rng(0).normal(size=(400, 6))
    X[:, 3] = X[:, 0] ** 2
    if slow:
        import time
        descend = training.Run.descend
        def slowly(self, i, x):
            time.sleep(slow)
            descend(self, i, x)
        training.Run.descend = slowly
    plan = Autoencoder._plan
    from dataclasses import replace
    Autoencoder._plan = lambda self, n: replace(plan(self, n), checkpoint_seconds=0.0)
    ae = Autoencoder(2, hidden=(8,), epochs=12, batch_size=32, random_state=0, verbose=False, dropout=0.1,
                     checkpoint=None if checkpoint == "-" else checkpoint, resume=True).fit(X)
    np.save(out, np.concatenate([p.detach().numpy().ravel() for p in ae.network_.parameters()]))
    print(ae.history_.stopped)
"""


def start(*argv: object, program: str = PROGRAM) -> subprocess.Popen[str]:
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, argv)], stdout=subprocess.PIPE, text=True, env=env
    )


def wait_for(path: Path, process: subprocess.Popen[str], writes: int = 3) -> None:
    """Until the checkpoint has been replaced a few times."""
    seen: set[int] = set()
    for _ in range(6000):
        if path.exists():
            seen.add(path.stat().st_ino)
        if len(seen) >= writes:
            return
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    raise AssertionError("no checkpoint appeared")


def test_killed_and_resumed(tmp_path: Path) -> None:
    """A real kill -9, twice; the weights are those of a run never stopped, to the bit."""
    whole = start("-", tmp_path / "whole.npy", 0)
    assert whole.communicate()[0].strip()
    checkpoint = tmp_path / "c"
    for _ in range(2):
        victim = start(checkpoint, tmp_path / "never.npy", 0.05)
        wait_for(checkpoint, victim)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        assert victim.returncode == -signal.SIGKILL
        assert storage.header(checkpoint).meta["step"] > 0
    assert not (tmp_path / "never.npy").exists()
    last = start(checkpoint, tmp_path / "resumed.npy", 0)
    last.communicate()
    assert last.returncode == 0
    assert np.array_equal(np.load(tmp_path / "whole.npy"), np.load(tmp_path / "resumed.npy"))


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_returns_the_best_so_far(tmp_path: Path) -> None:
    process = start(tmp_path / "c", tmp_path / "x.npy", 0.05)
    wait_for(tmp_path / "c", process)
    process.send_signal(signal.SIGINT)
    assert "interrupted" in process.communicate()[0]
    assert process.returncode == 0
    assert np.isfinite(np.load(tmp_path / "x.npy")).all()


def test_sigterm_leaves_a_checkpoint(tmp_path: Path) -> None:
    """A machine that is taken away says so first. The process ends as it does without a handler."""
    whole = start("-", tmp_path / "whole.npy", 0)
    program = PROGRAM.replace("checkpoint_seconds=0.0", "checkpoint_seconds=1e9")
    assert whole.communicate()[0].strip()
    slow = program.replace("descend(self, i, x)", "descend(self, i, x); print('step', flush=True)")
    victim = start(tmp_path / "c", tmp_path / "never.npy", 0.05, program=slow)
    assert victim.stdout is not None
    for _ in range(3):
        victim.stdout.readline()
    assert not (tmp_path / "c").exists()
    victim.send_signal(signal.SIGTERM)
    victim.communicate()
    assert victim.returncode == -signal.SIGTERM
    assert storage.header(tmp_path / "c").meta["step"] >= 3
    last = start(tmp_path / "c", tmp_path / "resumed.npy", 0, program=program)
    last.communicate()
    assert np.array_equal(np.load(tmp_path / "whole.npy"), np.load(tmp_path / "resumed.npy"))


def test_muon_takes_whatever_is_a_matrix() -> None:
    """A convolution, an ensemble, one row, one column, none at all."""
    shapes = [(8, 3, 3, 3), (4, 6, 5), (1, 5), (5, 1), (0, 5), (3,)]
    module = nn.ParameterList([torch.zeros(shape) for shape in shapes])
    flat = Flat(module)
    muon = Muon(flat, 1.0)
    muon.step(1.0)
    assert not flat.w.any(), "no gradient, no step"
    flat.g.normal_(generator=torch.Generator().manual_seed(0))
    muon.step(1.0)
    for shape, w in zip([shape for shape in shapes if len(shape) > 1], module, strict=False):
        tall = max(1.0, shape[0] / max(1, w[:1].numel())) ** 0.5
        assert torch.isfinite(w).all()
        assert (torch.linalg.matrix_norm(w.detach().flatten(1), 2) if w.numel() else 0) < 1.3 * tall


@pytest.mark.parametrize("hardware", [True, False])
@pytest.mark.parametrize("shape", [(30, 8), (8, 30), (12, 12), (20, 50)])
def test_muon_multiplies_in_what_the_hardware_can(hardware: bool, shape: tuple[int, int], monkeypatch: Any) -> None:
    monkeypatch.setattr("diabolo.optimizers.has_bfloat16", lambda device: hardware)
    m = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u = orthogonal(m)
    assert u.dtype == (torch.bfloat16 if hardware and shape[0] > 16 else torch.float32), "thin ones are faster so"
    assert u.shape == shape
    s = torch.linalg.svdvals(m)
    reached = s > 0.06 * s.square().norm().sqrt()  # smaller ones only grow
    assert (torch.linalg.svdvals(u.float())[reached] - 1).abs().max() < 0.4
    assert (torch.linalg.svdvals(u.float()) < 1.4).all()
    assert (u.float() * m).sum() > 0.5 * torch.linalg.svdvals(m).sum()


@pytest.mark.parametrize("shape", [(300, 300), (128, 64), (100, 2000)])
def test_muon_cuts_matrices_into_bands(shape: tuple[int, int]) -> None:
    """Each band is orthogonal for itself, along the shorter side; all have the same size."""
    flat = Flat(nn.ParameterList([torch.zeros(shape)]))
    flat.g.normal_(generator=torch.Generator().manual_seed(0))
    Muon(flat, 1.0).step(1.0)
    w = flat.w.view(shape) if shape[0] <= shape[1] else flat.w.view(shape).T / max(1.0, shape[0] / shape[1]) ** 0.5
    bands = w.chunk(-(-len(w) // most_rows(w)))
    assert len({len(band) for band in bands}) == 1
    for band in bands:
        assert len(band) <= max(64, w.shape[1] // 4)
        s = torch.linalg.svdvals(band)
        assert 0.6 < s.min() <= s.max() < 1.6, "in few digits"


@pytest.mark.parametrize("shape", [(600, 700), (700, 600), (400, 400)])
def test_muon_moves_large_matrices_at_every_second_step(shape: tuple[int, int]) -> None:
    """Each band of rows is orthogonal for itself, in few digits, and moves twice as far."""
    flat = Flat(nn.ParameterList([torch.zeros(shape)]))
    flat.g.normal_(generator=torch.Generator().manual_seed(0))
    muon, moved = Muon(flat, 1.0), []
    for _ in range(4):
        before = flat.w.clone()
        muon.step(1.0)
        moved.append((flat.w - before).view(shape) / max(1.0, shape[0] / shape[1]) ** 0.5)
    assert [bool(step.any()) for step in moved] == [True, False, True, False]
    for band in moved[0].chunk(-(-shape[0] // BAND)):
        assert len(band) <= BAND
        s = torch.linalg.svdvals(band / 2)
        assert 0.7 < s.min() <= s.max() < 1.3


def test_muon_moves_two_large_matrices_by_turns_and_small_ones_always() -> None:
    """In a wide network even a matrix of 250 rows has its turn; it goes on with the right one after a checkpoint."""
    module = nn.ParameterList([torch.zeros(shape) for shape in [(400, 500), (250, 400), (100, 400)]])
    flat = Flat(module)
    flat.g.normal_(generator=torch.Generator().manual_seed(0))
    muon = Muon(flat, 1.0)
    turns = []
    for step in range(4):
        if step == 1:
            kept = muon.state()
            muon = Muon(flat, 1.0)
            for name, value in muon.state().items():
                value.copy_(kept[name])
        before = [p.detach().clone() for p in module]
        muon.step(1.0)
        turns.append([bool((p != old).any()) for p, old in zip(module, before, strict=True)])
    assert turns == [[True, False, True], [False, True, True]] * 2


def test_muon_does_not_mix_the_matrices_of_a_stack() -> None:
    """Zeros around a smaller matrix change nothing: each moves as if it were alone."""
    shapes = [(2, 20), (20, 5), (3, 30), (40, 50), (30, 50)]
    grads = [torch.randn(shape, generator=torch.Generator().manual_seed(i)) for i, shape in enumerate(shapes)]

    def moved(some: list[Tensor]) -> list[Tensor]:
        flat = Flat(nn.ParameterList([torch.zeros(g.shape) for g in some]))
        flat.g.copy_(torch.cat([g.flatten() for g in some]))
        Muon(flat, 1.0).step(1.0)
        return flat.views(flat.w)

    for together, g in zip(moved(grads), grads, strict=True):
        assert torch.allclose(together, moved([g])[0], atol=0.02)


def test_muon_leaves_last_layers_of_members_to_adamw() -> None:
    """Their stacks decay, too; with AdamW alone, nothing is put in another order."""
    net = nn.Sequential(Head(2, 3, (4,)), nn.Linear(5, 6))
    order = [tuple(p.shape) for p in Flat(net, optimizer="muon").parameters]
    assert order == [(6, 5), (2, 3, 4), (2, 4), (6,)]
    assert [tuple(p.shape) for p in Flat(net).parameters] == [(2, 3, 4), (2, 4), (6, 5), (6,)]
    flat = Flat(net, optimizer="muon")
    muon, stacks, vectors = optimizers(flat, "muon", 0.1, 0.2, 0.3)
    assert isinstance(muon, Muon)
    assert isinstance(stacks, AdamW)
    assert isinstance(vectors, AdamW)
    assert (len(muon.g), len(stacks.w), len(vectors.w)) == (30, 32, 6)
    assert (stacks.weight_decay, vectors.weight_decay) == (0.3, 0.0)


def test_muon_decays_a_matrix_by_its_own_rate() -> None:
    """A tall matrix (a, b) has the rate sqrt(a / b); without a gradient it only decays, as fast as it would learn."""
    net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Linear(8, 2))
    before = [p.detach().clone() for p in net.parameters() if p.ndim == 2]
    Muon(Flat(net), lr=0.1, weight_decay=0.5).step(1.0)
    tall, wide = (p.detach() for p in net.parameters() if p.ndim == 2)
    assert torch.allclose(tall, before[0] * (1 - 0.1 * 2 * 0.5))
    assert torch.allclose(wide, before[1] * (1 - 0.1 * 0.5))


@pytest.mark.parametrize(
    ("own", "rate"), [({}, 3e-3), ({"optimizer": "adamw"}, 1e-3), ({"lr": 0.5, "optimizer": "adamw"}, 0.5)]
)
def test_biases_learn_faster_than_matrices_by_adamw(own: dict[str, Any], rate: float) -> None:
    ae = Autoencoder(2, epochs=1, verbose=False, random_state=0, **own).fit(np.eye(50)[:, :4])
    assert ae._plan(45).lr == rate


def test_a_checkpoint_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "ck").mkdir()
    ae = Autoencoder(2, epochs=1, checkpoint=tmp_path / "ck", verbose=False, random_state=0).fit(np.eye(50)[:, :4])
    assert ae._plan(40).checkpoint == str(tmp_path / "ck" / "training.ckpt")


def test_resuming_from_no_checkpoint_is_told() -> None:
    """The command line refuses --resume without --checkpoint; in Python training began anew without a word."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.warns(UserWarning, match="resume=True continues from a checkpoint, and there is none: training begins anew"):
        Autoencoder(2, epochs=2, resume=True, verbose=False).fit(X)
