"""Every layer, loss and estimator says the same as a program: in torch, in NumPy, by the kernel, and in plain JavaScript."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

import diabolo
import kinds
from diabolo import Autoencoder, Classifier, MultiLabelClassifier, nets
from diabolo.estimators import ESTIMATORS
from diabolo.explorer.programs import programs
from diabolo.losses import LOSSES, Asymmetric, Bounded, Columns, Loss, Multinomial, Part, Softmax, Squared
from diabolo.nets import written
from diabolo.programs import NotCompiled, Program, Tensors, start
from diabolo.programs.layers import LAYERS, LINKS
from test_network import modules

WEB = Path(diabolo.__file__).parent / "explorer" / "web"
CLOSE = 1e-5  # relative to the largest output
REFUSED = {"UNet", "NoiseConditionalUNet", "ResidualCNN", "ColorClassHead", "PixelShuffleHead", "PixelShuffleHeads"}


@dataclass
class Case:
    """A program, its rows x, and what torch makes of them."""

    program: Program
    x: np.ndarray
    y: np.ndarray


# ── networks, with random weights ────────────────────────────────────────────────────────────────────────────────────


def shaken(module: nn.Module) -> nn.Module:
    """All weights random, none zero; what divides, or has a logarithm, positive."""
    for name, t in module.state_dict().items():
        t.normal_(std=float(np.prod(t.shape[1:])) ** -0.5).copy_(t.half())  # as half as many bytes
        if name.split(".")[-1] in ("s", "idf", "prior", "v") and t.ndim == 1:
            t.abs_().add_(0.3)
    return module.eval().requires_grad_(False)


def networks() -> dict[str, tuple[nn.Module, int]]:
    """Module and number of inputs."""
    all_layers = {name: (module, 4) for name, module in modules().items()}
    more: dict[str, tuple[nn.Module, int]] = {
        "an encoder of odd pictures": (nets.ConvEncoder((3, 17, 12), (8, 16), 5), 612),
        "a decoder of odd pictures": (nets.ConvDecoder(5, (8, 16), (3, 17, 12)), 5),
        "a deeper decoder": (nets.ConvDecoder(3, (4, 6, 8), (1, 28, 28)), 3),
        "a large encoder": (nets.ConvEncoder((1, 35, 41), (4, 3, 6), 5), 1435),
        "a large decoder": (nets.ConvDecoder(5, (4, 3, 6), (1, 65, 37)), 5),
        "features of pictures": (nets.PretrainedEncoder(nn.Sequential(nets.ConvFeatures((2, 9, 7), (4,)))), 126),
        "Lite0 of large pictures": (nn.Sequential(nets.Unflat((1, 40, 33)), nets.Lite0(32)), 1320),
        "Lite0 of small pictures": (nn.Sequential(nets.Unflat((3, 20, 24)), nets.Lite0(32)), 1440),
        "a layer along the rows of pictures": (
            nn.Sequential(nets.Unflat((2, 3, 5)), nn.Linear(5, 4), nn.LayerNorm((3, 4)), nn.GELU(), nn.Flatten()),
            30,
        ),
        "linear units": (nn.Sequential(nets.EnsembleMLP(3, 4, (8, 6), straight=(2, 1)), nets.Head(3, 6, (3, 2))), 4),
        "plain linear units": (
            nn.Sequential(nets.EnsembleMLP(2, 4, (6,), straight=(3,), plain=True), nets.Head(2, 6, (3,))),
            4,
        ),
        "linear units per label": (nn.Sequential(nets.EnsembleMLP(6, 4, (8,), straight=(3,)), nets.PerLabelHead(2, 8, 3)), 4),
        "members of two kinds": (
            nn.Sequential(
                nets.ConcatEnsembles(
                    nn.Sequential(nets.EnsembleScaler(2, 4), nets.ConcatHidden(2, 4, (5,))),
                    nn.Sequential(nets.MissingIndicator([1]), nets.EnsembleMLP(2, 5, (6,), straight=(2,))),
                ),
                nets.Head(4, 9, (3,)),
            ),
            4,
        ),
        "members in, members out": (nn.Sequential(nets.EnsembleSkipMLP(3, 4, (8,), 2), nets.EnsembleSkipMLP(3, 2, (), 5)), 4),
        "all kinds of columns": (nets.Link([0, 3], [1, 2, 4, 5, 6], [2, 3], [7, 8]), 10),
        "few words": (nets.Shares(6, 0.2), 6),
    }
    return all_layers | more


def rows(module: nn.Module, d: int) -> torch.Tensor:
    """Of ordinary numbers; with gaps and infinite numbers, if these are read; counts, if words are."""
    x = torch.randn(5, d)
    first = next(m for m in module.modules() if not isinstance(m, nn.Sequential))
    if isinstance(first, nets.TfIdf):
        return (2 * x).round().clamp(min=0)
    if isinstance(first, nets.MissingIndicator):
        x[0, 0], x[1, 1], x[2, 0] = torch.nan, torch.inf, -torch.inf
    return x.clamp(0, 1) if any(isinstance(m, nets.Lite0) for m in module.modules()) else x


def of_network(name: str) -> Case:
    module, d = networks()[name]
    module, x = shaken(module), rows(module, d)
    y, program = module(x), written(module, d)
    assert len(program.outputs) == (len(y) if y.ndim == 3 else 1)
    return Case(program.mean(), x.numpy(), (y.mean(0) if y.ndim == 3 else y).flatten(1).numpy())


# ── losses ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def losses() -> dict[str, Loss]:
    found = {name: cls() for name, cls in LOSSES.items() if name not in ("Softmax", "Columns")}
    parts = [Part(Bounded(), (6, 0), (0, 3), (1.0, 1.0)), Part(Softmax((2, 3)), (1, 2, 3, 4, 5), (1, 2), (0.5, 0.5))]
    return found | {
        "Softmax": Softmax((2, 1, 4)),
        "Columns": Columns(parts),
        "Columns, some as they are": Columns([*parts[1:], Part(Squared(), (0, 6), (0, 3), (1.0, 1.0))]),
        "Columns of one kind": Columns([Part(Asymmetric(), tuple(range(7)), tuple(range(7)), (1.0,) * 7)]),
        "Multinomial, weighted": Multinomial(2.0, (1.0, 2.0, 3.0, 1.0, 0.5, 1.0, 4.0)),
    }


def of_loss(name: str) -> Case:
    loss, raw = losses()[name], 3 * torch.randn(5, 7)
    return Case(start(7).then(loss), raw.numpy(), loss.predict(raw).numpy())


# ── estimators ───────────────────────────────────────────────────────────────────────────────────────────────────────

DATA = {**kinds.kinds(), "pictures": load_digits().images[:60].astype(np.uint8) * 15}
FEW = ("pandas", "gaps", "texts", "pictures")
COMPILED = ("Autoencoder", "OutlierDetector", "Classifier", "Regressor", "MultiLabelClassifier", "IndependentClassifiers")


def fits() -> dict[str, tuple[str, str]]:
    """Which estimator on which kind of data."""
    chosen = {name: DATA if name == "Autoencoder" else FEW for name in COMPILED}
    return {f"{name} of {kind}": (name, kind) for name, those in chosen.items() for kind in those}


def of_estimator(name: str, kind: str) -> dict[str, Case]:
    settings = {k: v for k, v in kinds.SMALL.items() if (k, kind) != ("hidden", "pictures")}
    X = DATA[kind]
    return of_model(ESTIMATORS[name](**settings).fit(X, *kinds.answers(name, X.shape[0] if hasattr(X, "shape") else len(X))), X)


def of_model(model: Any, X: Any) -> dict[str, Case]:
    X, network, made = X[:5], model.network_, programs(model)
    x = torch.cat([*model._features(X)])
    z = network.encoder(x)
    codes = z if z.ndim == 2 else z.transpose(0, 1).flatten(1)
    assert made.why == ""
    cases = {"encode": Case(made.encode, x.numpy(), codes.numpy())}
    if made.decode:
        e = model.loss_.predict(network.decoder(z).flatten(0, -2)).unflatten(0, z.shape[:-1])
        cases["decode"] = Case(made.decode, codes.numpy(), (e.mean(0) if e.ndim == 3 else e).numpy())
    if made.predict:
        said = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X).reshape(5, -1)
        cases["predict"] = Case(made.predict, codes.numpy(), said)
    assert len(cases) == 2
    return cases


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """All that are compared."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few rows, few epochs
        found = {name: of_network(name) for name in networks()} | {name: of_loss(name) for name in losses()}
        for about, (name, kind) in fits().items():
            found |= {f"{about}, {side}": case for side, case in of_estimator(name, kind).items()}
        found |= others()
    return found


