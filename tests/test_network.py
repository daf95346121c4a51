"""The network starts at PCA; every layer that a file may describe can be built from its description."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from diabolo import Autoencoder, nets
from diabolo.corruption import Clean
from diabolo.errors import FormatError
from diabolo.estimators.linear import link
from diabolo.losses import Bounded, Columns, Logistic, Multinomial, Part, Softmax, Squared
from diabolo.nets import (
    ConcatEnsembles,
    ConcatHidden,
    EnsembleMLP,
    EnsembleScaler,
    EnsembleSkipMLP,
    Head,
    MissingIndicator,
    ModuleEnsemble,
    PerLabelHead,
    PiecewiseLinearEncoding,
    PretrainedEncoder,
    SkipMLP,
    Sphere,
    TfIdf,
    mlp,
)
from diabolo.nets.dense import curbed
from diabolo.network import Diabolo
from diabolo.rows import Rows
from diabolo.training import SGD, minimize


def modules() -> dict[str, nn.Module]:
    """Every layer of the vocabulary, and compositions of them."""
    one: dict[str, nn.Module] = {
        "SkipMLP": SkipMLP(4, (8, 6), 2, 0.1),
        "EnsembleSkipMLP": EnsembleSkipMLP(3, 4, (8, 6), 2),
        "SkipMLP, linear": SkipMLP(4, (), 2),
        "EnsembleMLP": EnsembleMLP(3, 4, (8, 6), 0.1, 0.2),
        "EnsembleScaler": EnsembleScaler(3, 4),
        "ConcatHidden": nn.Sequential(EnsembleScaler(3, 4), ConcatHidden(3, 4, (8, 6), 0.0, 0.2)),
        "Head": nn.Sequential(EnsembleScaler(3, 4), Head(3, 4, (5, 1))),
        "PerLabelHead": nn.Sequential(EnsembleScaler(6, 4), PerLabelHead(3, 4, 2)),
        "PretrainedEncoder": PretrainedEncoder(ModuleEnsemble([nn.Linear(4, 3), nn.Linear(4, 3)]), EnsembleScaler(2, 3)),
        "ConcatEnsembles": ConcatEnsembles(
            PretrainedEncoder(ModuleEnsemble([nn.Linear(4, 3), nn.Linear(4, 3)]), EnsembleScaler(2, 3)),
            nn.Sequential(MissingIndicator([1]), EnsembleMLP(2, 5, (8, 6))),
        ),
        "ConvFeatures": nets.ConvFeatures((1, 2, 2), (4,)),
        "ConvEncoder": nets.ConvEncoder((1, 2, 2), (4, 8), 3),
        "ConvDecoder": nets.ConvDecoder(4, (4, 6), (3, 5, 4)),
        "MissingIndicator": MissingIndicator([0, 3]),
        "PiecewiseLinearEncoding": PiecewiseLinearEncoding([2, 0, 1, 3]),
        "Calendar": nets.Calendar([2, 0, 2]),
        "Calendar, bent": nets.Calendar([2, 0], bent=True),
        "TfIdf": TfIdf(4),
        "Link": nets.Link([0], [2, 3], [2]),
        "Link of words": nets.Link(words=[0, 1, 2, 3]),
        "Shares": nets.Shares(4, 0.1),
        "Drop": nets.Drop(0.25),
        "Sphere": Sphere(0.3),
        "Linear": nn.Linear(4, 3),
        "Linear, no bias": nn.Linear(4, 3, bias=False),
        "LayerNorm": nn.LayerNorm(4),
        "Dropout": nn.Dropout(0.25),
        "mlp": mlp(4, (5, 5), 2, nn.Tanh, 0.1),
    }
    plain = {name: cls() for name, (cls, keys) in nets.vocabulary.PLAIN.items() if not keys or name == "GELU"}
    return (
        one
        | plain
        | {"nested": nn.Sequential(nn.Sequential(MissingIndicator([1]), nn.Linear(5, 3)), nn.GELU(), nn.Linear(3, 2))}
    )


def pictures() -> dict[str, tuple[nn.Module, tuple[Any, ...]]]:
    """Every layer whose x is pictures, and what it takes beside the weights."""
    h, x = torch.randn(2, 8, 4, 6), torch.randn(2, 1, 8, 16)
    return {
        "UNet": (nets.UNet(1, (8, 16), 1), (x,)),
        "UNet, biased": (nets.UNet(1, (4, 6, 8), 2, bias=True), (x,)),
        "NoiseConditionalUNet": (nets.NoiseConditionalUNet(1, (8, 16), 1), (x, torch.rand(2))),
        "ResidualCNN": (nets.ResidualCNN(1, 8, 2), (x,)),
        "PixelShuffleHead": (nets.PixelShuffleHead(8, 1, 3), (h,)),
        "PixelShuffleHeads": (nets.PixelShuffleHeads(8, 1, (2, 3)), (h, 3)),
        "ColorClassHead": (nets.ColorClassHead(8, 28), (h,)),
        "Lite0": (nets.Lite0(64), (torch.rand(2, 3, 16, 24),)),
    }


UNSHUFFLED = {
    "UNet",
    "UNet, biased",
    "NoiseConditionalUNet",
}  # they begin with torch's pixel_unshuffle, which leaves an empty batch as it is


def iris() -> np.ndarray:
    return StandardScaler().fit_transform(load_iris().data)


def test_the_vocabulary_is_covered() -> None:
    found = {type(part).__name__ for m in modules().values() for part in m.modules()} | {
        type(m).__name__ for m, _ in pictures().values()
    }
    assert found >= {*nets.vocabulary.OWN, *nets.vocabulary.PLAIN, *nets.vocabulary.NESTED}


@pytest.mark.parametrize("name", modules())
def test_a_described_module_is_built_again(name: str) -> None:
    module = modules()[name].eval()
    built = nets.build(nets.describe(module)).eval()
    assert nets.describe(built) == nets.describe(module)
    built.load_state_dict(module.state_dict())
    x = torch.randn(7, 4)
    assert torch.equal(module(x), built(x))


@pytest.mark.parametrize("name", modules())
def test_an_empty_batch_passes(name: str) -> None:
    assert modules()[name](torch.zeros(0, 4)).shape[-2] == 0


@pytest.mark.parametrize("name", pictures())
def test_a_described_module_of_pictures_is_built_again(name: str) -> None:
    module, x = pictures()[name]
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.1)  # some layers start at zero
    built = nets.build(nets.describe(module))
    assert nets.describe(built) == nets.describe(module)
    built.load_state_dict(module.state_dict())
    assert bool(module(*x).abs().sum() > 0)
    assert torch.equal(module(*x), built(*x))


@pytest.mark.parametrize("name", sorted(pictures().keys() - UNSHUFFLED))
def test_an_empty_batch_of_pictures_passes(name: str) -> None:
    module, x = pictures()[name]
    assert len(module(*(v[:0] if isinstance(v, Tensor) else v for v in x))) == 0


def test_other_modules_are_named() -> None:
    class Mine(nn.Linear):
        pass

    assert nets.describe(Mine(2, 2)) == {"layer": "custom", "class": "Mine"}
    assert nets.is_own(nets.describe(nn.Sequential(Mine(2, 2))))
    assert nets.is_own(nets.describe(nn.Bilinear(1, 1, 1)))


def test_a_layer_that_stands_there_twice_is_described_twice() -> None:
    act = nn.Tanh()
    twice = nn.Sequential(nn.Linear(2, 2), act, nn.Linear(2, 2), act)
    built = nets.build(nets.describe(twice))
    built.load_state_dict(twice.state_dict())
    x = torch.randn(3, 2)
    assert torch.equal(built(x), twice(x))


@pytest.mark.parametrize(
    "module",
    [nn.GELU("tanh"), nn.LayerNorm(4, eps=0.5), nn.LayerNorm(4, elementwise_affine=False), nn.LayerNorm(4, bias=False)],
)
def test_the_settings_of_a_layer_are_described(module: nn.Module) -> None:
    x, built = torch.randn(3, 4), nets.build(nets.describe(module))
    built.load_state_dict(module.state_dict())
    assert torch.equal(built(x), module(x))


def test_what_a_description_cannot_say_is_ones_own() -> None:
    named = nn.Sequential()
    named.add_module("first", nn.Linear(2, 2))
    assert nets.is_own(nets.describe(named))
    assert nets.is_own(nets.describe(nn.Flatten(0)))


@pytest.mark.parametrize(
    "config",
    [
        None,
        [],
        {},
        {"layer": "Linear"},
        {"layer": "Linear", "in_features": -1, "out_features": 2},
        {"layer": "Linear", "in_features": 1 << 40, "out_features": 2},
        {"layer": "Linear", "in_features": 2, "out_features": 2, "device": "cuda"},
        {"layer": "Dropout", "p": 7},
        {"layer": "os.system"},
        {"layer": "SkipMLP", "d": 2, "hidden": [1] * 20_000, "out": 2},
    ],
)
def test_what_is_not_in_the_vocabulary_is_refused(config: object) -> None:
    with pytest.raises(FormatError):
        nets.build(config)


def test_a_layer_of_another_version_is_named() -> None:
    with pytest.raises(FormatError, match=r"'ConvEncoder' is not the one of this version .*'channels'.*fit the model again"):
        nets.build({"layer": "ConvEncoder", "shape": [3, 16, 12], "widths": [8, 16], "out": 5})


def test_a_description_may_not_nest_without_end() -> None:
    config: dict[str, object] = {"layer": "Identity"}
    for _ in range(30):
        config = {"layer": "Sequential", "parts": [config]}
    with pytest.raises(FormatError):
        nets.build(config)


LOSSES = {
    "logistic": Logistic(),
    "bounded": Bounded(),
    "softmax": Softmax((2, 3)),
    "multinomial": Multinomial(2.0, (1.0, 2.0, 0.5, 3.0, 1.0)),
}


@pytest.mark.parametrize("name", LOSSES)
@given(hnp.arrays(np.float64, (4, 5), elements=st.floats(-3, 3)), st.integers(0, 1000))
def test_the_way_back_is_never_farther_from_the_truth(name: str, e: np.ndarray, seed: int) -> None:
    """What a loss predicts from the linked expectation errs no more than the expectation."""
    loss, rng = LOSSES[name], np.random.default_rng(seed)
    y = rng.integers(0, 2, (4, 5)) if name == "logistic" else rng.random((4, 5))
    if name == "softmax":
        y = np.concatenate([np.eye(2)[rng.integers(0, 2, 4)], np.eye(3)[rng.integers(0, 3, 4)]], 1)
    truth, expected = torch.from_numpy(y).double(), torch.from_numpy(e)
    found = loss.predict(link(loss, 5)(expected))
    assert bool((loss.errors(found, truth) <= loss.errors(expected, truth) + 1e-6).all())


def test_the_way_back_of_what_can_be_is_exact() -> None:
    p = torch.tensor([[0.2, 0.8, 0.5, 0.3, 0.2]], dtype=torch.float64)
    columns = Columns(
        [
            Part(Squared(), (2,), (1,), (1.0,)),
            Part(Softmax((2,)), (0, 1), (0,), (1.0,)),
            Part(Logistic(), (3, 4), (2, 3), (1.0, 1.0)),
        ]
    )
    assert torch.allclose(columns.predict(link(columns, 5)(p)), p)


def test_curved_starts_straight() -> None:
    a, b, x = torch.randn(3, 5), torch.randn(3), torch.randn(10, 5)
    assert torch.allclose(SkipMLP(5, (16, 16), 3).init_skip(a, b)(x), x @ a.T + b, atol=1e-6)


def test_hidden_units_bend_at_rows() -> None:
    """Of each unit the input is 0 at one of the rows; the network still is its straight path."""
    rows = torch.tensor([[1.0, 2.0], [-3.0, 0.5], [40.0, -1.0]])
    net: Any = SkipMLP(2, (6, 5), 3).set_scaling(torch.ones(2), torch.full((2,), 2.0)).bend(rows)
    h = curbed((rows - net.c) / net.s)
    for i in (0, 2):
        a = net.curve[i](h)
        assert (a.abs().min(0).values < 1e-5).all()
        assert not (a.abs() < 1e-5).all(0).any()
        h = net.curve[i + 1](a)
    assert torch.equal(net(rows), net.straight(rows))
    assert SkipMLP(2, (), 3).bend(rows).curve is None


def test_a_member_of_an_ensemble_is_a_curved_network() -> None:
    ensemble, alone = EnsembleSkipMLP(3, 5, (8,), 2), SkipMLP(5, (8,), 2)
    for parameter in ensemble.parameters():
        nn.init.normal_(parameter)
    layers = [(alone.straight, ensemble.a, ensemble.b)]
    layers += [(alone.curve[2 * i], ensemble.weights[i], ensemble.biases[i]) for i in range(2)]
    with torch.no_grad():
        for layer, weight, bias in layers:
            layer.weight.copy_(weight[1].T)
            layer.bias.copy_(bias[1])
    x = torch.randn(7, 5)
    assert torch.allclose(ensemble(x)[1], alone(x), atol=1e-5)
    assert torch.allclose(ensemble(x.expand(3, 7, 5)), ensemble(x))


def test_curved_is_calm_far_away() -> None:
    net = SkipMLP(1, (16,), 1)
    nn.init.ones_(net.curve[-1].weight)
    net.init_skip(torch.zeros(1, 1), torch.zeros(1))
    near, far = net(torch.tensor([[1e3], [1e6]])).abs().flatten().tolist()
    assert far < 3 * near


def test_missing_says_where() -> None:
    x = torch.tensor([[1.0, torch.nan, 3.0]])
    assert MissingIndicator([1, 2])(x).tolist() == [[1, 0, 3, 1, 0]]
    assert MissingIndicator([])(x).tolist() == [[1, 0, 3]]


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.integers(-4, 4) | st.floats(-9, 9, width=32)
    ),
    st.integers(1, 12),
)
def test_bins_tell_where_a_number_stands(rows: np.ndarray, most: int) -> None:
    """The lengths of the bins that x has come through, from the smallest value on, sum to x."""
    x = torch.from_numpy(rows)
    bins = PiecewiseLinearEncoding.of(x, most).double()
    e = bins(x.double())[:, x.shape[1] :]
    assert ((e >= 0) & (e <= 1)).all()
    assert (bins.s > 0).all()
    for j, count in enumerate(bins.counts):
        mine = torch.from_numpy(bins.feature == j)
        assert count == mine.sum() <= most
        assert (count == 0) == (len(np.unique(rows[:, j])) <= 2)
        if count:
            torch.testing.assert_close(
                (e[:, mine] * bins.s[mine]).sum(1) + bins.q[mine][0], x[:, j].double(), rtol=0, atol=1e-5
            )


def test_tfidf_is_sklearns() -> None:
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = np.random.default_rng(0).poisson(0.5, (20, 6)).astype(float)
    theirs = TfidfTransformer(sublinear_tf=True).fit(counts)
    ours = TfIdf(6).double()
    ours.idf.copy_(torch.from_numpy(theirs.idf_))
    assert np.allclose(ours(torch.from_numpy(counts)).numpy(), theirs.transform(counts).toarray())


@pytest.mark.parametrize("hidden", [(), (8,), (8, 6)])
def test_every_parameter_gets_a_gradient(hidden: tuple[int, ...]) -> None:
    """After one step: the curved path's last matrix starts at zero, and nothing flows through zero."""
    net = Diabolo(SkipMLP(4, hidden, 2), SkipMLP(2, hidden[::-1], 4))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    x = torch.randn(32, 4)
    for _ in range(3):
        optimizer.zero_grad()
        Squared()(net(x), x).mean().backward()
        optimizer.step()
    for name, p in net.named_parameters():
        assert p.grad is not None, name
        assert p.grad.abs().sum() > 0, name


