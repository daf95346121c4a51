"""IDX: pictures and their labels, numbers of any type, and what is wrong with a file."""

from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from diabolo.errors import DataError
from diabolo.formats import base
from diabolo.formats.matrices import read_array
from diabolo.formats.readers import read_dataset, reads
from diabolo.formats.readers.images.idx import TYPES

FILES = Path(__file__).parent / "files" / "idx"
rng = np.random.default_rng(0)
PICTURES = rng.integers(0, 256, (7, 6, 5)).astype(np.uint8)
TRAIN = "train-images-idx3-ubyte.gz"


def packed(X: np.ndarray) -> bytes:
    code = next(code for code, type in TYPES.items() if np.dtype(type).newbyteorder("=") == X.dtype)
    return struct.pack(f">BBBB{X.ndim}I", 0, 0, code, X.ndim, *X.shape) + X.astype(TYPES[code]).tobytes()


def test_pictures_and_their_labels() -> None:
    data = read_dataset(FILES / TRAIN)
    assert reads(FILES / TRAIN, "pictures")
    assert np.array_equal(data.X, PICTURES)
    assert data.X.dtype == np.uint8
    assert data.Y.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert data.Y.dtype == np.int64
    assert "Y is 'train-labels-idx1-ubyte.gz' beside it, 3 classes from 0 to 2" in data.decided


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
        ("TRAIN-images-idx3-ubyte.GZ", "TRAIN-labels-idx1-ubyte"),
        ("images.idx", "labels.idx"),
        ("images.idx.gz", "labels.idx"),
    ],
)
def test_names(images: str, labels: str, tmp_path: Path) -> None:
    """Packed or not is what the bytes say: browsers unpack files and leave their names."""
    (tmp_path / images).write_bytes(packed(PICTURES))
    (tmp_path / labels).write_bytes(gzip.compress(packed(np.arange(7, dtype=np.uint8))))
    data = read_dataset(tmp_path / images)
    assert np.array_equal(data.X, PICTURES)
    assert data.Y.tolist() == list(range(7))


def test_labels_that_are_not_there(tmp_path: Path) -> None:
    shutil.copy(FILES / TRAIN, tmp_path / TRAIN)
    data = read_dataset(tmp_path / TRAIN)
    assert data.Y is None
    assert "there are no labels: 'train-labels-idx1-ubyte.gz' does not lie beside it" in data.decided


def test_labels_alone_and_too_few() -> None:
    with pytest.raises(
        DataError, match="7 single numbers, as of labels: give the file of the pictures, train-images-idx3-ubyte"
    ):
        read_dataset(FILES / "train-labels-idx1-ubyte.gz")
    with pytest.raises(DataError, match=r"has 4 rows, but its labels 't10k-labels.idx1-ubyte' have the shape \(3,\)"):
        read_dataset(FILES / "t10k-images.idx3-ubyte")


def test_emnist_is_turned_upright(tmp_path: Path) -> None:
    path = FILES / "emnist-letters-test-images-idx3-ubyte"
    data = read_dataset(path)
    assert np.array_equal(data.X, PICTURES)
    assert "rows and columns of the pictures are exchanged, as EMNIST lies on its side" in data.decided
    assert np.array_equal(read_dataset(path, transpose=False).X, PICTURES.swapaxes(1, 2))
    assert np.array_equal(read_dataset(FILES / TRAIN, transpose=True).X, PICTURES.swapaxes(1, 2))


@pytest.mark.parametrize("name", ["ubyte", "byte", "short", "int", "float", "double"])
def test_every_type(name: str) -> None:
    """Big-endian, as they are read by the library that wrote them."""
    path = FILES / f"numbers-idx2-{name}"
    type = dict(zip(["ubyte", "byte", "short", "int", "float", "double"], TYPES.values(), strict=True))[name]
    expected = np.frombuffer(path.read_bytes()[12:], type).reshape(4, 3)
    data = read_dataset(path)
    assert reads(path, "matrix")
    assert np.array_equal(data.X, expected)
    assert data.X.dtype == np.dtype(type).newbyteorder("=")
    assert np.array_equal(read_array(path), expected)
    assert np.abs(expected.astype(float)).max() < 300


def test_more_dimensions_are_rows(tmp_path: Path) -> None:
    X = rng.normal(size=(3, 2, 2)).astype(np.float32)
    (tmp_path / "a.idx").write_bytes(packed(X))
    data = read_dataset(tmp_path / "a.idx")
    assert np.array_equal(data.X, X.reshape(3, 4))
    assert "each row is one of (2, 2) numbers, 4 in a row" in data.decided
    (tmp_path / "a.idx").write_bytes(packed(np.ones((3, 2, 2, 3), np.uint8)))
    assert reads(tmp_path / "a.idx", "pictures")
    assert read_dataset(tmp_path / "a.idx").shape == (3, 2, 2, 3)


@settings(max_examples=25)
@given(
    X=arrays.arrays(
        st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]), st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)
    ),
    gz=st.booleans(),
)
def test_any_array_comes_back(X: np.ndarray, gz: bool) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.idx.gz" if gz else "a.idx")
        path.write_bytes(gzip.compress(packed(X)) if gz else packed(X))
        found = read_dataset(path).X
    assert found.dtype == X.dtype
    assert found.tobytes() == X.tobytes()


def test_what_is_large_lies_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MAX_BYTES_IN_MEMORY", 100)
    found = read_dataset(FILES / TRAIN).X
    assert isinstance(found, np.memmap)
    assert np.array_equal(found, PICTURES)


GOOD = packed(PICTURES)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it begins with nothing"),
        (b"1,2,3\n", "no IDX file: it begins with 31 2c 32 2c"),
        (b"\0\0\x0a\x02" + bytes(8), "no IDX file"),
        (b"\0\0\x08\0", "no IDX file"),
        (GOOD[:10], "cut off in its header, which says 3 dimensions"),
        (GOOD[:-1], "cut off: its header says 210 bytes of numbers, and 209 are there"),
        (GOOD + b"\0", "more follows the 210 bytes"),
        (GOOD[:4] + b"\xff" * 12 + GOOD[16:], "more than a file of its size can hold"),
        (gzip.compress(GOOD)[:-20], "damaged or cut off"),
        (gzip.compress(GOOD)[:-8] + bytes(8), "damaged or cut off"),
        (packed(np.ones((0, 3, 3), np.uint8)), r"is empty: its shape is \(0, 3, 3\)"),
    ],
)
def test_files_that_are_wrong(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.idx").write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_dataset(tmp_path / "a.idx")
    assert "a.idx" in str(caught.value)
    with pytest.raises(FileNotFoundError):
        read_dataset(tmp_path / "b.idx")


def test_mnist(data_folder: Path) -> None:
    data = read_dataset(data_folder / "images" / "mnist" / "t10k-images-idx3-ubyte.gz")
    assert data.shape == (10_000, 28, 28)
    assert np.bincount(data.Y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
