"""The binary batches of CIFAR: which of the two, its pictures, its classes, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diabolo.errors import DataError
from diabolo.formats import base
from diabolo.formats.readers import read_dataset, reader, reads

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)


def batch(X: np.ndarray, *classes: list[int]) -> bytes:
    """Of each picture its classes, then red, green, and blue."""
    return b"".join(
        bytes(c) + b"".join(x[..., k].tobytes() for k in range(3)) for x, c in zip(X, zip(*classes, strict=True), strict=True)
    )


@pytest.mark.parametrize("name", ["data_batch_1.bin", "test_batch.bin", "train.bin"])
def test_ten_classes(name: str, pictures: np.ndarray, tmp_path: Path) -> None:
    path, y = tmp_path / name, [3, 9, 0, 3, 5, 1]
    path.write_bytes(batch(pictures, y))
    data = read_dataset(path)
    assert reads(path, "pictures")
    assert np.array_equal(data.X, pictures)
    assert data.Y.tolist() == y
    assert "6 records of 3,073 bytes, as of CIFAR-10: pictures (32, 32, 3)" in data.decided
    assert "Y is the class, a number: 'batches.meta.txt' does not lie beside it" in data.decided
    (tmp_path / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")  # with an empty line, as it is distributed
    assert read_dataset(path).Y.tolist() == [NAMES[k] for k in y]
    with pytest.raises(DataError, match="has no coarse classes"):
        read_dataset(path, coarse=True)
    (tmp_path / "batches.meta.txt").write_text("\n".join(NAMES[:9]))
    with pytest.raises(DataError, match="has 9 names, 9 of them different, but there are 10 classes"):
        read_dataset(path)


@pytest.mark.parametrize("name", ["train.bin", "test.bin"])
def test_hundred_classes(name: str, pictures: np.ndarray, tmp_path: Path) -> None:
    """The coarse class comes first; the fine one is Y, unless the coarse one is asked for."""
    path, coarse, fine = tmp_path / name, [0, 19, 3, 3, 7, 1], [99, 0, 5, 7, 20, 50]
    path.write_bytes(batch(pictures, coarse, fine))
    (tmp_path / "fine_label_names.txt").write_text("\n".join(f"fine {k}" for k in range(100)))
    data = read_dataset(path)
    assert np.array_equal(data.X, pictures)
    assert data.Y.tolist() == [f"fine {k}" for k in fine]
    assert "Y is the fine class by its name in 'fine_label_names.txt'" in data.decided
    assert read_dataset(path, coarse=True).Y.tolist() == coarse
    (tmp_path / "coarse_label_names.txt").write_text("\n".join(f"coarse {k}" for k in range(20)))
    assert read_dataset(path, coarse=True).Y.tolist() == [f"coarse {k}" for k in coarse]


def test_it_is_known_by_name_and_size(pictures: np.ndarray, tmp_path: Path) -> None:
    content = batch(pictures, [0] * 6)
    for name, known in (("data_batch_12.bin", True), ("train.bin", True), ("weights.bin", False), ("data_batch_1", False)):
        (tmp_path / name).write_bytes(content)
        assert (reader(tmp_path / name) is not None) == known
    (tmp_path / "train.bin").write_bytes(content[:-1])
    assert reader(tmp_path / "train.bin") is None
    (tmp_path / "fine_label_names.txt").touch()
    assert reader(tmp_path / "train.bin") is not None
    assert reader(tmp_path / "test.bin") is None


def test_files_that_are_wrong(pictures: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "data_batch_1.bin"
    for content, said in (
        (b"", "is cut off, or no batch of CIFAR: it has 0 bytes, not a multiple of the 3,073"),
        (batch(pictures, [0] * 6)[:-1], "it has 18,437 bytes, not a multiple of the 3,073"),
        (batch(pictures, [0, 1, 2, 10, 3, 11]), "record 3 has the class 10, but there are 10, from 0"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"data_batch_1.bin.*{said}"):
            read_dataset(path)
    (tmp_path / "test.bin").write_bytes(batch(pictures, [20] * 6, [0] * 6))
    assert read_dataset(tmp_path / "test.bin").Y.tolist() == [0] * 6
    with pytest.raises(DataError, match="record 0 has the class 20, but there are 20, from 0"):
        read_dataset(tmp_path / "test.bin", coarse=True)


def test_what_is_large_lies_in_a_file(pictures: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MAX_BYTES_IN_MEMORY", 100)
    (tmp_path / "test_batch.bin").write_bytes(batch(pictures, [0] * 6))
    found = read_dataset(tmp_path / "test_batch.bin").X
    assert isinstance(found, np.memmap)
    assert np.array_equal(found, pictures)