def start(X: np.ndarray, k: int, **params: object) -> tuple[Autoencoder, Tensor]:
    """The network before any step, and x."""
    ae = Autoencoder(k, epochs=1, lr=0.0, muon_lr=0.0, verbose=False, validation_fraction=0.0, random_state=0, **params).fit(X)
    return ae, ae.format_.to_tensor(X)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_network_starts_at_pca(k: int) -> None:
    X = iris()
    ae, x = start(X, k, loss="squared")
    pca = PCA(k).fit(X)
    assert np.allclose(abs(ae.transform(X)), abs(pca.transform(X)), atol=1e-5)
    assert np.allclose(ae.reconstruct(X), pca.inverse_transform(pca.transform(X)), atol=1e-5)
    assert np.allclose(ae.network_(x).detach(), ae._linear.expected(ae._linear.encode(x)), atol=1e-5)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_without_hidden_layers_it_is_pca(k: int) -> None:
    X = iris()
    ae = Autoencoder(k, hidden=(), loss="squared", verbose=False).fit(X)
    pca = PCA(k).fit(X)
    assert np.allclose(ae.reconstruct(X), pca.inverse_transform(pca.transform(X)), atol=1e-5)
    assert np.allclose(ae.explained_variance_ratio_, pca.explained_variance_ratio_, atol=1e-5)
    assert np.allclose(ae.pca_.explained_variance_ratio_, pca.explained_variance_ratio_, atol=1e-5)
    ours = ae.network_.encoder[1].straight.weight.numpy()
    assert np.allclose(ours.T @ ours, pca.components_.T @ pca.components_, atol=1e-5)  # the same subspace
    assert ae.score(X) == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-5)
    assert ae.comparison_["pca"] == pytest.approx(ae.comparison_["autoencoder"], abs=1e-5)
    assert "closed form" in ae.history_.stopped


