"""Last layers and the towers under them: identities, independence of the members, descriptions."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from diabolo import nets
from diabolo.nets import EnsembleMLP, EnsembleScaler, Head, ModuleEnsemble, PerLabelHead
from diabolo.nets.dense import curbed

K, B, D = 3, 7, 4


def head(m: int, *blocks: int, members: int = K) -> Head:
    """With random rows."""
    made = Head(members, m, blocks)
    with torch.no_grad():
        for p in made.parameters():
            p.normal_()
    return made


def rows(h: Head) -> Tensor:
    """All rows v_c with their b_c, (K, m + 1, k)."""
    return torch.cat([torch.cat(list(h.v), -1), torch.cat(list(h.b), -1)[:, None]], 1).detach()


def modules() -> dict[str, nn.Module]:
    codes = EnsembleScaler(K, D).set_scaling(torch.randn(D), torch.rand(D) + 0.5)
    return {
        "Head": head(D, 3),
        "Head, blocks": head(D, 3, 1, 1),
        "Head, straight": nn.Sequential(EnsembleMLP(K, D, (5,)).with_units(torch.randn(D, 2)), head(5, 3)),
        "EnsembleMLP": EnsembleMLP(K, D, (8, 5), 0.2, 0.5).set_scaling(torch.randn(D), torch.rand(D) + 0.5),
        "EnsembleMLP, straight": EnsembleMLP(K, D, (8, 5)).with_units(torch.randn(D, 3)).with_units(torch.randn(D, 1)),
        "EnsembleScaler": codes,
        "PerLabelHead": PerLabelHead(K, D, 2),
        "ModuleEnsemble": ModuleEnsemble([nn.Linear(D, 2), nn.Linear(D, 2)]),
    }


# ── the head ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_head_is_k_rows_for_each_member() -> None:
    a, h = head(D, 2, 3), torch.randn(K, B, D)
    v, b = torch.cat(list(a.v), -1), torch.cat(list(a.b), -1)
    raw = torch.stack([h[j] @ v[j] + b[j] for j in range(K)])
    assert a(h).shape == (K, B, 5)
    assert torch.allclose(a(h), raw, atol=1e-6)
    assert (a.k, a.blocks) == (5, (2, 3))


@given(k=st.integers(1, 70), m=st.integers(1, 40), n=st.integers(1, 100), more=st.integers(1, 4))
def test_a_row_more_touches_no_bit_of_the_others(k: int, m: int, n: int, more: int) -> None:
    torch.manual_seed(k)
    a, h = head(m, k), torch.randn(K, n, m)
    before = a(h)
    for i in range(more):
        v, b = torch.randn(K, m), torch.randn(K)
        raw = a.append(v, b)(h)
        assert torch.equal(raw[..., : k + i], before)
        assert torch.allclose(raw[..., -1], (h @ v[..., None])[..., 0] + b[:, None], atol=1e-4)
        before = raw
    assert a.k == k + more


@pytest.mark.parametrize("c", range(5))
def test_without_a_row_the_others_stay(c: int) -> None:
    a, h = head(D, 3, 1, 1), torch.randn(K, B, D)
    before, kept = a(h), rows(a)
    others = [j for j in range(5) if j != c]
    assert a.drop(c) is a
    assert a.k == 4
    assert torch.equal(rows(a), kept[..., others])
    assert torch.allclose(a(h), before[..., others], atol=1e-6)
    assert all(a.blocks), "no empty block stays"


def test_a_row_that_is_dropped_again_leaves_no_trace() -> None:
    a, h = head(D, 3), torch.randn(K, B, D)
    before = a(h)
    a.append(torch.randn(K, D), torch.randn(K)).drop(3)
    assert a.blocks == (3,)
    assert torch.equal(a(h), before)


def test_merged_is_one_block_with_the_same_rows() -> None:
    a, h = head(D, 3, 1, 2), torch.randn(K, B, D)
    before, kept = a(h).detach(), rows(a)
    assert a.merged().blocks == (6,)
    assert torch.equal(rows(a), kept)
    assert torch.allclose(a(h), before, atol=1e-6)
    a(h).sum().backward()
    assert all(p.grad is not None for p in a.parameters())


@pytest.mark.parametrize("some", [[0], [5, 2], [1, 3, 4], [3, 3], []])
def test_some_rows_only(some: list[int]) -> None:
    a, h = head(D, 3, 1, 2), torch.randn(K, B, D)
    assert torch.allclose(a.only(h, torch.tensor(some, dtype=torch.long)), a(h)[..., some], atol=1e-6)


def test_a_new_row_is_as_trainable_as_the_others() -> None:
    for wanted in (True, False):
        a = head(D, 2).requires_grad_(wanted).append(torch.zeros(K, D), torch.zeros(K))
        assert {p.requires_grad for p in a.parameters()} == {wanted}
        assert {p.requires_grad for p in a.drop(0).parameters()} == {wanted}


def test_a_new_row_has_the_precision_of_the_others() -> None:
    a = head(D, 2).double().append(torch.zeros(K, D), torch.zeros(K))
    assert {p.dtype for p in a.parameters()} == {torch.float64}


# ── members ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def touched(parameters: list[Tensor], gradients: tuple[Tensor | None, ...]) -> set[int]:
    """Which members have a gradient."""
    return {j for _, g in zip(parameters, gradients, strict=True) if g is not None for j in range(len(g)) if g[j].any()}


@pytest.mark.parametrize("hidden", [(8,), (8, 5)])
def test_members_of_a_tower_know_nothing_of_each_other(hidden: tuple[int, ...]) -> None:
    tower, last = EnsembleMLP(K, D, hidden, 0.2, 0.5), head(hidden[-1], 2)
    net = nn.Sequential(tower, last)
    x, parameters = torch.randn(B, D), list(net.parameters())
    for j in range(K):
        assert touched(parameters, torch.autograd.grad(net(x)[j].sum(), parameters)) == {j}


def test_a_member_of_a_tower_is_a_stack_of_layers() -> None:
    tower, x = EnsembleMLP(K, D, (8, 5)).eval(), torch.randn(B, D)
    whole = tower(x)
    for j in range(K):
        h = curbed(x)
        for w, b in zip(tower.weights, tower.biases, strict=True):
            h = nn.functional.silu(h @ w[j] + b[j])
        assert torch.allclose(whole[j], h, atol=1e-5)


@pytest.mark.parametrize("plain", [False, True])
def test_straight_units_are_straight_and_know_nothing_of_each_other(plain: bool) -> None:
    w, x = torch.randn(D, 3), torch.randn(B, D)
    tower = EnsembleMLP(K, D, (8, 5), plain=plain).set_scaling(torch.randn(D), torch.rand(D) + 0.5).eval()
    h = tower(x)
    z = tower.with_units(w)(x)
    assert torch.equal(z[..., :5], h)
    assert torch.allclose(z[..., 5:], ((x if plain else tower.first(x)) @ w).expand(K, B, 3), atol=1e-6)
    more = tower.with_units(torch.randn(D, 1))(x)
    assert torch.equal(more[..., :8], z)
    assert torch.allclose(tower.drop(1)(x), more[..., [*range(6), 7, 8]], atol=1e-6)
    assert tower.units == 3


def test_straight_units_are_those_of_the_last_outputs() -> None:
    a, h, u = head(D, 2, 3), torch.randn(K, B, D), torch.randn(K, B, 2)
    assert torch.equal(a(torch.cat([h, u], -1))[..., :3], a(h)[..., :3])
    assert torch.equal(a(torch.cat([h, u], -1))[..., 3:], a(h)[..., 3:] + u)


def test_a_tower_takes_what_each_member_sees() -> None:
    tower, x = EnsembleMLP(K, D, (8,)).eval(), torch.randn(K, B, D)
    assert torch.allclose(tower(x)[1], tower(x[1])[1], atol=1e-6)


def test_a_tower_sees_standardized_features() -> None:
    c, s, x = torch.randn(D), torch.rand(D) + 0.5, torch.randn(B, D)
    plain = EnsembleMLP(K, D, (8,)).eval()
    other = EnsembleMLP(K, D, (8,)).eval()
    other.load_state_dict(plain.state_dict())
    assert torch.allclose(other.set_scaling(c, s)(x * s + c), plain(x), atol=1e-5)


def test_apart_gives_each_label_a_network_of_its_own() -> None:
    k, m = 4, 5
    tower, apart = EnsembleMLP(K * k, D, (m,)), PerLabelHead(K, m, k)
    last = apart.head
    torch.nn.init.normal_(last.v[0])
    x = torch.randn(B, D)
    raw = apart(tower(x))
    assert raw.shape == (K, B, k)
    parameters = [*tower.parameters(), *last.parameters()]
    found = set()
    for j, c in itertools.product(range(K), range(k)):
        (one,) = touched(parameters, torch.autograd.grad(raw[j, :, c].sum(), parameters, retain_graph=True))
        assert torch.equal(raw[j, :, c], last(tower(x))[one, :, 0])
        found.add(one)
    assert len(found) == K * k
    w = torch.randn(D, k)
    assert torch.allclose(apart(tower.with_units(w)(x)), raw + tower.first(x) @ w, atol=1e-5)


def test_codes_are_centerd_and_in_one_unit_and_the_same_for_all() -> None:
    h = 3 * torch.randn(B, D) + 2
    codes = EnsembleScaler(K, D).set_scaling(h.mean(0), h.std(0))
    z = codes(h)
    assert z.shape == (K, B, D)
    assert torch.allclose(z[0].mean(0), torch.zeros(D), atol=1e-5)
    assert torch.allclose(z[0].std(0), torch.ones(D), atol=1e-5)
    assert torch.equal(z[0], z[1])
    each = torch.randn(K, B, D)
    assert torch.allclose(codes(each)[2], codes(each[2])[2])


# ── dropout, descriptions ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("drop_in", "drop"), [(0.5, 0.0), (0.0, 0.5)])
def test_dropout_is_for_training_alone(drop_in: float, drop: float) -> None:
    tower, x = EnsembleMLP(K, D, (16,), drop_in, drop), torch.randn(B, D)
    assert not torch.equal(tower.train()(x), tower(x))
    assert torch.equal(tower.eval()(x), tower(x))
    sure = EnsembleMLP(K, D, (16,)).train()
    assert torch.equal(sure(x), sure(x))


def test_members_drop_out_different_units() -> None:
    tower = EnsembleMLP(2, D, (64,), 0.0, 0.5).train()
    with torch.no_grad():
        for p in tower.parameters():
            p[1] = p[0]
    a, b = tower(torch.randn(B, D))
    assert not torch.equal(a == 0, b == 0)


@pytest.mark.parametrize("name", modules())
def test_described_and_built_again(name: str) -> None:
    module = modules()[name].eval()
    built = nets.build(nets.describe(module))
    assert nets.describe(built) == nets.describe(module)
    assert not nets.is_own(nets.describe(module))
    built.load_state_dict(module.state_dict())
    h = (
        torch.randn(2 * K if name == "PerLabelHead" else K, B, D)
        if name.startswith(("Head", "PerLabelHead"))
        else torch.randn(B, D)
    )
    assert torch.equal(built.eval()(h), module(h))
    assert torch.equal(built.train()(h), module.train()(h)) == (name != "EnsembleMLP"), "dropout is described too"


def test_a_head_is_described_with_its_later_rows() -> None:
    a = head(D, 2).append(torch.randn(K, D), torch.randn(K))
    built = nets.build(nets.describe(a))
    assert isinstance(built, Head)
    assert built.blocks == (2, 1)
    built.load_state_dict(a.state_dict())
    h = torch.randn(K, B, D)
    assert torch.equal(built(h), a(h))
