"""Fitted models run in NumPy: the same results, and nothing of torch is imported."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from diabolo import (
    Autoencoder,
    Classifier,
    DataError,
    FormatError,
    IndependentClassifiers,
    MultiLabelClassifier,
    OutlierDetector,
    load,
)
from diabolo.engine import FittedAutoencoder, NoProgram
from diabolo.formats.labeled import read_labeled
from diabolo.losses import Softmax
from diabolo.nets import outlined
from kinds import SMALL, frame, kinds, pictures, texts

CLOSE = 1e-6


def both(ae: Autoencoder, folder: Path) -> tuple[Autoencoder, FittedAutoencoder]:
    """A model, run by torch and by NumPy, from one file."""
    ae.save(folder / "a.diabolo")
    return load(folder / "a.diabolo"), load(folder / "a.diabolo", engine="numpy")


def same(one: Any, other: Any) -> None:
    """The same kind of object, with the same values."""
    assert type(one) is type(other)
    if isinstance(one, list):
        assert one == other
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, rtol=CLOSE, atol=CLOSE)
    elif hasattr(one, "to_pandas"):
        same(one.to_pandas(), other.to_pandas())
    else:
        one, other = (v.toarray() if hasattr(v, "toarray") else v for v in (one, other))
        assert one.dtype == other.dtype
        assert np.allclose(one, other, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("kind", kinds())
def test_it_says_the_same(kind: str, tmp_path: Path) -> None:
    X = kinds()[kind]
    ae, light = both(Autoencoder(3, **SMALL).fit(X), tmp_path)
    assert light.n_components_ == 3
    same(light.transform(X), ae.transform(X))
    same(light.inverse_transform(ae.transform(X)), ae.inverse_transform(ae.transform(X)))
    same(light.reconstruct(X), ae.reconstruct(X))
    if ae.format_.has_cells:
        same(light.impute(X), ae.impute(X))


@pytest.mark.parametrize(
    ("X", "params"),
    [
        (frame(), {"hidden": ()}),
        (frame(), {"hidden": (8, 6), "dropout": 0.2, "loss": "squared"}),
        (np.eye(5).repeat(20, 0), {"loss": Softmax((2, 3))}),
        (texts(), {"n_components": 2}),
        (frame(), {"epochs": 0}),  # nothing is learned: the linear autoencoder is kept
        (np.stack([p[:12, :16] for p in pictures(50)]), {"epochs": 1}),
    ],
    ids=["linear", "dropout", "softmax", "a map of texts", "kept", "pictures"],
)
def test_it_says_the_same_whatever_the_network(X: Any, params: dict[str, Any], tmp_path: Path) -> None:
    if params.get("epochs") == 0:
        ae = Autoencoder(2, **SMALL).fit(X)
        ae._keep_linear()
    else:
        ae = Autoencoder(**{"n_components": 3, **SMALL, "hidden": "auto", **params}).fit(X)
    ae, light = both(ae, tmp_path)
    z = ae.transform(X)
    assert np.abs(light.transform(X) - z).max() <= CLOSE * max(1, np.abs(z).max())
    same(light.inverse_transform(z), ae.inverse_transform(z))


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("Estimator", [MultiLabelClassifier, IndependentClassifiers])
def test_it_tags_the_same(kind: str, Estimator: Any, tmp_path: Path) -> None:
    X = kinds()[kind]
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    Y = (np.random.default_rng(0).random((n, 3)) < 0.4).astype(float)
    Y[::7, 0] = np.nan
    clf = Estimator(**SMALL).fit(X, Y)
    if Estimator is MultiLabelClassifier:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # examples may contradict each other
            clf.add_label("new", X, np.arange(n) % 2)
    clf.save(tmp_path / "a.diabolo")
    light = load(tmp_path / "a.diabolo", engine="numpy")
    same(light.predict_proba(X), clf.predict_proba(X))
    same(light.predict(X), clf.predict(X))
    assert light.score(X, clf.predict(X)) == 1
    assert [[name for name, _ in row] for row in light.top(X, 2)] == [[name for name, _ in row] for row in clf.top(X, 2)]
    assert [*light.classes_] == [*clf.classes_]


@pytest.mark.parametrize("Y", ["lists", "one", "frame", "sparse"])
def test_labels_keep_their_form(Y: str, tmp_path: Path) -> None:
    X, yes = frame(), np.random.default_rng(0).random((60, 2)) < 0.5
    given = {
        "lists": [[name for name, v in zip("ab", row, strict=True) if v] for row in yes],
        "one": np.array(["x", "y"])[yes[:, 0].astype(int)],
        "frame": pd.DataFrame(yes.astype(int), X.index, ["a", "b"]),
        "sparse": sp.csr_array(yes.astype(int)),
    }[Y]
    clf = MultiLabelClassifier(**SMALL).fit(X, given)
    clf.save(tmp_path / "a.diabolo")
    found, wanted = load(tmp_path / "a.diabolo", engine="numpy").predict(X), clf.predict(X)
    assert type(found) is type(wanted)
    if Y == "one":
        assert (found == wanted).all()
    else:
        same(found, wanted)


def test_a_tagger_warns_of_new_gaps(tmp_path: Path) -> None:
    X = frame(gaps=False)
    MultiLabelClassifier(**SMALL).fit(X, np.arange(60) % 2).save(tmp_path / "a.diabolo")
    light = load(tmp_path / "a.diabolo", engine="numpy")
    with pytest.warns(UserWarning, match=r"missing values in column\(s\) 'size'.*none in fit"):
        light.predict(X.assign(size=[np.nan, *X["size"][1:]]))
    with pytest.raises(AttributeError, match="a model only predicts, it has no 'add_label'"):
        light.add_label("new", X, np.arange(60) % 2)


def test_new_rows_are_checked(tmp_path: Path) -> None:
    X = frame()
    _, light = both(Autoencoder(2, **SMALL).fit(X), tmp_path)
    with pytest.raises(DataError, match=r"X has the columns 'count', 'size', .*, but was fitted with 'size', 'count'"):
        light.transform(X[["count", "size", *X.columns[2:]]])
    with pytest.raises(DataError, match="X is an ndarray, but the model was fitted with a table"):
        light.transform(np.zeros((3, 9)))
    with pytest.raises(DataError, match="0 sample"):
        light.transform(X.iloc[:0])
    with pytest.raises(AttributeError, match=r"engine='numpy' .* it has no 'score': use engine='torch'"):
        light.score(X)
    with pytest.raises(DataError, match=r"Z has shape \(1, 3\); codes of this model have shape \(n, 2\)"):
        light.inverse_transform([[1, 2, 3]])
    for Z in ([["1", "abc"]], [[1, 2], [3]], None, "ab"):
        with pytest.raises(DataError, match=r"^Z .*: codes|; codes"):
            light.inverse_transform(Z)
    _, light = both(Autoencoder(2, **SMALL).fit(X[["size", "same"]].fillna(0).to_numpy()), tmp_path)
    with pytest.raises(DataError, match="X has 3 features, but was fitted with 2"):
        light.transform(np.zeros((4, 3)))
    with pytest.raises(DataError, match="0 sample"):
        light.transform(np.zeros((0, 2)))


def test_other_columns_are_told_where_they_begin_to_differ(tmp_path: Path) -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 30)), columns=[f"x{j}" for j in range(30)])
    _, light = both(Autoencoder(2, **SMALL).fit(wide), tmp_path)
    with pytest.raises(
        DataError, match=r"columns ..., 'x18', 'x19', 'y', .*fitted with ..., 'x18', 'x19', 'x20', .*'x27', ...:"
    ):
        light.transform(wide.rename(columns={"x20": "y"}))
    with pytest.raises(DataError, match=r"columns ..., 'x28', 'x29', 'y', but was fitted with ..., 'x28', 'x29': give these"):
        light.transform(wide.assign(y=1))
    numbered = wide.set_axis(range(30), axis=1)
    _, light = both(Autoencoder(2, **SMALL).fit(numbered), tmp_path)
    assert len(light.transform(numbered)) == 60
    with pytest.raises(DataError, match="'28', '29', '30', but was fitted with"):
        light.transform(pd.concat([numbered, pd.Series(1, numbered.index, name=30)], axis=1))


def test_what_cannot_run_in_numpy(tmp_path: Path) -> None:
    X = kinds()["array"]
    Classifier(**SMALL).fit(X, np.arange(60) % 2).save(tmp_path / "classifier.diabolo")
    OutlierDetector(**SMALL).fit(X).save(tmp_path / "detector.diabolo")
    Autoencoder(2, encoder=nn.Sequential(nn.Linear(5, 2), nn.CELU()), **SMALL).fit(X).save(tmp_path / "own.diabolo")
    for name, why in (("classifier", "kind Classifier"), ("detector", "kind OutlierDetector"), ("own", "Sequential cannot be")):
        with pytest.raises(NoProgram, match=rf"engine='numpy': .*{name}.diabolo' cannot run .*{why}.*: use engine='torch'"):
            load(tmp_path / f"{name}.diabolo", engine="numpy")
    with pytest.raises(ValueError, match="engine='nunpy': allowed are 'torch' and 'numpy'; did you mean 'numpy'"):
        load(tmp_path / "own.diabolo", engine="nunpy")
    with pytest.raises(ValueError, match="encoder= needs PyTorch, which engine='numpy' does without: use engine='torch'"):
        load(tmp_path / "own.diabolo", encoder=nn.Linear(5, 2), engine="numpy")


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "a.diabolo"
    Autoencoder(2, **SMALL).fit(frame()).save(path)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"cannot load .*a\.diabolo': its contents do not match its checksum"):
        load(path, engine="numpy")


# ── what is imported ─────────────────────────────────────────────────────────────────────────────────────────────────

PROBE = """
import json, sys
sys.argv = ["diabolo", *sys.argv[1:]]
from diabolo.cli import main
main()
print(json.dumps([name for name in sys.modules]), file=sys.stderr)
"""


def imported(*arguments: object) -> set[str]:
    """The modules that a verb imports."""
    command = [sys.executable, "-c", PROBE, *map(str, arguments)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return set(json.loads(said.stderr.splitlines()[-1]))


def test_encode_imports_no_torch(tmp_path: Path) -> None:
    model, data, codes = tmp_path / "a.diabolo", tmp_path / "new.csv", tmp_path / "codes.csv"
    frame().drop(columns="long").to_csv(data, index=False)
    ae = Autoencoder(2, **SMALL).fit(data)
    ae.save(model)
    heavy = {"torch", "sklearn", "pandas", "scipy.stats", "scipy.special"}
    assert not heavy & imported("encode", model, data, "-o", codes, "--keep", "city")
    found = pd.read_csv(codes)
    assert [*found] == ["city", "z1", "z2"]
    assert np.allclose(found[["z1", "z2"]], ae.transform(data), rtol=CLOSE, atol=CLOSE)
    assert not {"torch", "sklearn", "scipy.stats"} & imported("decode", model, codes, "-o", tmp_path / "back.csv")
    same(pd.read_csv(tmp_path / "back.csv"), pd.read_csv(tmp_path / "back.csv"))


def test_tag_imports_no_torch(tmp_path: Path) -> None:
    X, data, model = frame().drop(columns="long"), tmp_path / "new.csv", tmp_path / "tags.diabolo"
    X.assign(red=np.arange(60) % 2, hot=np.arange(60) % 3 == 0).astype({"hot": int}).to_csv(data, index=False)
    clf = MultiLabelClassifier(**SMALL).fit(*read_labeled(data, ["red", "hot"]))
    clf.save(model)
    heavy = {"torch", "sklearn", "pandas", "scipy.stats", "scipy.special"}
    assert not heavy & imported("tag", model, data, "--top", "1", "--proba", "-o", tmp_path / "tagged.csv")
    assert not heavy & imported("tag", model, data)
    found = pd.read_csv(tmp_path / "tagged.csv", keep_default_na=False)
    assert [*found["labels"]] == [";".join(names) for names in clf._names(X)]
    assert np.allclose(found[["p red", "p hot"]], clf.predict_proba(X), rtol=CLOSE, atol=CLOSE)


def test_loading_imports_no_compiler() -> None:
    """Arithmetic on torch's meta device imports torch._dynamo, which takes seconds."""
    probe = """
import sys
from diabolo import nets
for layer in ({"layer": "Linear", "in_features": 3, "out_features": 2}, {"layer": "Shares", "d": 4},
              {"layer": "SkipMLP", "d": 4, "hidden": [3], "out": 2, "dropout": 0.1},
              {"layer": "EnsembleMLP", "members": 2, "d": 4, "hidden": [3]}, {"layer": "Lite0", "side": 32}):
    assert all(w.is_meta for w in nets.outlined(layer).state_dict().values())
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_an_outline_has_the_shapes_of_the_network() -> None:
    described = {"layer": "EnsembleSkipMLP", "members": 2, "d": 4, "hidden": [3], "out": 2}
    outline = outlined(described).state_dict()
    assert {name: (*w.shape,) for name, w in outline.items()}["weights.0"] == (2, 4, 3)
    assert torch.ones(3).mul(2).tolist() == [2, 2, 2]  # outside of it, nothing has changed