def test_units_do_not_matter() -> None:
    X = iris()
    other = X * [1, 1000, 1e-3, 7] + [0, 5, -3, 1e4]
    a = Autoencoder(2, hidden=(), verbose=False).fit(X)
    b = Autoencoder(2, hidden=(), verbose=False).fit(other)
    assert np.allclose(a.transform(X), b.transform(other), atol=1e-4)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.999])
def test_a_share_of_the_variance_picks_what_pca_picks(share: float) -> None:
    X = iris()
    ae = Autoencoder(share, hidden=(), verbose=False).fit(X)
    assert ae.n_components_ == PCA(share).fit(X).n_components_
    assert ae.transform(X).shape == (150, ae.n_components_)


def test_linear_training_stays_at_pca() -> None:
    """A linear network that is trained all the same (noise of strength ~0) can only return to PCA."""
    x = torch.from_numpy(iris()).float()
    pca = PCA(2).fit(iris())
    a = torch.from_numpy(pca.components_).float()
    net = Diabolo(SkipMLP(4, (), 2).init_skip(a, torch.zeros(2)), SkipMLP(2, (), 4).init_skip(a.T, torch.zeros(4)))
    before = float(Squared()(net(x), x).mean().detach())
    corrupt = Clean()

    def objective(i: Tensor, batch: Tensor, rng: torch.Generator) -> Tensor:
        seen, target = corrupt(batch, rng)
        return Squared()(net(seen), target)

    minimize(net, objective, Rows(x), None, SGD(epochs=30, batch_size=150, optimizer="adamw"))
    assert float(Squared()(net(x), x).mean().detach()) == pytest.approx(before, rel=1e-3)


@pytest.mark.parametrize("hidden", [(), (5,)])
def test_a_stretched_network_is_as_much_further_from_where_it_was_said(hidden: tuple[int, ...]) -> None:
    net, x, y0 = SkipMLP(3, hidden, 4), torch.randn(6, 3), torch.randn(4)
    for p in net.parameters():
        nn.init.normal_(p)
    before = net(x)
    assert torch.allclose(net.stretched(1.4, y0)(x), y0 + 1.4 * (before - y0), atol=1e-5)
    assert torch.equal(net.stretched(1.0, y0)(x), net(x))
