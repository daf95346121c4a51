"""Files of MATLAB: of version 4, 5 and 7.3 the same X and y, in rows; and what is wrong with a file."""

from __future__ import annotations

import shutil
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from diabolo.errors import DataError
from diabolo.formats import base
from diabolo.formats.matrices import read_array
from diabolo.formats.readers import read_dataset, reads
from diabolo.formats.readers.arrays import mat

FILES = Path(__file__).parent / "files" / "mat"
X = np.random.default_rng(0).normal(size=(20, 3)).round(3)
S = sp.random(20, 6, 0.3, format="csc", random_state=0)
OLD = ["v4", "v5", "v5_packed"]


def needs_h5py(name: str) -> Path:
    if name.endswith("73"):
        pytest.importorskip("h5py", reason="needs the extra formats")
    return FILES / f"{name}.mat"


@pytest.mark.parametrize("name", [*OLD, "v73"])
def test_every_version_gives_the_same(name: str) -> None:
    """y as (n, 1), as scipy's (1, n), transposed with all else in 7.3."""
    path = needs_h5py(name)
    data = read_dataset(path)
    assert reads(path, "matrix")
    assert data.X.tobytes() == X.tobytes()
    assert data.X.flags.c_contiguous
    assert data.Y.dtype == np.int64
    assert data.Y.shape == (20,)
    assert np.flatnonzero(data.Y).tolist() == [3, 10, 17]
    assert "Y is y, 0 or 1: 3 of 20 rows are 1" in data.decided
    assert ("turned round" in " ".join(data.decided)) == (name == "v73")
    assert np.array_equal(read_array(path), X)


@pytest.mark.parametrize("name", ["v4_sparse", "sparse73", "zeros73", "labels", "logical"])
def test_sparse_matrices(name: str) -> None:
    data = read_dataset(needs_h5py(name))
    assert isinstance(data.X, sp.csr_matrix)
    assert data.X.has_canonical_format
    assert ({"zeros73": 0 * S, "logical": S > 0.5}.get(name, S) != data.X).nnz == 0
    assert data.X.dtype == (bool if name == "logical" else np.float64)


@pytest.mark.parametrize("name", ["labels", "labels73"])
def test_labels_and_their_names(name: str) -> None:
    """(k, n) of -1 and 1; names in cells, and in rows of characters that are filled up with blanks."""
    data = read_dataset(needs_h5py(name))
    rng = np.random.default_rng(0)
    rng.normal(size=(20, 3))
    assert np.array_equal(data.Y.toarray(), rng.random((20, 4)) < 0.4)
    assert data.labels == ["sea", "sky", "the sun", "é"]
    assert data.columns == (["a", "bb", "ccc", "d", "e", "f"] if name == "labels" else None)
    assert "target is stored as (labels, rows), and turned round; -1 is taken as 0" in " ".join(data.decided)
    assert ("left out: more, struct" in data.decided) == (name == "labels73")


def test_several_arrays_are_named() -> None:
    with pytest.raises(
        DataError, match=r"several.mat' holds several arrays.*'X1' float64 \(20 × 3\).*array='X1' or --array X1"
    ):
        read_dataset(FILES / "several.mat")
    data = read_dataset(FILES / "several.mat", array="X2")
    assert np.array_equal(data.X, 2 * X)
    assert data.Y.sum() == 3
    with pytest.raises(ValueError, match=r"rows= is no option of .*has array=, transpose="):
        read_dataset(FILES / "several.mat", rows=1)


def test_numbers_have_the_type_of_matlab() -> None:
    """Doubles that are stored as bytes: X - 250 is negative here, and wraps around in what scipy reads."""
    found = read_dataset(FILES / "bytes.mat").X
    assert found.dtype == np.float64
    assert (found - 250).min() == -50
    assert (scipy.io.loadmat(FILES / "bytes.mat")["X"] - np.uint8(250)).min() >= 0


def test_what_is_left_out() -> None:
    assert "left out: s, struct (1 × 1); z, text (1 × 4)" in read_dataset(FILES / "logical.mat").decided


