"""Files of NumPy: what is X, what are its labels, and what is wrong with a file."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from diabolo.errors import DataError
from diabolo.formats import base
from diabolo.formats.matrices import read_array
from diabolo.formats.readers import read_dataset, reads

FILES = Path(__file__).parent / "files" / "npz"


def saved(path: Path, **parts: Any) -> Path:
    np.savez(path / "a.npz", **parts)
    return path / "a.npz"


def test_bytes_in_two_dimensions_are_a_table() -> None:
    data = read_dataset(FILES / "outliers.npz")
    assert reads(FILES / "outliers.npz", "matrix")
    assert data.X.dtype == np.uint8
    assert data.shape == (20, 4)
    assert data.Y.dtype == np.int64
    assert np.flatnonzero(data.Y).tolist() == [3, 10, 17]
    assert "Y is y, 0 or 1: 3 of 20 rows are 1" in data.decided
    assert any("no pictures" in said for said in data.decided)


def test_y_of_another_type_and_shape_is_the_same() -> None:
    """int32, (n, 1); X column after column."""
    one, other = read_dataset(FILES / "outliers.npz"), read_dataset(FILES / "outliers32.npz")
    assert np.array_equal(one.Y, other.Y)
    assert one.Y.dtype == other.Y.dtype
    assert np.array_equal(one.X, other.X)
    assert other.X.flags.c_contiguous


@pytest.mark.parametrize("name", ["csr", "csc", "coo", "bsr", "dia", "csr_array"])
def test_sparse_files_of_scipy(name: str) -> None:
    X = read_dataset(FILES / f"{name}.npz").X
    assert isinstance(X, sp.csr_matrix)
    assert X.has_canonical_format
    assert (sp.random(20, 6, 0.3, format="csr", random_state=0) != X).nnz == 0
    assert (read_array(FILES / f"{name}.npz") != X).nnz == 0


def test_a_sparse_matrix_in_parts() -> None:
    data, z = read_dataset(FILES / "labels.npz"), np.load(FILES / "labels.npz")
    Y = sp.csr_matrix((np.ones(len(z["Y_indices"])), z["Y_indices"].astype(int), z["Y_indptr"]), shape=z["Y_shape"])
    assert (data.Y != Y).nnz == 0
    assert data.X.dtype == np.float32
    assert data.columns == [f"w{j}" for j in range(6)]
    assert data.labels == ["sea", "sky", "sun"]
    assert "left out: train, bool (20)" in data.decided


def test_several_arrays_are_named() -> None:
    path = FILES / "several.npz"
    with pytest.raises(DataError, match=r"several arrays.*'x_train' uint8 \(12 × 4\).*'x_test'.*array='x_train' or --array"):
        read_dataset(path)
    with pytest.raises(DataError, match=r"no array 'x'; it has 'x_train'"):
        read_dataset(path, array="x")
    data, z = read_dataset(path, array="x_test"), np.load(path)
    assert np.array_equal(data.X, z["x_test"])
    assert np.array_equal(data.Y, z["y_test"])


def test_pictures() -> None:
    data = read_dataset(FILES / "pictures.npz")
    assert reads(FILES / "pictures.npz", "pictures")
    assert data.shape == (5, 8, 8)
    assert data.Y.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(DataError, match="transpose exchanges rows and columns of two dimensions"):
        read_dataset(FILES / "pictures.npz", transpose=True)


def test_python_objects_are_left_out(tmp_path: Path) -> None:
    data = read_dataset(FILES / "objects.npz")
    assert data.columns is None
    assert "left out: feature_names, Python objects (4)" in data.decided
    with pytest.raises(DataError, match="'X' is of the type Python objects"):
        read_dataset(saved(tmp_path, X=np.array([[{}]], dtype=object)))


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.array([1, 0, 1, 0], dtype=bool), "Y is y, 0 or 1: 2 of 4 rows are 1"),
        (np.array([[1.0, 0, 0, 0]]), "Y is y, 0 or 1: 1 of 4 rows are 1"),
        (np.array([1, np.nan, 0, 0]), "Y is y, 0 or 1: 1 of 4 rows are 1; 1 are missing"),
        (np.array([1, -1, 1, 1]), "Y is y, 2 whole numbers from -1 to 1"),
        (np.array([1.5, 2, 3, 4]), "Y is y, numbers from 1.5 to 4"),
        (np.array(["a", "b", "a", "c"]), "Y is y, 3 classes, which are texts"),
        (np.array([b"\xc3\xa9", b"b", b"b", b"b"]), "Y is y, 2 classes, which are texts"),
    ],
)
def test_one_answer_of_each_row(y: np.ndarray, said: str, tmp_path: Path) -> None:
    data = read_dataset(saved(tmp_path, X=np.ones((4, 2)), y=y))
    assert said in data.decided
    assert data.Y.shape == (4,)
    whole = y.dtype.kind in "bi" or (y.dtype.kind == "f" and (y == np.floor(y)).all())
    assert data.Y.dtype == ("int64" if whole else "float64" if y.dtype.kind == "f" else "U1")


def test_labels_in_columns(tmp_path: Path) -> None:
    Y = np.array([[0, 1], [1, 1], [0, 0]])
    for given_, said in (
        (Y, "2 labels, on average 1.00 of them in a row"),
        (2 * Y - 1, "-1 is taken as 0"),
        (Y.T.copy(), "turned round"),
    ):
        data = read_dataset(saved(tmp_path, X=np.ones((3, 2)), Y=given_))
        assert np.array_equal(data.Y.toarray(), Y)
        assert any(said in text for text in data.decided)
    unknown = np.where(Y == 1, np.nan, 0.0)
    data = read_dataset(saved(tmp_path, X=np.ones((3, 2)), Y=unknown, label_names=["a", "b"]))
    assert data.Y.equals(pa.table({"a": pa.array([0, None, 0], pa.int8()), "b": pa.array([None, None, 0], pa.int8())}))
    for odd, found in ((Y * 2, "holds 2,"), (Y - 0.5, "holds -0.5,"), (np.array([[0, 1], [-1, 1], [0, 0]]), "holds -1,")):
        with pytest.raises(DataError, match=f"'Y' of the shape .* {found} but labels in columns are 0 and 1"):
            read_dataset(saved(tmp_path, X=np.ones((3, 2)), Y=odd))


def test_rows_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'X' has 3 rows, but 'y' has the shape \(5,\): if X has a column for each row, "):
        read_dataset(saved(tmp_path, X=np.ones((3, 5)), y=np.ones(5)))
    assert read_dataset(tmp_path / "a.npz", transpose=True).shape == (5, 3)
    with pytest.raises(DataError, match=r"'X' has 3 rows, but 'y' has the shape \(4,\)$"):
        read_dataset(saved(tmp_path, X=np.ones((3, 5)), y=np.ones(4)))
    data = read_dataset(saved(tmp_path, X=np.ones((3, 5)), labels=np.ones(4), feature_names=["a"] * 5))
    assert data.Y is None
    assert data.columns is None
    assert "left out: labels, float64 (4); feature_names, text (5)" in data.decided


def test_labels_that_are_names_of_labels(tmp_path: Path) -> None:
    Y = np.array([[0, 1], [1, 1], [0, 0]])
    data = read_dataset(saved(tmp_path, data=np.ones((3, 2)), labels=np.array(["a", "b"]), target=Y, more=np.ones(7)))
    assert np.array_equal(data.Y.toarray(), Y)
    assert "left out: labels, text (2); more, float64 (7)" in data.decided


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (np.ones(3), r"has the shape \(3,\)"),
        (np.ones((0, 3)), "is empty"),
        (np.ones((2, 3, 4)), "rows of numbers are"),
        (np.ones((2, 2), complex), "Complex data not supported"),
        (np.array([["a"]]), "'X' is of the type text"),
        (np.ones((2, 2), "M8[D]"), "dates"),
        (np.ones(2, [("a", "f8")]), "records"),
    ],
)
def test_what_is_no_table_of_numbers(X: np.ndarray, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_dataset(saved(tmp_path, X=X))
    assert "a.npz" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"X_indices": np.array([-1, 2, 0])}, "indices must be >= 0"),
        ({"X_indices": np.array([0, 3, 0])}, "damaged"),
        ({"X_indices": np.array([0, 2**32, 0])}, "damaged"),  # 0, if it were cut to int32
        ({"X_indices": np.array([0.0, 2, 0])}, "places are whole numbers"),
        ({"X_indptr": np.array([0, 3, 2])}, "damaged"),
        ({"X_indptr": np.array([0, 2, 4])}, "indptr|index pointer"),
        (
            {"X_indptr": np.array([0, 3, 0]), "X_data": np.ones(0), "X_indices": np.arange(0)},
            "starts of rows or columns decrease",
        ),
        ({"X_shape": np.array([9, 3])}, "index pointer size"),
        ({"X_shape": np.array([2, 3, 4])}, "shape"),
    ],
)
def test_sparse_matrices_that_are_wrong(change: dict[str, np.ndarray], said: str, tmp_path: Path) -> None:
    """To convert them would write beyond the end of memory."""
    right = {"data": np.ones(3), "indices": np.array([0, 2, 0]), "indptr": np.array([0, 2, 3]), "shape": np.array([2, 3])}
    right = {f"X_{name}": part for name, part in right.items()}
    assert read_dataset(saved(tmp_path, **right)).X.toarray().tolist() == [[1, 0, 1], [1, 0, 0]]
    with pytest.raises(DataError, match=said) as caught:
        read_dataset(saved(tmp_path, **{**right, **change}))
    assert "a.npz" in str(caught.value)


def test_cells_that_are_stored_twice(tmp_path: Path) -> None:
    parts = {"indices": np.array([1, 1, 0]), "indptr": np.array([0, 2, 3]), "shape": np.array([2, 3])}
    X = {f"X_{name}": of for name, of in parts.items()}
    data = read_dataset(saved(tmp_path, X_data=np.array([1.0, 2, 4]), **X))
    assert data.X.toarray().tolist() == [[0, 3, 0], [4, 0, 0]]
    assert "1 cells of X are stored more than once: their values are summed" in data.decided
    with pytest.raises(DataError, match="'Y' stores 1 of its cells more than once"):
        read_dataset(saved(tmp_path, X=np.ones((2, 2)), **{f"Y_{name}": of for name, of in parts.items()}))


def header(X: np.ndarray, shape: tuple[int, ...]) -> bytes:
    """An .npy that says another shape than it has."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": X.dtype.str, "fortran_order": False, "shape": shape})
    return file.getvalue() + X.tobytes()