def others() -> dict[str, Case]:
    """Models whose members see more than the rows, or less."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:90], y[:90] % 3
    ae = Autoencoder(3, **kinds.SMALL).fit(X)
    small = {**kinds.SMALL, "members": 2}
    named = {
        "frozen codes": Classifier(ae, **{k: v for k, v in small.items() if k != "hidden"}).fit(X, y),
        "hidden layers on frozen codes": Classifier(ae, **small).fit(X, y),
        "fine-tuned codes": Classifier(ae, freeze=False, **small).fit(X, y),
        "one label each": MultiLabelClassifier(**small).fit(X, y),
        "one more label": MultiLabelClassifier(**small).fit(X, np.eye(3)[y]),
        "your own network of pictures": Classifier(
            nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU()), **{k: v for k, v in small.items() if k != "hidden"}
        ).fit(X.reshape(-1, 8, 8).astype(np.uint8), y),
    }
    named["one more label"].add_label("new", X[:8], [1, 1, 1, 0, 0, 0, 0, 0])
    data = {"your own network of pictures": X.reshape(-1, 8, 8).astype(np.uint8)}
    return {f"{name}, {side}": case for name, m in named.items() for side, case in of_model(m, data.get(name, X)).items()}


# ── the page's side ──────────────────────────────────────────────────────────────────────────────────────────────────

BROWSER = shutil.which("chromium") or "/usr/bin/chromium"
SITE = "http://program.test"
OPENED = """async (table) => {
    Object.assign(window, await import("/program.js"));
    const load = async (name) => (await fetch(name)).arrayBuffer();
    window.tensors = new Tensors(table, await load("/blob"));
    window.kernels = { simd: await loadKernel(await load("/kernel.wasm")), plain: await loadKernel(null) };
    return kernels.simd.simd && !kernels.plain.simd;
}"""
RUN = """([kernel, json, x]) => {
    const program = new Program(json, tensors, kernels[kernel]), [n, d] = tensors.shape(x), rows = tensors.array(x);
    const y = [], parts = [], third = Math.floor(program.out / 3), only = [third, program.out, 0, third];
    for (let i = 0; i < n; i++) {
        const row = rows.subarray(i * d, (i + 1) * d);
        parts.push([...program.run(row, only)]);
        y.push([...program.run(row)]);
    }
    return { y, parts, third };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    if not Path(BROWSER).exists():
        pytest.skip("there is no chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def opened(browser: Any, tensors: Tensors) -> Any:
    """A page that knows the kernels, and these arrays."""
    page, js = browser.new_page(), "text/javascript"
    page.route(f"{SITE}/", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.route(f"{SITE}/program.js", lambda route: route.fulfill(path=WEB / "program.js", content_type=js))
    page.route(f"{SITE}/kernel.wasm", lambda route: route.fulfill(path=WEB / "kernel.wasm"))
    page.route(f"{SITE}/blob", lambda route: route.fulfill(body=tensors.blob))
    page.goto(SITE)
    assert page.evaluate(OPENED, tensors.table)
    return page


@pytest.fixture(scope="module")
def page(browser: Any, cases: dict[str, Case]) -> tuple[Any, dict[str, list[Any]]]:
    """A page that knows all arrays; for each case what it is to run."""
    tensors = Tensors()
    told = {name: [case.program.json(tensors), tensors.add(case.x)] for name, case in cases.items()}
    json.dumps(told, allow_nan=False)
    return opened(browser, tensors), told


NAMES = [*networks(), *losses(), *fits(), "frozen codes", "hidden layers on frozen codes", "fine-tuned codes", "one label each"]
NAMES += ["one more label", "your own network of pictures"]


def of(name: str, cases: dict[str, Case]) -> dict[str, Case]:
    return {known: case for known, case in cases.items() if known == name or known.startswith(f"{name}, ")}


def same(found: Any, y: np.ndarray, tolerance: float = CLOSE) -> None:
    largest = np.nanmax(np.abs(y), initial=1e-30)
    np.testing.assert_allclose(np.asarray(found, dtype=float), y, rtol=0, atol=tolerance * largest)


@pytest.mark.parametrize("name", NAMES)
def test_numpy_says_what_torch_says(name: str, cases: dict[str, Case]) -> None:
    assert of(name, cases)
    for case in of(name, cases).values():
        same(case.program.run(case.x), case.y)
        assert case.program.run(case.x[:0]).shape == (0, case.y.shape[1])


@pytest.mark.parametrize("kernel", ["simd", "plain"])
@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_what_torch_says(kernel: str, name: str, cases: dict[str, Case], page: Any) -> None:
    for known, case in of(name, cases).items():
        opened, told = page
        found = opened.evaluate(RUN, [kernel, *told[known]])
        same(found["y"], case.y)
        whole, parts = np.array(found["y"]), np.array(found["parts"])
        np.testing.assert_array_equal(parts, np.roll(whole, -found["third"], 1), "a part has the bits of the whole")


# ── what it refuses ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_layer_is_a_program_or_refused() -> None:
    vocabulary = {*nets.vocabulary.OWN, *nets.vocabulary.PLAIN, *nets.vocabulary.NESTED}
    assert {*LAYERS} | REFUSED == vocabulary
    assert not {*LAYERS} & REFUSED
    assert {*LINKS} == {*LOSSES}


def test_what_is_no_program_is_named() -> None:
    class Mine(nn.Linear):
        pass

    class Own(Squared):
        pass

    for module, name in {
        nn.Sequential(nn.Linear(2, 2), Mine(2, 2)): "Sequential",
        Mine(2, 2): "Mine",
        nn.Sequential(nets.Unflat((1, 4, 4)), nets.UNet(1, (4,), 1)): "UNet",
        nn.GELU("tanh"): "GELU",
        nn.Sequential(nets.Unflat((1, 1, 2)), nets.Sphere()): "Sphere",
    }.items():
        with pytest.raises(NotCompiled, match=name):
            written(module, 2)
    with pytest.raises(NotCompiled, match="the loss Own cannot be written as a program"):
        start(2).then(Own())


def test_an_estimator_of_another_network_says_why() -> None:
    class Mine(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :2]

    made = programs(Autoencoder(2, encoder=Mine(), **kinds.SMALL).fit(DATA["array"]))
    assert (made.encode, made.why) == (None, "Mine")
    assert made.decode is not None
    assert programs(Mine()).why == "Mine"


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="a layer takes 3 numbers, but there are 6"):
        written(nn.Linear(3, 2), 6)
    with pytest.raises(ValueError, match=r"x has the shape \(2, 4\): rows \(n, 3\) are needed"):
        written(nn.Linear(3, 2), 3).run(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="the program has 2 outputs, one for each member"):
        start(6).apart(2).run(np.zeros((1, 6)))
    with pytest.raises(ValueError, match="members=4: 6 numbers do not fall into as many equal parts"):
        start(6).apart(4)


def test_many_rows_are_run_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    made, x = written(shaken(nets.SkipMLP(3, (4,), 2)), 3), np.random.default_rng(0).normal(size=(7, 3))
    whole = made.run(x)
    monkeypatch.setattr("diabolo.programs.program.AT_ONCE", 8)
    same(made.run(x), whole, 1e-6)


# ── precision ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["SkipMLP", "Link", "Link of words", "all kinds of columns", "EnsembleMLP", "ConvDecoder"])
def test_in_double_precision_it_is_that_of_torch(name: str) -> None:
    module, d = networks()[name]
    module, x = shaken(module).double(), torch.rand(5, d).double()
    y = module(x)
    found = written(module, d, np.float64).mean()
    same(found.run(x), (y.mean(0) if y.ndim == 3 else y).numpy(), 1e-13)
    with pytest.raises(ValueError, match="a page computes in float32"):
        found.json(Tensors())


def test_weights_become_half_as_many_bytes_only_without_loss() -> None:
    line, tensors = shaken(nn.Linear(3, 2)), Tensors()
    whole, wide = written(line, 3), written(nn.Linear(3, 2), 3)
    whole.json(tensors)
    wide.json(tensors)
    wide.json(tensors, dtype="f16")
    assert [entry["dtype"] for entry in tensors.table] == ["f16", "f16", "f32", "f32", "f16", "f16"]
    assert all(entry["offset"] % 8 == 0 for entry in tensors.table)


@pytest.mark.parametrize(("value", "dtype"), [(1e6, "f16"), (1e300, "f32"), (-1, "u8"), (256, "u8"), (0.5, "i32")])
def test_a_number_that_a_type_cannot_hold_is_refused(value: float, dtype: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"dtype='{dtype}' cannot hold {value}")):
        Tensors().add([1, value], dtype)
    with pytest.raises(ValueError, match="dtype='f8': allowed are 'f16', "):
        Tensors().add([1], "f8")


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_kernel_is_built_from_its_source() -> None:
    wasmtime = pytest.importorskip("wasmtime", reason="the package wasmtime is not installed")
    assert wasmtime.wat2wasm((WEB / "kernel.wat").read_text()) == (WEB / "kernel.wasm").read_bytes()


def test_every_type_of_tensor_arrives(browser: Any) -> None:
    values, tensors = [0.0, 1.0, 2.0, 100.0], Tensors()
    for dtype in ("u8", "f64", "i16", "f16", "i8", "u32", "f32", "u16", "i32"):
        tensors.add(values, dtype)
    halves = np.array([-65504, 6e-8, 1 / 3, 2**-14, np.inf, -np.inf, np.nan, -0.0])
    tensors.add(halves, "f16")
    page = opened(browser, tensors)
    found = page.evaluate("tensors.table.map((_, i) => [...tensors.array(i)])")
    assert found[:-1] == [values] * 9
    np.testing.assert_array_equal(np.array(found[-1]), halves.astype(np.float16).astype(float))
    page.close()


def test_a_run_makes_nothing_new_and_refuses_what_is_wrong(browser: Any) -> None:
    tensors = Tensors()
    made = written(shaken(nets.SkipMLP(2, (4,), 8)), 2).then(Bounded()).json(tensors)
    page = opened(browser, tensors)
    page.evaluate("json => { window.program = new Program(json, tensors, kernels.simd); }", made)
    assert page.evaluate("program.run([1, 2]) === program.run([1, 2])")
    assert page.evaluate("program.run([1, 2], [0, 3]) === program.run([1, 2], [3, 5, 7, 8])")
    for wrong in ("[1]", "[1, 2, 3]", "[1, 2], [0, 9]", "[1, 2], [3, 2]", "[1, 2], [-1, 2]", "[1, 2], [0, 8, 0, 1]"):
        assert page.evaluate(f"(() => {{ try {{ program.run({wrong}); }} catch (e) {{ return e instanceof RangeError; }} }})()")
    assert not page.evaluate("loadKernel(new Uint8Array(9)).then((kernel) => kernel.simd)"), "no kernel: plain loops"
    page.close()


BARE = """
import sys
sys.modules["torch"] = sys.modules["sklearn"] = sys.modules["scipy"] = None
from diabolo.programs import compiled
print(compiled({"layer": "Sequential", "parts": [{"layer": "ReLU"}]}, {}, 2).run([[-1, 2]]).tolist())
"""


def test_it_needs_no_torch() -> None:
    command = [sys.executable, "-c", BARE]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[[0.0, 2.0]]\n"
