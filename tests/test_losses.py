"""Contracts of every loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from diabolo.formats import Tables
from diabolo.losses import (
    LOSSES,
    Absolute,
    Asymmetric,
    Bounded,
    Clipped,
    Columns,
    Logistic,
    LogSquared,
    Loss,
    Multinomial,
    Part,
    Softmax,
    Squared,
)

M, B = 6, 16
PARTS = [
    Part(Squared(), (0, 3), (0, 2), (1.0, 1.0)),
    Part(Softmax((2,)), (1, 2), (1,), (0.5,)),
    Part(Logistic(), (5, 4), (4, 3), (1.0, 2.0)),
]
EXAMPLES: list[Loss] = [Squared(), Bounded(), Logistic(), Softmax((2, 3, 1)), Softmax((6,)), Multinomial(2.0), Columns(PARTS)]
EXAMPLES.append(Clipped())
EXAMPLES.append(Multinomial(2.0, (1.0, 2.0, 0.5, 1.0, 3.0, 1.0)))
EXAMPLES += [Asymmetric(), Asymmetric(1.0, 2.0, 0.0), Absolute(), LogSquared(), LogSquared(0.1)]


def onehot(sizes: tuple[int, ...], n: int = B) -> Tensor:
    return torch.cat([F.one_hot(torch.randint(m, (n,)), m) for m in sizes], 1).float()


def targets(loss: Loss) -> Tensor:
    """y of the kind that the loss is for."""
    if isinstance(loss, Softmax):
        return onehot(loss.sizes)
    if isinstance(loss, Multinomial):
        return torch.randint(0, 4, (B, M)).float()
    if isinstance(loss, Columns):
        y = torch.randn(B, M)
        for part in loss.parts:
            index = list(part.features)
            y[:, index] = (
                onehot(part.loss.sizes) if isinstance(part.loss, Softmax) else torch.randint(2, (B, len(index))).float()
            )
        return y
    return torch.rand(B, M).round() if isinstance(loss, (Logistic, Asymmetric)) else torch.rand(B, M)


def blocks(loss: Loss) -> list[list[int]]:
    """The features of each column."""
    if isinstance(loss, Softmax):
        ends = np.cumsum([0, *loss.sizes])
        return [list(range(a, b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]  # noqa: RUF007
    if isinstance(loss, (Multinomial, LogSquared)):
        return [list(range(M))]
    if isinstance(loss, Columns):
        found: dict[int, list[int]] = {}
        for part in loss.parts:
            features = iter(part.features)
            for column, block in zip(
                part.columns, blocks(part.loss) if isinstance(part.loss, Softmax) else [[0]] * len(part.columns), strict=True
            ):
                found[column] = [next(features) for _ in block]
        return [found[c] for c in sorted(found)]
    return [[j] for j in range(M)]


def test_every_loss_has_an_example() -> None:
    assert {type(loss) for loss in EXAMPLES} == set(LOSSES.values())


@pytest.mark.parametrize("loss", EXAMPLES, ids=repr)
def test_shapes(loss: Loss) -> None:
    raw, y = torch.randn(B, M), targets(loss)
    columns = len(blocks(loss))
    assert loss(raw, y).shape == (B,)
    assert loss.terms(raw, y).shape == (B, columns)
    assert loss.errors(loss.predict(raw), y).shape == (B, columns)
    assert loss.predict(raw).shape == (B, M)
    assert torch.allclose(loss(raw, y), loss.terms(raw, y).sum(1))
    assert loss(raw[:0], y[:0]).shape == (0,)


@pytest.mark.parametrize("loss", EXAMPLES, ids=repr)
def test_errors_are_not_negative_and_zero_at_the_truth(loss: Loss) -> None:
    raw, y = torch.randn(B, M), targets(loss)
    assert bool((loss.errors(loss.predict(raw), y) >= -1e-6).all())
    truth = y / y.sum(1, keepdim=True).clamp(min=1) if isinstance(loss, Multinomial) else y
    assert torch.allclose(loss.errors(truth, y), torch.zeros(B, len(blocks(loss))), atol=1e-6)


@pytest.mark.parametrize("loss", [loss for loss in EXAMPLES if not isinstance(loss, Multinomial)], ids=repr)
def test_nan_is_no_term_and_no_gradient(loss: Loss) -> None:
    y = targets(loss)
    full = loss.terms(torch.zeros(B, M), y)
    for j, block in enumerate(blocks(loss)):
        raw = torch.zeros(B, M, requires_grad=True)
        hidden = y.clone()
        hidden[:, block] = torch.nan
        terms = loss.terms(raw, hidden)
        assert bool((terms[:, j] == 0).all())
        others = [i for i in range(terms.shape[1]) if i != j]
        assert torch.equal(terms[:, others], full[:, others])
        terms.sum().backward()
        assert raw.grad is not None
        assert bool(torch.isfinite(raw.grad).all())
        assert bool((raw.grad[:, block] == 0).all())
        assert bool((loss.errors(loss.predict(torch.zeros(B, M)), hidden)[:, j] == 0).all())


@pytest.mark.parametrize("end", [torch.inf, -torch.inf])
@pytest.mark.parametrize("loss", [loss for loss in EXAMPLES if not isinstance(loss, Multinomial)], ids=repr)
def test_what_is_outside_is_not_learned_and_as_wrong_as_can_be(loss: Loss, end: float) -> None:
    y, raw = targets(loss), torch.randn(B, M)
    guess = loss.predict(raw)
    usual, errors = loss.surprise(raw, y), loss.errors(guess, y)
    for j, block in enumerate(blocks(loss)):
        if isinstance(loss, LogSquared) or (len(block) > 1 and end < 0):
            continue
        outside, known, start = y.clone(), y.clone(), raw.clone().requires_grad_()
        outside[:, block] = torch.tensor([0.0] * (len(block) - 1) + [end])
        known[:, block] = torch.nan
        assert torch.equal(loss.terms(raw, outside), loss.terms(raw, known))
        loss(start, outside).sum().backward()
        assert start.grad is not None
        assert bool(torch.isfinite(start.grad).all())
        loss.check(outside) if not isinstance(loss, Columns) else None
        surprise, wrong = loss.surprise(raw, outside), loss.errors(guess, outside)
        others = [i for i in range(surprise.shape[1]) if i != j]
        assert torch.equal(surprise[:, others], usual[:, others])
        assert torch.equal(wrong[:, others], errors[:, others])
        assert bool((surprise[:, j] > 100 * usual.max()).all())
        assert bool((wrong[:, j] == 2).all())


@pytest.mark.parametrize("loss", EXAMPLES, ids=repr)
def test_the_gradient_is_finite_far_away(loss: Loss) -> None:
    for scale in (1e3, 1e4):
        raw = (scale * torch.randn(B, M)).requires_grad_()
        value = loss(raw, targets(loss)).sum()
        value.backward()
        assert bool(torch.isfinite(value))
        assert raw.grad is not None
        assert bool(torch.isfinite(raw.grad).all())


def test_the_loss_of_a_sum_is_the_sum_of_the_losses() -> None:
    loss = Columns(PARTS)
    raw, y = torch.randn(B, M), targets(loss)
    total = torch.zeros(B)
    for part in PARTS:
        index = list(part.features)
        total += (part.loss.terms(raw[:, index], y[:, index]) * torch.tensor(part.weights)).sum(1)
    assert torch.allclose(loss(raw, y), total)


def test_columns_keep_their_order() -> None:
    loss, raw = Columns(PARTS), torch.randn(B, M)
    p = loss.predict(raw)
    assert torch.equal(p[:, [0, 3]], raw[:, [0, 3]])
    assert torch.allclose(p[:, [1, 2]], raw[:, [1, 2]].softmax(1))
    assert torch.allclose(p[:, [4, 5]], raw[:, [4, 5]].sigmoid())
    y = torch.zeros(1, M)
    y[0, 4] = 1.0  # feature 4 is column 3, with weight 2
    terms = loss.terms(torch.zeros(1, M), y)
    assert float(terms[0, 3]) == pytest.approx(2 * np.log(2))
    far = torch.zeros(1, M)
    far[0, 4] = 3.0
    assert float(loss.errors(far, torch.zeros(1, M))[0, 3]) == 9.0


@pytest.mark.parametrize("sizes", [(6,), (2, 3, 1), (1, 1, 4), (3, 3)])
def test_softmax_is_torchs_cross_entropy(sizes: tuple[int, ...]) -> None:
    raw, y = torch.randn(B, M), onehot(sizes)
    terms = Softmax(sizes).terms(raw, y)
    predicted = Softmax(sizes).predict(raw)
    for j, (r, t, p) in enumerate(zip(raw.split(sizes, 1), y.split(sizes, 1), predicted.split(sizes, 1), strict=True)):
        assert torch.allclose(terms[:, j], F.cross_entropy(r, t.argmax(1), reduction="none"), atol=1e-6)
        assert torch.allclose(p, r.softmax(1))


def test_softmax_of_many_columns_needs_no_square_of_their_number() -> None:
    loss = Softmax((3, 2) * 2000)
    raw, y = torch.randn(2, 10_000), onehot(loss.sizes, 2)
    assert loss.terms(raw, y).shape == (2, 4000)
    assert "of_column" not in vars(loss), "a matrix of 40 million numbers"


def test_softmax_is_exact_in_a_network_of_bfloat16() -> None:
    loss = Softmax((6,) * 4)
    y, plain, low = onehot(loss.sizes), torch.randn(B, 24, requires_grad=True), torch.zeros(B, 24, requires_grad=True)
    low.data.copy_(plain.data)
    expected = loss(plain, y)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(low, y)
    assert torch.equal(found, expected)
    found.sum().backward()
    expected.sum().backward()
    assert low.grad is not None
    assert torch.equal(low.grad, plain.grad)


def test_multinomial_weighs_by_length_up_to_a_limit() -> None:
    raw, y = torch.randn(B, M), torch.randint(0, 4, (B, M)).float()
    assert torch.allclose(Multinomial(100.0)(raw, 3 * y), 3 * Multinomial(100.0)(raw, y))
    assert torch.allclose(Multinomial(100.0)(raw, y), F.cross_entropy(raw, y, reduction="none") / 100, atol=1e-5)
    some = y + 1
    assert torch.allclose(Multinomial(5.0)(raw, 1000 * some), Multinomial(5.0)(raw, some)), "a long one counts as a usual one"
    assert float(Multinomial()(raw, torch.zeros(B, M)).abs().sum()) == 0


def test_weights_of_words_do_not_bias_what_is_expected() -> None:
    """The best constant guess is the mean document, whatever the weights."""
    loss = Multinomial(100.0, (1.0, 2.0, 0.5, 1.0, 3.0, 1.0))
    y = torch.randint(1, 4, (B, M)).double()
    mean = y.sum(0) / y.sum()
    raw = loss.tangent(mean)[0].expand(B, -1).clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss(raw, y).sum(), raw)
    assert torch.allclose(slope.sum(0), torch.zeros(M).double(), atol=1e-5)
    assert torch.allclose(loss.predict(raw)[0], mean)
    plain, heavy = Multinomial(), Multinomial(1.0, (1.0, 1.0, 1.0, 1.0, 1.0, 9.0))
    (a, b) = (l.terms(torch.zeros(1, M), torch.eye(M)).squeeze(1) for l in (plain, heavy))
    assert torch.allclose(b / a, torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 9.0]))


@pytest.mark.parametrize("loss", EXAMPLES, ids=repr)
def test_tangent_is_first_order_right(loss: Loss) -> None:
    """predict(raw0 + slope * (e - mean)) = e + O(|e - mean|^2): twice as near, four times as exact."""
    mean = torch.full((M,), 0.3)
    for block in blocks(loss):
        if len(block) > 1 or isinstance(loss, Softmax):
            mean[block] = torch.rand(len(block)) + 0.5
            mean[block] /= mean[block].sum()
    mean, loss = mean.double(), loss
    raw0, slope = loss.tangent(mean)
    if isinstance(loss, Multinomial):
        assert torch.allclose(loss.predict(raw0[None])[0], mean, atol=1e-6)
        return
    direction = torch.randn(M).double()
    for block in blocks(loss):
        if len(block) > 1:
            direction[block] -= direction[block].mean()  # shares keep their sum
        elif isinstance(loss, Softmax):
            direction[block] = 0
    assert torch.allclose(loss.predict(raw0[None])[0], mean, atol=1e-6)

    def off(h: float) -> float:
        e = mean + h * direction
        return float((loss.predict((raw0 + slope * (e - mean))[None])[0] - e).abs().max())

    assert off(1e-3) <= 1e-4
    assert off(5e-4) <= 0.3 * off(1e-3) + 1e-9


def test_weights_make_the_constant_guess_cost_the_variance() -> None:
    r = np.random.default_rng(0)
    n = 2000
    df = pd.DataFrame(
        {
            "number": r.normal(3, 5, n),
            "yes": r.random(n) < 0.2,
            "two": r.choice(["a", "b"], n, p=[0.9, 0.1]),
            "many": r.choice([f"c{i}" for i in range(40)], n),
        }
    )
    format = Tables().fit(df)
    loss, y = format.loss(), format.to_tensor(df)
    mean = y.mean(0)
    raw0 = mean.clone()
    raw0[1] = torch.logit(mean[1])
    raw0[2:] = mean[2:].clamp(min=1e-30).log()
    cost = loss.terms(raw0.expand(n, -1), y).mean(0)
    variance = loss.errors(mean.expand(n, -1), y).mean(0)
    assert torch.allclose(cost, variance, rtol=1e-4)
    assert float(variance[0]) == pytest.approx(1.0)
    assert float(variance[3]) == pytest.approx(1 - 1 / 40, abs=0.01)


def test_a_constant_guess_at_the_mean_is_best() -> None:
    for loss in (Squared(), Clipped(), Bounded(), Logistic(), Softmax((6,)), Multinomial()):
        y = targets(loss)
        mean = y.mean(0, keepdim=True).expand(B, -1)
        if isinstance(loss, Multinomial):
            continue
        at = loss.errors(mean, y).sum()
        assert bool(loss.errors(mean + 0.05, y).sum() > at)


# ── clipped ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clipped_costs_nothing_beyond_an_end_and_is_squared_inside() -> None:
    y = torch.tensor([[0.0, 0.0, 1.0, 1.0, 0.5, torch.nan]])
    raw = torch.tensor([[-3.0, 0.5, 4.0, 0.5, -1.0, 9.0]], requires_grad=True)
    terms = Clipped().terms(raw, y)
    assert terms.tolist() == [[0.0, 0.25, 0.0, 0.25, 2.25, 0.0]]
    terms.sum().backward()
    assert raw.grad is not None
    assert (raw.grad[0, [0, 2, 5]] == 0).all()
    assert (raw.grad[0, [1, 3, 4]] != 0).all(), "what is clipped, but wrong, is still pulled back"
    assert torch.isnan(Clipped().terms(torch.tensor([[torch.nan]]), torch.tensor([[0.0]]))).all()


# ── asymmetric ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_asymmetric_without_any_asymmetry_is_logistic() -> None:
    raw, y = 5 * torch.randn(B, M), torch.rand(B, M)
    assert torch.allclose(Asymmetric(0, 0, 0)(raw, y), Logistic()(raw, y), rtol=1e-5)


@pytest.mark.parametrize("loss", [Asymmetric(), Asymmetric(1.0, 2.0, 0.0), Asymmetric(0.5, 1.0, 0.2)], ids=repr)
def test_asymmetric_is_its_formula(loss: Asymmetric) -> None:
    raw, y = 3 * torch.randn(B, M).double(), torch.rand(B, M).double()
    p = raw.sigmoid()
    q = (p - loss.margin).clamp(min=0)
    wanted = -y * (1 - p) ** loss.up * p.log() - (1 - y) * q**loss.down * (1 - q).log()
    assert torch.allclose(loss.terms(raw, y), wanted, rtol=1e-6)


def test_what_is_surely_no_does_not_count() -> None:
    raw = torch.logit(torch.tensor([[0.01, 0.04, 0.06, 0.9]])).requires_grad_()
    Asymmetric()(raw, torch.zeros(1, 4)).sum().backward()
    assert raw.grad is not None
    assert raw.grad[0, :2].tolist() == [0, 0]
    assert bool((raw.grad[0, 2:] > 0).all())


@pytest.mark.parametrize("loss", [Logistic(), Asymmetric(), Asymmetric(1.0, 2.0, 0.0)], ids=repr)
def test_a_soft_target_is_the_mean_of_yes_and_no(loss: Loss) -> None:
    raw, y = torch.randn(B, M), torch.rand(B, M)
    yes, no = loss.terms(raw, torch.ones(B, M)), loss.terms(raw, torch.zeros(B, M))
    assert torch.allclose(loss.terms(raw, y), y * yes + (1 - y) * no, atol=1e-5)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_median_costs_least() -> None:
    y = torch.tensor([[0.0], [0.1], [0.2], [0.3], [9.0]])
    cost = [float(Absolute()(torch.full_like(y, guess), y).sum()) for guess in (0.1, 0.2, 0.3, float(y.mean()))]
    assert min(cost) == cost[1]
    raw = torch.randn(B, M)
    assert torch.allclose(Absolute()(raw, raw + 2), torch.full((B,), 2.0 * M))


def test_a_tenth_of_the_error_is_twenty_decibels_at_every_strength() -> None:
    y, e = torch.rand(B, 50), torch.randn(B, 50)
    loss = LogSquared(0.0)
    for strength in (1.0, 1e-2):
        gained = loss(y + strength * e, y) - loss(y + strength / 10 * e, y)
        assert torch.allclose(gained, torch.full((B,), float(np.log(100))), atol=1e-3)
    psnr = -10 * (e * 0.1).square().mean(1).log10()
    assert torch.allclose(loss(y + 0.1 * e, y), -psnr * float(np.log(10)) / 10, atol=1e-3)


def test_the_floor_bounds_the_logarithm() -> None:
    y = torch.rand(B, M)
    assert torch.allclose(LogSquared(1e-3)(y, y), torch.full((B,), float(np.log(1e-3))))


def test_hidden_pixels_are_left_out_of_the_mean() -> None:
    raw, y = torch.randn(B, M), torch.rand(B, M)
    hidden = y.clone()
    hidden[:, 2:] = torch.nan
    assert torch.allclose(LogSquared()(raw, hidden), LogSquared()(raw[:, :2], y[:, :2]))