def zipped(path: Path, *entries: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path / "a.npz"


def test_headers_that_say_too_much(tmp_path: Path) -> None:
    """NumPy would make room for it."""
    X = np.ones((2, 3))
    for shape in ((10**9, 10**9), (1, 3), (-1, 3)):
        with pytest.raises(DataError, match=r"a.npz.*'X.npy' is of the shape .* but it has 48"):
            read_dataset(zipped(tmp_path, ("X.npy", header(X, shape))))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_that_are_wrong(tmp_path: Path) -> None:
    X = header(np.ones((2, 3)), (2, 3))
    flipped = bytearray(saved(tmp_path, X=np.ones((2, 3))).read_bytes())
    flipped[200] ^= 1
    locked = bytearray(zipped(tmp_path, ("X.npy", X)).read_bytes())
    locked[6] |= 1
    locked[locked.index(b"PK\1\2") + 8] |= 1
    wrong = {
        "is encrypted, password required": bytes(locked),
        "it has two arrays 'X'": zipped(tmp_path, ("X.npy", X), ("X.npy", X)).read_bytes(),
        "no .npz file, or damaged": zipped(tmp_path, ("X.npy", X)).read_bytes()[:-30],
        "it has no array of numbers": zipped(tmp_path, ("X.txt", b"1 2")).read_bytes(),
        "magic string": zipped(tmp_path, ("X.npy", b"1 2 3 4 5 6 7 8")).read_bytes(),
        "is not a zip file": pickle.dumps([1, 2]),
        "Bad CRC": bytes(flipped),
    }
    for said, content in wrong.items():
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(DataError, match=f"cannot read .*a.npz.*({said})"):
            read_dataset(tmp_path / "a.npz")


def test_what_is_large_lies_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    monkeypatch.setattr(base, "MAX_BYTES_IN_MEMORY", 100)
    for stored in (X, np.asfortranarray(X)):
        found = read_dataset(saved(tmp_path, X=stored)).X
        assert isinstance(found, np.memmap)
        assert np.array_equal(found, X)


@settings(max_examples=25)
@given(
    X=arrays.arrays(
        st.sampled_from(["<f8", ">f8", "f4", "u1", "<i2", ">i4", "?", "<u8"]), st.tuples(st.integers(1, 5), st.integers(1, 5))
    ),
    fortran=st.booleans(),
)
def test_any_table_of_numbers_comes_back(X: np.ndarray, fortran: bool) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        found = read_dataset(saved(Path(folder), X=np.asfortranarray(X) if fortran else X)).X
    assert found.dtype == X.dtype.newbyteorder("=")
    assert found.tobytes() == X.astype(X.dtype.newbyteorder("="), order="C").tobytes()


def test_sets_of_outliers_and_of_labels(data_folder: Path) -> None:
    """What the field keeps in such files, as it was read before there were names."""
    for path in [
        *sorted((data_folder / "tables" / "adbench").glob("*.npz")),
        *sorted((data_folder / "multilabel").glob("*.npz")),
    ]:
        data, z = read_dataset(path), np.load(path)
        if "X" in z:
            assert np.array_equal(data.X, z["X"])
        if "y" in z:
            assert np.array_equal(data.Y, z["y"])
            assert f"{int(z['y'].sum()):,} of {len(z['y']):,} rows are 1" in " ".join(data.decided)
        else:
            assert data.Y.shape == tuple(z["Y_shape"])
            assert data.labels == z["label_names"].tolist()
            assert data.columns == z["feature_names"].tolist()