@pytest.mark.parametrize("name", [*OLD, "v4_sparse", "labels", "several", "logical"])
def test_scipy_reads_the_same(name: str) -> None:
    expected = scipy.io.loadmat(FILES / f"{name}.mat")
    for array in ("X", "X1", "X2", "data"):
        if array in expected:
            found, other = (
                V.toarray() if sp.issparse(V) else V
                for V in (read_dataset(FILES / f"{name}.mat", array=array).X, expected[array])
            )
            assert np.array_equal(found, other)


def test_h5py_reads_it_transposed() -> None:
    h5py = pytest.importorskip("h5py", reason="needs the extra formats")
    with h5py.File(FILES / "v73.mat") as file:
        assert file["X"].shape == (3, 20)
        assert np.array_equal(file["X"][()].T, read_dataset(FILES / "v73.mat").X)


@pytest.mark.parametrize("chunks", [None, (2, 7), (3, 20)])
def test_what_is_large_is_turned_round_in_pieces(chunks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h5py = pytest.importorskip("h5py", reason="needs the extra formats")
    monkeypatch.setattr(base, "MAX_BYTES_IN_MEMORY", 100)
    monkeypatch.setattr(mat, "PIECE", 100)
    shutil.copy(FILES / "v73.mat", tmp_path / "a.mat")
    with h5py.File(tmp_path / "a.mat", "r+") as file:
        del file["X"]
        file.create_dataset("X", data=X.T, chunks=chunks).attrs["MATLAB_class"] = np.bytes_("double")
    found = read_dataset(tmp_path / "a.mat").X
    assert isinstance(found, np.memmap)
    assert np.array_equal(found, X)
    found = read_dataset(FILES / "v5.mat").X
    assert isinstance(found, np.memmap)
    assert np.array_equal(found, X)


# ── elements of version 5, which scipy does not write ────────────────────────────────────────────────────────────────


def element(code: int, data: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}II", code, len(data)) + data + bytes(-len(data) % 8)


def variable(name: bytes, shape: tuple[int, ...], *parts: bytes, of: int = 6, flags: int = 0, order: str = "<") -> bytes:
    small = struct.pack(f"{order}I", len(name) << 16 | 1) + name.ljust(4, b"\0") if len(name) <= 4 else element(1, name, order)
    head = element(6, struct.pack(f"{order}II", of | flags, 0), order) + element(
        5, struct.pack(f"{order}{len(shape)}i", *shape), order
    )
    return element(14, head + small + b"".join(parts), order)


def written(path: Path, *elements: bytes, order: str = "<") -> Path:
    (path / "a.mat").write_bytes(b"MATLAB 5.0".ljust(124) + struct.pack(f"{order}HH", 0x0100, 0x4D49) + b"".join(elements))
    return path / "a.mat"


def numbers(values: Any, type: str = "f8", order: str = "<") -> bytes:
    code = {"i1": 1, "u1": 2, "i2": 3, "f4": 7, "f8": 9}[type]
    return element(code, np.asarray(values).astype(order + type).tobytes(order="F"), order)


def test_big_endian(tmp_path: Path) -> None:
    A = np.arange(6.0).reshape(2, 3)
    found = read_dataset(written(tmp_path, variable(b"X", (2, 3), numbers(A, "i2", ">"), order=">"), order=">")).X
    assert np.array_equal(found, A)
    assert found.dtype == np.float64


@settings(max_examples=25)
@given(
    A=arrays.arrays(st.sampled_from(["f8", "u1", "i2", "f4"]), st.tuples(st.integers(1, 4), st.integers(2, 4))),
    order=st.sampled_from("<>"),
    packed=st.booleans(),
)
def test_any_matrix_comes_back_as_from_scipy(A: np.ndarray, order: str, packed: bool) -> None:
    import tempfile

    inner = variable(b"X", A.shape, numbers(A, A.dtype.str[1:], order), order=order)
    packed_inner = zlib.compress(inner)
    outer = struct.pack(f"{order}II", 15, len(packed_inner)) + packed_inner if packed else inner
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), outer, order=order)
        found, other = read_dataset(path).X, scipy.io.loadmat(path)["X"]
    assert np.array_equal(found, A.astype(float), equal_nan=True)
    assert np.array_equal(found, other, equal_nan=True)


