"""A file is what was saved, or an error that says what is wrong with it."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import textwrap
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from diabolo import Autoencoder, load, storage
from diabolo.corruption import Chain, Jpeg, Poisson
from diabolo.errors import DataError, DiaboloError, FormatError
from diabolo.estimators import ESTIMATORS, Denoiser
from diabolo.estimators.restoration import colorizer as colorization
from diabolo.images.picture import read
from diabolo.losses import Absolute
from kinds import RESTORERS, SMALL, TABULAR, answered, frame, kinds, pictures, restorer, said, texts
from test_formats import PANDAS

HOSTILE = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2.5,
    1e308,
    -1e308,
    10**18,
    10**30,
    "",
    "x",
    "float32",
    [],
    {},
    [None],
    [[[]]],
    {"": {}},
    ["a"] * 200,
]


def equal(a: Any, b: Any) -> bool:
    if hasattr(a, "toarray"):
        return bool((a != b).nnz == 0)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a.equals(b)) if hasattr(a, "equals") else a == b


# ── what is saved comes back ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("name", TABULAR)
def test_round_trip(name: str, kind: str, tmp_path: Path) -> None:
    X = kinds()[kind]
    a = ESTIMATORS[name](**SMALL).fit(X, *answered(name, X))
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    assert type(b) is type(a)
    assert equal(said(a, X), said(b, X))
    assert a.history_.state() == b.history_.state()
    assert repr(a.get_params()) == repr(b.get_params())


@pytest.mark.parametrize("kind", kinds())
def test_codes_and_reconstructions_come_back(kind: str, tmp_path: Path) -> None:
    X = kinds()[kind]
    a = Autoencoder(**SMALL).fit(X)
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    Z = a.transform(X)
    assert equal(Z, b.transform(X))
    assert equal(a.inverse_transform(Z), b.inverse_transform(Z))
    assert equal(a.reconstruct(X), b.reconstruct(X))
    assert a.score(X) == b.score(X)
    assert a.comparison_ == b.comparison_
    assert equal(a.explained_variance_ratio_, b.explained_variance_ratio_)
    assert list(a.get_feature_names_out()) == list(b.get_feature_names_out())


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("name", TABULAR)
def test_two_saves_are_byte_identical(name: str, kind: str, tmp_path: Path) -> None:
    X = kinds()[kind]
    a = ESTIMATORS[name](**SMALL).fit(X, *answered(name, X))
    a.save(tmp_path / "a.diabolo")
    a.save(tmp_path / "b.diabolo")
    load(tmp_path / "a.diabolo").save(tmp_path / "c.diabolo")
    assert (tmp_path / "a.diabolo").read_bytes() == (tmp_path / "b.diabolo").read_bytes()
    assert (tmp_path / "a.diabolo").read_bytes() == (tmp_path / "c.diabolo").read_bytes()


@pytest.fixture(scope="module")
def restorers() -> dict[str, Any]:
    """The estimators that take pictures, each fitted a little; what starts at zero is zero no more."""
    return {name: restorer(name, validation_fraction=0.0).fit(pictures(3)) for name in RESTORERS}


@pytest.mark.parametrize("name", RESTORERS)
def test_round_trip_of_what_takes_pictures(name: str, restorers: dict[str, Any], tmp_path: Path) -> None:
    a, X = restorers[name], [pictures(1, 33)[0], pictures(1, 20)[0][..., 0], np.full((3, 5), 0.5, np.float32)]
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    assert type(b) is type(a)
    for x, y in zip(a.transform(X, return_map=True), b.transform(X, return_map=True), strict=True):
        assert equal(x[0], y[0])
        assert equal(x[1], y[1])
    assert a.history_.state() == b.history_.state()
    assert repr(a.get_params()) == repr(b.get_params())
    a.save(tmp_path / "b.diabolo")
    b.save(tmp_path / "c.diabolo")
    assert (tmp_path / "a.diabolo").read_bytes() == (tmp_path / "b.diabolo").read_bytes()
    assert (tmp_path / "a.diabolo").read_bytes() == (tmp_path / "c.diabolo").read_bytes()


def test_weights_of_what_takes_pictures_are_held_in_two_bytes(restorers: dict[str, Any], tmp_path: Path) -> None:
    for a in restorers.values():
        a.save(tmp_path / "a.diabolo")
        head, _, data = parts((tmp_path / "a.diabolo").read_bytes())
        assert {entry["dtype"] for name, entry in head.items() if name.startswith("network.")} == {"F16"}
        assert len(data) == 2 * sum(p.numel() for p in a.network_.parameters())


def test_what_a_restorer_was_given_comes_back(tmp_path: Path) -> None:
    given = {"loss": Absolute(), "corruption": Chain((Poisson(0.02), Jpeg((30, 90)))), "gray_fraction": 0.25}
    a = restorer("Denoiser", **given, init=restorer("Denoiser").fit(pictures(2))).fit(pictures(2))
    a.save(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo")
    assert {name: getattr(b, name) for name in given} == given
    assert b.init is None, "another model is no part of the file"
    assert isinstance(b, Denoiser)


def test_a_loaded_restorer_says_the_same_of_pictures(restorers: dict[str, Any], tmp_path: Path) -> None:
    x = pictures(1, 33)[0]
    for name, a in restorers.items():
        a.save(tmp_path / "a.diabolo")
        b = load(tmp_path / "a.diabolo")
        if name == "Denoiser":
            assert equal(a.noise_level([x]), b.noise_level([x]))
        if name == "Colorizer":
            assert equal(a.doubt(read(x)), b.doubt(read(x)))
            assert all(equal(p, q) for p, q in zip(a.versions(read(x), 2), b.versions(read(x), 2), strict=True))


def test_a_loaded_model_has_its_pca(tmp_path: Path) -> None:
    X = kinds()["array"]
    a = Autoencoder(**SMALL).fit(X)
    a.save(tmp_path / "a.diabolo")
    x = a.format_.to_tensor(X).numpy()
    assert np.array_equal(a.pca_.transform(x), load(tmp_path / "a.diabolo").pca_.transform(x))


def test_a_file_is_hardly_larger_than_its_weights(tmp_path: Path) -> None:
    X = np.random.default_rng(0).random((200, 784))
    a = Autoencoder(30, hidden=(500, 250), epochs=1, batch_size=200, verbose=False).fit(X)
    a.save(tmp_path / "a.diabolo")
    weights = 4 * sum(p.numel() for p in a.network_.parameters())
    assert (tmp_path / "a.diabolo").stat().st_size <= 1.06 * weights  # PCA is in the file too


def test_nothing_but_finite_json_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        storage.write(tmp_path / "a", "x", {"a": float("nan")}, {})
    assert not list(tmp_path.iterdir())


NAMES = st.text(max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | NAMES
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=8)


@given(st.dictionaries(NAMES, JSON))
def test_any_json_comes_back(tmp_path_factory: pytest.TempPathFactory, meta: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.diabolo"
    try:
        text = json.dumps(meta, allow_nan=False)
    except ValueError:
        with pytest.raises(ValueError, match="JSON"):
            storage.write(path, "x", meta, {})
        return
    storage.write(path, "x", meta, {})
    assert json.dumps(storage.read(path, "x")[0], sort_keys=True) == json.dumps(json.loads(text), sort_keys=True)


@given(data=st.data())
@settings(max_examples=60)
def test_tables_of_all_types_are_the_same_for_what_is_loaded(data: st.DataObject, tmp_path_factory: Any) -> None:
    """Columns of any types and values side by side, or an error that says what is wrong with them."""
    columns = [data.draw(PANDAS[name]) for name in data.draw(st.lists(st.sampled_from(sorted(PANDAS)), min_size=1, max_size=4))]
    X = pd.concat([c.reset_index(drop=True) for c in columns], axis=1, keys=[f"c{i}" for i in range(len(columns))])
    X = X.iloc[: min(map(len, columns))]
    path = tmp_path_factory.getbasetemp() / "types.diabolo"
    with warnings.catch_warnings(action="ignore"):
        try:
            a = Autoencoder(1, hidden=(4,), epochs=1, verbose=False, random_state=0).fit(X)
        except (DataError, ValueError) as error:
            assert str(error)  # noqa: PT017 - an error is not the only outcome
            return
        a.save(path)
        b = load(path)
        assert equal(a.transform(X), b.transform(X))
        assert equal(a.reconstruct(X), b.reconstruct(X))


def test_tensors_of_any_shape_come_back(tmp_path: Path) -> None:
    arrays = {
        "none": np.zeros((0, 3), np.float32),
        "scalar": np.array(2.0, np.float32),
        "view": np.arange(12.0).reshape(3, 4).T,
        "bytes": np.arange(3, dtype=np.uint8),
    }
    storage.write(tmp_path / "a", "x", {"k": [1, "é"]}, arrays)
    meta, found = storage.read(tmp_path / "a", "x")
    assert meta == {"k": [1, "é"]}
    assert all(found[k].shape == v.shape and found[k].dtype == v.dtype and (found[k] == v).all() for k, v in arrays.items())


# ── a save that fails ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def fitted() -> Autoencoder:
    return Autoencoder(**SMALL).fit(frame(40))


@pytest.fixture(scope="module")
def blob(fitted: Autoencoder, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "a.diabolo"
    fitted.save(path)
    return path.read_bytes()


def test_no_folder(fitted: Autoencoder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="its folder does not exist: create it first"):
        fitted.save(tmp_path / "no" / "a.diabolo")
    assert not list(tmp_path.iterdir())


def test_the_parent_is_a_file(fitted: Autoencoder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="its folder does not exist"):
        fitted.save(tmp_path / "file" / "a.diabolo")
    assert (tmp_path / "file").read_text() == "x"


def test_a_folder_of_that_name(fitted: Autoencoder, tmp_path: Path) -> None:
    (tmp_path / "a.diabolo").mkdir()
    with pytest.raises(OSError, match="there is a folder of this name"):
        fitted.save(tmp_path / "a.diabolo")
    assert [p.name for p in tmp_path.iterdir()] == ["a.diabolo"]


def test_a_folder_that_takes_no_file(fitted: Autoencoder) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a file system that refuses even the administrator")
    with pytest.raises(OSError, match=r"cannot write '/proc/a\.diabolo'"):
        fitted.save("/proc/a.diabolo")


def test_a_full_disk_leaves_the_old_file(fitted: Autoencoder, blob: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.diabolo").write_bytes(blob)
    program = """
        import resource, signal, sys
        from diabolo import load
        model = load(sys.argv[1])
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            model.save(sys.argv[1])
        except OSError as error:
            print(error)
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), tmp_path / "a.diabolo"], capture_output=True, text=True, check=True
    )
    assert "larger than this disk or process may write; the previous file is untouched" in said.stdout
    assert (tmp_path / "a.diabolo").read_bytes() == blob
    assert [p.name for p in tmp_path.iterdir()] == ["a.diabolo"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
def test_whatever_happens_the_old_file_stays(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(type(error)) as caught, storage.atomic(path) as file:  # noqa: PT012 - the error is raised inside
        file.write(b"half")
        raise error
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    if isinstance(error, OSError):
        assert "the disk is full: free some space" in str(caught.value)


def test_an_old_file_keeps_its_permissions(tmp_path: Path) -> None:
    """What was kept from others is not shown to them."""
    path = tmp_path / "m.diabolo"
    path.touch()
    path.chmod(0o600)
    storage.write(path, "x", {}, {})
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_leads_to_the_new_file(tmp_path: Path) -> None:
    """Also to one that is not there yet, and in another folder."""
    (tmp_path / "other").mkdir()
    link, path = tmp_path / "m.diabolo", tmp_path / "other" / "v1.diabolo"
    link.symlink_to(path)
    for n in (1, 2):
        storage.check_writable(link)
        storage.write(link, "x", {"n": n}, {})
        assert link.is_symlink()
        assert storage.header(path).meta == {"n": n}


def test_a_file_that_may_only_be_read_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m").write_bytes(b"mine")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write everything
    for write in (storage.check_writable, lambda path: storage.write(path, "x", {}, {})):
        with pytest.raises(OSError, match=r"it may only be read.*the previous file is untouched"):
            write(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == b"mine"


def test_a_file_that_is_replaced_while_it_is_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(n: int) -> None:
        storage.write(tmp_path / "c", "checkpoint", {"n": n}, {"a": np.full(3, float(n))})

    put(1)
    head = storage.header(tmp_path / "c")
    put(2)
    with pytest.raises(FormatError, match="was replaced while it was read: load it again"):
        storage.tensors(head)
    original = storage.tensors

    def late(head: storage.Header) -> Any:
        if head.meta["n"] < 4:
            put(head.meta["n"] + 1)
        return original(head)

    monkeypatch.setattr(storage, "tensors", late)
    meta, arrays = storage.read(tmp_path / "c", "checkpoint")
    assert meta["n"] == arrays["a"][0] == 4


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(FormatError, match="it is a device or a pipe"):
        storage.header(tmp_path / "p")


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with storage.atomic(tmp_path / "ours"):
        pass
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


# ── files that are not what they should be ───────────────────────────────────────────────────────────────────────────


def parts(blob: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """header, body, tensors"""
    n = int.from_bytes(blob[:8], "little")
    head = json.loads(blob[8 : 8 + n])
    return head, json.loads(json.loads(head["__metadata__"]["diabolo"])["body"]), blob[8 + n :]


def joined(head: dict[str, Any], body: Any, data: bytes) -> bytes:
    """A file whose digest is right, whatever the body says."""
    entries = {k: v for k, v in head.items() if k != "__metadata__"}
    arrays = {}
    for name, entry in entries.items():
        start, stop = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[start:stop], storage.DTYPES[entry["dtype"]]).reshape(entry["shape"])
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    wrapped = json.dumps({"body": text, "digest": storage.digest(text, arrays)})
    header = json.dumps(entries | {"__metadata__": {"diabolo": wrapped}}).encode()
    return struct.pack("<Q", len(header)) + header + data


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.pkl", b"x" * 100)
    return file.getvalue()


FOREIGN = {
    "a Python pickle": pickle.dumps({"a": list(range(100))}),
    "a zip archive": zipped(),
    "empty or cut off": b"",
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "a Parquet table": b"PAR1" + bytes(100),
    "a gzip file": b"\x1f\x8b\x08\x00\x00\x00\x00\x00" + bytes(100),
    "an HTML or XML page": b"<!DOCTYPE html><html></html>",
    "does not begin like a .diabolo file": b"id,name,value\n1,a,2\n" * 10,
}


@pytest.mark.parametrize("what", FOREIGN)
def test_foreign_files(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.diabolo"
    path.write_bytes(FOREIGN[what])
    with pytest.raises(FormatError, match=f"cannot load .*a.diabolo.*{what}"):
        load(path)


def test_another_safetensors_file(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "a.diabolo")
    with pytest.raises(FormatError, match="not one written by diabolo"):
        load(tmp_path / "a.diabolo")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "a.diabolo")
    with pytest.raises(OSError, match="directory"):
        load(tmp_path)


def refused(data: bytes, path: Path, match: str) -> None:
    path.write_bytes(data)
    with pytest.raises(FormatError, match=match):
        load(path)


def test_damage(blob: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.diabolo"
    n = int.from_bytes(blob[:8], "little")
    flipped = bytearray(blob)
    flipped[n + 8 + 5] ^= 1
    refused(bytes(flipped), path, "checksum")
    refused(blob[: len(blob) // 2], path, "cut off")
    refused(blob[:-1], path, "cut off")
    refused(blob[:20], path, "cut off|does not begin")
    refused(blob + b"x", path, "damaged or cut off")


def test_limits(blob: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.diabolo"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", storage.MAX_HEADER + 1))
        file.truncate(2 * storage.MAX_HEADER)  # takes no space
    with pytest.raises(FormatError, match="header claims"):
        storage.header(path)
    refused(struct.pack("<Q", 1 << 62) + blob, path, "does not begin like")
    _, body, _ = parts(blob)
    many = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(100_001)}
    refused(joined(many, body, b""), path, "100,001 tensors")


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MAX_HEADER", 500)
    storage.write(tmp_path / "a.diabolo", "Autoencoder", {}, {"w": np.zeros(3)})
    before = (tmp_path / "a.diabolo").read_bytes()
    for meta, arrays in (({"names": ["x" * 500]}, {}), ({}, {f"w{i}": np.zeros(1) for i in range(20)})):
        with pytest.raises(DataError, match=r"units of columns, labels and words would take [\d,]+ bytes \(allowed are 500\)"):
            storage.write(tmp_path / "a.diabolo", "Autoencoder", meta, arrays)
    assert (tmp_path / "a.diabolo").read_bytes() == before


def test_many_layers(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    encoder = nn.Sequential(*[layer for _ in range(60) for layer in (nn.Linear(3, 3), nn.Tanh())], nn.Linear(3, 1))
    model = Autoencoder(1, encoder=encoder, decoder=nn.Sequential(nn.Linear(1, 3)), epochs=1, random_state=0).fit(X)
    model.save(tmp_path / "a.diabolo")
    np.testing.assert_array_equal(load(tmp_path / "a.diabolo").transform(X), model.transform(X))


def test_many_columns(tmp_path: Path) -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 6700)).astype(np.float32)).rename(columns=str)
    model = Autoencoder(1, hidden=(), random_state=0, verbose=False).fit(X)
    model.save(tmp_path / "a.diabolo")
    np.testing.assert_array_equal(load(tmp_path / "a.diabolo").transform(X), model.transform(X))


def test_a_newer_file(blob: bytes, tmp_path: Path) -> None:
    head, body, data = parts(blob)
    refused(joined(head, body | {"format": storage.FORMAT + 1}, data), tmp_path / "a", "newer diabolo .*pip install -U diabolo")
    refused(joined(head, body | {"format": 1}, data), tmp_path / "b", "older diabolo .*fit the model again")


def test_another_kind(blob: bytes, tmp_path: Path) -> None:
    head, body, data = parts(blob)
    refused(joined(head, body | {"kind": "os.system"}, data), tmp_path / "a", "it holds 'os.system', not one of .*Autoencoder")
    with pytest.raises(FormatError, match=r"it holds 'os\.system', not 'checkpoint'"):
        storage.read(tmp_path / "a", "checkpoint")


def test_values_that_are_not_finite(blob: bytes, tmp_path: Path) -> None:
    head, body, data = parts(blob)
    poisoned = data[:-4] + struct.pack("<f", float("nan"))
    refused(joined(head, body, poisoned), tmp_path / "a", "not finite")


def test_layers_outside_the_vocabulary(blob: bytes, tmp_path: Path) -> None:
    head, body, data = parts(blob)
    for layer in (
        {"layer": "Bilinear"},
        {"layer": "Linear", "in_features": 1 << 60, "out_features": 2},
        {"layer": []},
        "x",
        None,
    ):
        changed = copy.deepcopy(body)
        changed["meta"]["network"]["decoder"] = layer
        refused(joined(head, changed, data), tmp_path / "a", "layer|size")


# ── one's own modules ────────────────────────────────────────────────────────────────────────────────────────────────


class Mine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Linear(5, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.inside(x))


def test_own_encoder(tmp_path: Path) -> None:
    X = kinds()["array"]
    a = Autoencoder(encoder=Mine(), **SMALL).fit(X)
    a.save(tmp_path / "a.diabolo")
    with pytest.raises(FormatError, match=r"your own module \(Mine\).*load\(path, encoder=Mine\(...\)\)"):
        load(tmp_path / "a.diabolo")
    b = load(tmp_path / "a.diabolo", encoder=Mine())
    assert equal(a.transform(X), b.transform(X))
    assert equal(a.reconstruct(X), b.reconstruct(X))
    with pytest.raises(FormatError, match=r"tensor 'encoder.* is absent, but the network described needs"):
        load(tmp_path / "a.diabolo", encoder=nn.Sequential(nn.Linear(5, 2)))


# ── mutations ────────────────────────────────────────────────────────────────────────────────────────────────────────


def mutated(blob: bytes, r: random.Random) -> bytes:
    """A few flips, cuts, insertions or repetitions, half of them in the header."""
    data = bytearray(blob)
    n = int.from_bytes(blob[:8], "little") + 8
    for _ in range(r.choice((1, 1, 1, 2, 5))):
        end = n if r.random() < 0.5 else len(data)
        i = r.randrange(max(1, min(end, len(data))))
        how = r.randrange(6)
        if how == 0:
            data[i : i + 1] = bytes([data[i] ^ (1 << r.randrange(8))]) if i < len(data) else b""
        elif how == 1:
            data[i : i + 1] = r.randbytes(1)
        elif how == 2:
            del data[i : i + r.choice((1, 2, 8, 100))]
        elif how == 3:
            data[i:i] = r.randbytes(r.choice((1, 2, 8, 100)))
        elif how == 4:
            del data[i:]
        else:
            data[i:i] = data[i : i + r.choice((1, 8, 64))]
    return bytes(data)


def works(model: Any, X: Any) -> None:
    """A model that loads does its work, or says what does not fit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if type(model).__name__ in RESTORERS:
                model.transform(X)
                return
            model.inverse_transform(model.transform(X))
            model.score_samples(X)
    except (DiaboloError, ValueError) as error:
        assert str(error)  # noqa: PT017 - an error is not the only outcome


def fuzz(files: Any, path: Path, X: Any) -> int:
    """How many of the files were valid models; anything but a model or an error of ours fails."""
    valid = 0
    for data in files:
        path.unlink(missing_ok=True)  # to overwrite a file is slow on some disks
        path.write_bytes(data)
        try:
            model = load(path)
        except FormatError as error:
            assert str(error).startswith("cannot load ")  # noqa: PT017 - nor here
            continue
        works(model, X)
        valid += 1
    return valid


def test_random_mutations(blob: bytes, tmp_path: Path) -> None:
    """DIABOLO_FUZZ=1000000 tries as many, and others each time."""
    many = os.environ.get("DIABOLO_FUZZ")
    r, count = random.Random(None if many else 0), int(many or 20_000)
    assert fuzz((mutated(blob, r) for _ in range(count)), tmp_path / "a.diabolo", frame(6)) < count / 1000


def nodes(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    pairs: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        pairs += [(value, key), *nodes(child)]
    return pairs


def change(body: Any, r: random.Random) -> Any:
    """One node deleted, replaced, or swapped with another."""
    body = copy.deepcopy(body)
    for _ in range(r.choice((1, 1, 2))):
        pairs = nodes(body)
        if not pairs:
            break
        container, key = r.choice(pairs)
        other, place = r.choice(pairs)
        how = r.randrange(5)
        if how == 0:
            del container[key]
        elif how == 1:
            container[key] = copy.deepcopy(other[place])
        elif how == 2 and isinstance(container[key], (int, float)):
            container[key] = container[key] * r.choice((-1, 0, 2, 1.5, 1e9)) + r.choice((0, 1, -1))
        elif how == 3 and isinstance(container, dict):
            container[r.choice(("name", "kind", "type", "x"))] = r.choice(HOSTILE)
        else:
            container[key] = r.choice(HOSTILE)
    return body


@pytest.mark.parametrize("kind", ["table", "array", "texts"])
def test_mutations_with_a_right_checksum(kind: str, tmp_path: Path) -> None:
    X = {"table": frame(40), "array": kinds()["gaps"], "texts": texts()}[kind]
    path = tmp_path / "a.diabolo"
    Autoencoder(**SMALL).fit(X).save(path)
    head, body, data = parts(path.read_bytes())
    r = random.Random(1)
    files = (joined(head, change(body, r), data) for _ in range(800))
    fuzz(files, path, X[:5])


def test_every_entry_deleted_or_replaced(blob: bytes, tmp_path: Path) -> None:
    head, body, data = parts(blob)
    r = random.Random(2)

    def files() -> Any:
        for i in range(len(nodes(body))):
            for how in ("delete", r.choice(HOSTILE)):
                changed = copy.deepcopy(body)
                container, key = nodes(changed)[i]
                if how == "delete":
                    del container[key]
                else:
                    container[key] = how
                yield joined(head, changed, data)

    fuzz(files(), tmp_path / "a.diabolo", frame(6))


def enclosed(header: bytes, data: bytes = bytes(64)) -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def tried(path: Path, blob: bytes) -> None:
    """A file, or a FormatError."""
    path.unlink(missing_ok=True)
    path.write_bytes(blob)
    try:
        storage.tensors(storage.header(path))
    except FormatError as error:
        assert str(error).startswith("cannot load ")  # noqa: PT017 - an error is not the only outcome


@given(st.binary(max_size=300), JSON)
@settings(max_examples=200)
def test_any_bytes_and_any_json_as_a_header(tmp_path_factory: pytest.TempPathFactory, blob: bytes, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "header.diabolo"
    tried(path, blob)
    tried(path, enclosed(blob))
    tried(path, enclosed(json.dumps(value).encode()))
    tried(path, enclosed(json.dumps({"__metadata__": value}).encode()))
    tried(
        path,
        enclosed(json.dumps({"__metadata__": {"diabolo": json.dumps({"body": json.dumps(value), "digest": ""})}}).encode()),
    )


NUMBERS = st.integers(-2, 70) | st.sampled_from([2**31, 2**63, 2**64, 10**30])
SIZES = st.lists(NUMBERS, max_size=3) | JSON
ENTRY = st.fixed_dictionaries(
    {"shape": SIZES, "data_offsets": st.lists(NUMBERS, min_size=2, max_size=2) | SIZES},
    optional={"dtype": st.sampled_from([*storage.DTYPES, "F8_E4M3", "BOOL", ""]) | JSON, "more": JSON},
)


@given(st.dictionaries(NAMES, ENTRY | JSON, max_size=4))
@settings(max_examples=200)
def test_any_tensors_in_a_header(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any]) -> None:
    body = json.dumps({"format": storage.FORMAT, "kind": "x", "meta": {}})
    wrapped = json.dumps({"body": body, "digest": "0" * 64})
    header = entries | {"__metadata__": {"diabolo": wrapped}}
    tried(tmp_path_factory.getbasetemp() / "tensors.diabolo", enclosed(json.dumps(header).encode()))


@pytest.mark.parametrize("name", RESTORERS)
def test_damaged_files_of_what_takes_pictures(
    name: str, restorers: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colorization, "SIDE", 16)  # a smaller copy to look at
    restorers[name].save(tmp_path / "a.diabolo")
    blob = (tmp_path / "a.diabolo").read_bytes()
    refused(blob[:-1], tmp_path / "b", "cut off")
    refused(blob[:-1] + bytes([blob[-1] ^ 1]), tmp_path / "b", "checksum")
    X, r = [np.full((5, 6), 100, np.uint8)], random.Random(4)
    assert fuzz((mutated(blob, r) for _ in range(1000)), tmp_path / "b", X) < 6  # some mutations change nothing
    head, body, data = parts(blob)
    fuzz((joined(head, change(body, r), data) for _ in range(150)), tmp_path / "b", X)


@pytest.mark.parametrize("name", RESTORERS)
def test_every_entry_of_what_takes_pictures_deleted_or_replaced(
    name: str, restorers: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colorization, "SIDE", 16)  # a smaller copy to look at
    restorers[name].save(tmp_path / "a.diabolo")
    head, body, data = parts((tmp_path / "a.diabolo").read_bytes())
    r, X = random.Random(2), [np.full((5, 6), 100, np.uint8)]

    def files() -> Any:
        for i in range(len(nodes(body))):
            for how in ("delete", r.choice(HOSTILE)):
                changed = copy.deepcopy(body)
                container, key = nodes(changed)[i]
                if how == "delete":
                    del container[key]
                else:
                    container[key] = how
                yield joined(head, changed, data)

    fuzz(files(), tmp_path / "b", X)


def test_tensors_renamed_reshaped_retyped(blob: bytes, tmp_path: Path) -> None:
    head, body, data = parts(blob)
    r = random.Random(3)
    names = [name for name in head if name != "__metadata__"]

    def files() -> Any:
        for _ in range(300):
            changed = copy.deepcopy(head)
            name = r.choice(names)
            entry = changed[name]
            how = r.randrange(4)
            if how == 0:
                changed[name + "x"] = changed.pop(name)
            elif how == 1:
                entry["shape"] = r.choice([entry["shape"][::-1], [*entry["shape"], 1], [int(np.prod(entry["shape"]))]])
            elif how == 2 and entry["dtype"] == "F32":
                entry["dtype"] = "I32"
            else:
                other = r.choice(names)
                changed[name], changed[other] = changed[other], changed[name]
            yield joined(changed, body, data)

    fuzz(files(), tmp_path / "a.diabolo", frame(6))


def test_the_header_alone_is_enough_for_info(blob: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.diabolo"
    path.write_bytes(blob)
    head = storage.header(path)
    assert head.kind == "Autoencoder"
    assert head.bytes == len(blob) == os.path.getsize(path)
    assert "network.encoder.1.straight.weight" in head.shapes


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="is a device or a pipe, no file"), storage.atomic(pipe):
        pass
    assert pipe.is_fifo()


def test_a_table_that_never_varies_is_loaded_again(tmp_path: Path) -> None:
    X = pd.DataFrame({"a": [1.5] * 40, "b": ["u"] * 40})
    ae = Autoencoder(1, epochs=1, random_state=0, verbose=False).fit(X)
    ae.save(tmp_path / "m.diabolo")
    assert (load(tmp_path / "m.diabolo").transform(X) == ae.transform(X)).all()