def test_texts_as_classes(tmp_path: Path) -> None:
    cells = [variable(b"", (1, len(t)), element(16, t.encode()), of=4) for t in ("ab", "c", "ab")]
    A = variable(b"X", (3, 2), numbers(np.ones((3, 2))))
    data = read_dataset(written(tmp_path, A, variable(b"y", (3, 1), *cells, of=1)))
    assert data.Y.tolist() == ["ab", "c", "ab"]
    others = [variable(b"", (1, 1), numbers([1.0])), *cells[1:]]
    data = read_dataset(written(tmp_path, A, variable(b"y", (3, 1), *others, of=1)))
    assert data.Y is None
    assert "left out: y, as its cells are no texts" in data.decided


def sparse(rows: list[int], starts: list[int], data: list[float]) -> bytes:
    parts = element(5, np.array(rows, "<i4").tobytes()), element(5, np.array(starts, "<i4").tobytes()), numbers(data)
    return variable(b"X", (3, 2), *parts, of=5)


ONES = numbers(np.ones((3, 2)))


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ([], "no array of numbers"),
        ([variable(b"X", (3, 2), ONES), variable(b"X", (3, 2), ONES)], "two variables 'X'"),
        ([variable(b"X", (3, 2), ONES)[:-20]], "cut off: the element at byte 128 has 96 bytes of 76 that follow"),
        ([variable(b"X", (3, 2), ONES), b"1234"], "cut off"),
        ([element(99, b"")], "byte 128: an element of type 99"),
        ([element(15, b"no zlib!")], "damaged"),
        ([element(15, zlib.compress(element(9, b"")))], "byte 128: a packed element that holds no matrix"),
        ([variable(b"X", (3, 2), element(99, bytes(48)))], "type 99 where numbers are expected"),
        ([variable(b"X", (3, 3), ONES)], r"48 bytes where the shape \(3, 3\) is expected"),
        ([variable(b"X", (1 << 30, 1 << 30), ONES)], "48 bytes where the shape"),
        ([variable(b"X", (-3, -2), ONES)], "has the shape"),
        ([variable(b"X", (3, 2), ONES, of=77)], "unknown class"),
        ([variable(b"X", (3, 2), ONES, ONES, flags=2048)], "Complex data not supported"),
        ([element(14, element(6, struct.pack("<II", 17, 0)) + element(1, b"X"))], "MATLAB object .of a table, table2array"),
        ([variable(b"X", (0, 2), numbers([]))], r"'X': it is empty: it has the shape \(0, 2\)"),
        ([variable(b"X", (3, 2, 1), ONES)], "rows of numbers are"),
        ([sparse([0, 3], [0, 1, 2], [1, 1])], "damaged"),
        ([sparse([0, -1], [0, 1, 2], [1, 1])], "damaged"),
        ([sparse([], [0, 9, 0], [])], "starts of rows or columns decrease"),
        ([sparse([0, 1], [0, 1, 3], [1, 1])], "damaged"),
        ([variable(b"X", (3, 2), ONES), variable(b"y", (4, 1), numbers(np.ones(4)))], "'X' has 3 rows, but 'y' has the shape"),
    ],
)
def test_files_that_are_wrong(elements: list[bytes], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_dataset(written(tmp_path, *elements))
    assert "a.mat" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sparse_elements(tmp_path: Path) -> None:
    data = read_dataset(written(tmp_path, sparse([2, 0, 0], [0, 1, 2], [5.0, 7, 9])))  # with room for one more
    assert data.X.toarray().tolist() == [[0, 7], [0, 0], [5, 0]]


def test_sparse_numbers_keep_their_values(tmp_path: Path) -> None:
    for values in (np.array([[2**53 + 1, 0, -3]]), np.array([[0, 0.1, 2]], np.float32), np.array([[True, False, True]])):
        scipy.io.savemat(tmp_path / "a.mat", {"X": sp.csr_matrix(values)})
        assert np.array_equal(read_dataset(tmp_path / "a.mat").X.toarray(), values)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"1,2,3\n4,5,6\n" * 50, "it is no .mat file: it begins with b'1,2,3"),
        (b"MATLAB 5.0".ljust(124) + b"\0\1IM" + bytes(3), "cut off"),
        (struct.pack("<5i", 0, 1 << 30, 1 << 30, 0, 2) + b"X\0" + bytes(80), "damaged"),
        (struct.pack("<5i", 0, 2, 2, 0, 2) + b"X\0" + bytes(20), "damaged"),
    ],
)
def test_files_of_other_kinds(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(DataError, match=f"cannot read .*a.mat.*{said}"):
        read_dataset(tmp_path / "a.mat")


@pytest.mark.parametrize("name", [*OLD, "labels", "v73", "sparse73", "labels73"])
def test_cut_off_anywhere(name: str, tmp_path: Path) -> None:
    content = needs_h5py(name).read_bytes()
    for length in range(0, len(content) - 1, max(1, len(content) // 40)):  # never just between two variables
        (tmp_path / "a.mat").write_bytes(content[:length])
        with pytest.raises(DataError, match=r"a\.mat"):
            read_dataset(tmp_path / "a.mat")


def test_wrong_files_of_version_73(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h5py = pytest.importorskip("h5py", reason="needs the extra formats")
    with pytest.raises(DataError, match=r"'X': it is empty: it has the shape \(0, 5\)"):
        read_dataset(FILES / "empty73.mat")
    path = tmp_path / "a.mat"
    with h5py.File(path, "w") as file:
        file["X"] = np.ones((2, 3))
    with pytest.raises(DataError, match="nothing says which of its dimensions are rows"):
        read_dataset(path)
    for part, values in (("ir", [0, 99]), ("jc", [0, 9, 0])):
        shutil.copy(FILES / "sparse73.mat", path)
        with h5py.File(path, "r+") as file:
            del file[f"X/{part}"]
            file[f"X/{part}"] = np.array(values, np.uint64)
        with pytest.raises(DataError, match=r"a\.mat"):
            read_dataset(path)
    shutil.copy(FILES / "v73.mat", path)
    with h5py.File(path, "r+") as file:
        del file["X"], file["y"]
        file.create_dataset("X", (1 << 20, 1 << 20), "f8", chunks=(1 << 10, 1 << 10)).attrs["MATLAB_class"] = np.bytes_(
            "double"
        )
        file["elsewhere"] = h5py.ExternalLink(str(FILES / "v73.mat"), "X")
    with pytest.raises(DataError, match="more than a file of this size can hold"):
        read_dataset(path)
    shutil.copy(FILES / "sparse73.mat", other := tmp_path / "b.mat")
    with h5py.File(other, "r+") as file:
        del file["X/jc"]
        file["X"].create_dataset("jc", (1 << 40,), "u8", chunks=(1 << 10,))
    with pytest.raises(DataError, match=r"b\.mat.*'/X/jc' says the shape .* more than a file of this size can hold"):
        read_dataset(other)
    with h5py.File(path, "r+") as file:
        del file["X"]
    with pytest.raises(DataError, match="no array of numbers; it has nothing"):
        read_dataset(path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"files ending in .mat of version 7.3 need the package 'h5py'.*diabolo\[formats\]"):
        read_dataset(path)


@pytest.mark.parametrize("version", ["4", "5"])
def test_sets_written_by_scipy_are_as_their_npz(version: str, data_folder: Path, tmp_path: Path) -> None:
    """To the bit, and in the same order in memory; version 4 knows doubles only."""
    sets = ["tables/adbench/6_cardio", "tables/adbench/26_optdigits", "multilabel/emotions", "multilabel/enron"]
    for name in sets:
        npz = read_dataset(data_folder / f"{name}.npz")
        y = npz.Y.toarray() if sp.issparse(npz.Y) else npz.Y
        scipy.io.savemat(tmp_path / "a.mat", {"X": npz.X, "y": y}, format=version, do_compression=version == "5")
        found = read_dataset(tmp_path / "a.mat")
        dense, expected = (V.toarray() if sp.issparse(V) else V for V in (found.X, npz.X))
        assert dense.astype(np.float64).tobytes() == expected.astype(np.float64).tobytes()
        assert dense.flags.c_contiguous
        assert np.array_equal(found.Y.toarray() if sp.issparse(found.Y) else found.Y, y)
