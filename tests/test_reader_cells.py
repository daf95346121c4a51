"""Cells and genes: Matrix Market's text and anndata's .h5ad, as their own libraries write them, and as they must not be."""

from __future__ import annotations

import gzip
import mmap
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diabolo import DataError
from diabolo.formats import Documents, base, documents, write_table
from diabolo.formats.readers import Dataset, compressed, read_dataset
from diabolo.formats.readers.cells import h5ad, matrix_market
from diabolo.formats.readers.cells.genes import once

FILES = Path(__file__).parent / "files" / "cells"
COUNTS = np.random.default_rng(0).poisson(0.8, (8, 5))  # as write_cells.py draws them, cells x genes
COUNTS[3] = 0
BARCODES = [f"AAAC{i}-1" for i in range(8)]
GENES = ["TBCE_ENSG0", "ACTB", "TBCE_ENSG2", "MATR3", "CD3"]
HEAD = "%%MatrixMarket matrix coordinate "


def dense(X: Any) -> np.ndarray:
    return X.toarray() if sp.issparse(X) else X


def lies_in_a_file(x: np.ndarray) -> bool:
    while isinstance(x, np.ndarray) and x.base is not None:
        x = x.base
    return isinstance(x, mmap.mmap)


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is read is too large for memory, and comes in small pieces."""
    monkeypatch.setattr(base, "MAX_BYTES_IN_MEMORY", 0)
    for module in (compressed, h5ad):
        monkeypatch.setattr(module, "PIECE", 4)
    monkeypatch.setattr(matrix_market, "BLOCK", 70)


# ── what lies beside a matrix ────────────────────────────────────────────────────────────────────────────────────────


def test_cells_are_the_rows_where_10x_stores_genes() -> None:
    path = FILES / "GSM1_matrix.mtx.gz"
    found = read_dataset(path)
    assert matrix_market.kind(path) == "counts"
    assert isinstance(found.X, sp.csr_matrix)
    assert found.X.has_canonical_format
    np.testing.assert_array_equal(found.X.toarray(), COUNTS)
    assert (found.columns, found.rows, found.counts, found.Y) == (GENES, BARCODES, True, None)
    assert found.decided == (
        "genes × cells (5 × 8), as GSM1_features.tsv.gz and GSM1_barcodes.tsv.gz beside it say",
        "transposed: cells are the rows",
        "1 name that 2 columns have is followed by the id of each, as in 'TBCE_ENSG0'",
        "features of 2 types are columns alike: 4 of 'Gene Expression', 1 of 'Antibody Capture'",
        "all values are whole, none is negative, some are above 1: counts",
    )


def test_cells_are_the_rows_where_kallisto_stores_cells() -> None:
    found = read_dataset(FILES / "cells_x_genes.mtx")
    np.testing.assert_array_equal(found.X.toarray(), COUNTS)
    assert (found.columns, found.rows) == ([f"ENSG{j}" for j in range(5)], BARCODES)
    assert found.decided[0].startswith("cells × genes (8 × 5), as cells_x_genes.genes.txt and cells_x_genes.barcodes.txt")


@pytest.mark.parametrize("name", ["GSM1_matrix.mtx.gz", "cells_x_genes.mtx"])
def test_a_transposed_matrix_keeps_its_names(name: str) -> None:
    stored = read_dataset(FILES / name, transpose=False)
    turned = read_dataset(FILES / name, transpose=True)
    np.testing.assert_array_equal(stored.X.toarray(), turned.X.toarray().T)
    cells, genes = (turned, stored) if name[0] == "G" else (stored, turned)
    assert (cells.rows, genes.columns) == (BARCODES, BARCODES)
    assert cells.shape == (8, 5)
    assert genes.rows is not None
    assert [name.split("_")[0] for name in cells.columns or ()] == genes.rows  # rows may have one name


def folder(path: Path, n: int = 3, d: int = 2, name: str = "matrix.mtx", **beside: int) -> Path:
    """A matrix with files beside it of so many lines."""
    for noun, lines in beside.items():
        text = (
            "".join(f"E{i}\tG{i}\n" for i in range(lines)) if noun != "barcodes" else "".join(f"C{i}\n" for i in range(lines))
        )
        (path / f"{noun}.tsv").write_text(text)
    scipy.io.mmwrite(path / name, sp.csr_matrix(np.arange(1, n * d + 1).reshape(n, d)))
    return path / name


@pytest.mark.parametrize(
    ("n", "d", "beside", "shape", "said"),
    [
        (3, 2, {"features": 3, "barcodes": 2}, (2, 3), "genes × cells"),
        (3, 2, {"genes": 3, "barcodes": 2}, (2, 3), "genes × cells"),
        (3, 2, {"features": 2, "barcodes": 3}, (3, 2), "cells × genes"),
        (3, 2, {"barcodes": 2}, (2, 3), "genes × cells"),
        (3, 2, {"barcodes": 3}, (3, 2), "cells × genes"),
        (3, 2, {"genes": 3}, (2, 3), "genes × cells"),
        (3, 2, {}, (3, 2), "no barcodes beside it"),
        (2, 2, {"features": 2, "barcodes": 2}, (2, 2), "the matrix is square"),
    ],
)
def test_numbers_say_what_the_rows_are(tmp_path: Path, n: int, d: int, beside: dict[str, int], shape: Any, said: str) -> None:
    found = read_dataset(folder(tmp_path, n, d, **beside))
    assert found.shape == shape
    assert said in found.decided[0]
    names = [f"G{j}" for j in range(shape[1])] if {"features", "genes"} & set(beside) else None
    assert found.columns == names
    assert found.rows == ([f"C{i}" for i in range(shape[0])] if "barcodes" in beside else None)
    x = np.arange(1, n * d + 1).reshape(n, d)
    np.testing.assert_array_equal(found.X.toarray(), x.T if shape != (n, d) or n == d else x)


def test_files_of_another_matrix_are_left_out(tmp_path: Path) -> None:
    found = read_dataset(folder(tmp_path, name="sums.mtx", barcodes=7))
    assert (found.shape, found.rows) == ((3, 2), None)
    assert found.decided[0] == "barcodes.tsv beside it, with 7 barcodes, belong to another matrix: left out"
    assert read_dataset(folder(tmp_path, name="sums.mtx", barcodes=3)).rows == ["C0", "C1", "C2"]
    (tmp_path / "sums_barcodes.tsv").write_text("x\ny\nz")
    assert read_dataset(tmp_path / "sums.mtx").rows == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (
            {"features": 3, "barcodes": 9},
            "3 rows and 2 columns, but features.tsv and barcodes.tsv .* 3 features and 9 barcodes",
        ),
        ({"features": 4, "barcodes": 2}, "delete the names of columns in the first line"),
        ({"barcodes": 0}, "0 barcodes"),
    ],
)
def test_numbers_of_lines_that_do_not_agree(tmp_path: Path, beside: dict[str, int], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_dataset(folder(tmp_path, **beside))


def test_names_that_are_no_text_and_names_in_damaged_files(tmp_path: Path) -> None:
    path = folder(tmp_path, barcodes=2)
    (tmp_path / "barcodes.tsv").write_bytes(b"A\n\xff\n")
    with pytest.raises(DataError, match=r"barcodes.tsv', line 2: byte 0xff is no UTF-8"):
        read_dataset(path)
    (tmp_path / "barcodes.tsv").write_bytes(gzip.compress(b"A\nB\n" * 99)[:-9])
    with pytest.raises(DataError, match=r"barcodes.tsv' is truncated"):
        read_dataset(path)


def test_every_column_has_a_name_of_its_own() -> None:
    assert once(["a", "b"]) == (["a", "b"], "")
    assert once(["a", "a", "a_1"])[0] == ["a_2", "a_3", "a_1"]
    names, said = once(["a", "a", "b", "b"], ["1", "1", "", "2"])
    assert names == ["a_1_1", "a_1_2", "b", "b_2"]
    assert said == "2 names that 4 columns have are followed by the id of each, as in 'a_1_1'"


# ── Matrix Market ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["pattern", "dense", "symmetric", "dense-skew", "skew", "unsigned", "cells_x_genes"])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_what_scipy_writes_and_reads(name: str, turned: bool, large: bool, request: pytest.FixtureRequest) -> None:
    if large:
        request.getfixturevalue("no_memory")
    found = read_dataset(FILES / f"{name}.mtx", transpose=turned)
    expected = dense(scipy.io.mmread(FILES / f"{name}.mtx"))
    np.testing.assert_array_equal(dense(found.X), expected.T if turned else expected)
    assert sp.issparse(found.X) == ("dense" not in name)
    assert (
        found.counts
        == (matrix_market.kind(FILES / f"{name}.mtx") == "counts")
        == (name in ("symmetric", "unsigned", "cells_x_genes"))
    )
    values = found.X.data if sp.issparse(found.X) else found.X
    assert lies_in_a_file(values) == large


@settings(max_examples=25)
@given(
    x=arrays(
        np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.sampled_from([0, 0, 1, 2, -3.25, 1e300, 0.1])
    ),
    integer=st.booleans(),
    by_columns=st.booleans(),
    block=st.sampled_from([60, 4096]),
)
def test_any_matrix(tmp_path_factory: Any, x: np.ndarray, integer: bool, by_columns: bool, block: int) -> None:
    x = np.sign(x).astype(int) * 7 if integer else x
    path = tmp_path_factory.mktemp("any") / "m.mtx"
    scipy.io.mmwrite(path, (sp.csc_matrix if by_columns else sp.csr_matrix)(x), symmetry="general")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix_market, "BLOCK", block)
        found = read_dataset(path)
    assert found.X.dtype == (x.dtype if x.any() else float)  # SciPy calls no integers real
    np.testing.assert_array_equal(found.X.toarray(), x)
    assert found.X.has_canonical_format


def of_text(path: Path, text: str, name: str = "m.mtx") -> Path:
    (path / name).write_bytes(text.encode("latin-1"))
    return path / name


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("integer general\r\n2 2 2\r\n1 1 3\r\n2 2 4\r\n", [[3, 0], [0, 4]]),
        ("integer general\n%a\n\n2 2 2\n\n1 1 3\n% b\n2 2 4", [[3, 0], [0, 4]]),
        ("real general\n  2   2   2\n  1\t1   3.00e+00  \n 2 2  4.\n\n", [[3, 0], [0, 4]]),
        ("real general\n2 2 2\n1 1 3.25D+1\n2 2 1d-2\n", [[32.5, 0], [0, 0.01]]),  # Fortran's; SciPy reads 3.25 and 1
        ("INTEGER General\n2 2 2\n1 1 +3\n2 2 -4\n", [[3, 0], [0, -4]]),
        ("real general\n2 2 2\n1 1 nan\n2 2 -Inf\n", [[np.nan, 0], [0, -np.inf]]),
        ("pattern symmetric\n2 2 2\n1 1\n2 1\n", [[1, 1], [1, 0]]),
        ("integer general\n2 2 2\n1 1 3\n2 2 0\n", [[3, 0], [0, 0]]),
        ("integer general\n2 2 0\n", [[0, 0], [0, 0]]),
    ],
)
def test_texts_that_are_right(tmp_path: Path, text: str, values: Any) -> None:
    found = read_dataset(of_text(tmp_path, HEAD + text))
    np.testing.assert_array_equal(found.X.toarray(), values)
    assert found.X.nnz == np.count_nonzero(values)


def test_numbers_that_are_not_whole_in_a_file_of_integers(tmp_path: Path) -> None:
    path = of_text(tmp_path, HEAD + "integer general\n2 2 3\n1 1 3\n1 2 3.5\n2 2 1e3\n")
    assert scipy.io.mmread(path).toarray().tolist() == [[3, 3], [0, 1]]  # without a word
    with pytest.warns(UserWarning, match="line 4 has no whole number, but line 1 says that all are: read as real numbers"):
        found = read_dataset(path)
    assert found.X.toarray().tolist() == [[3, 3.5], [0, 1000]]
    assert "line 4 has no whole number, but line 1 says that all are: read as real numbers" in found.decided
    assert (found.counts, matrix_market.kind(path)) == (False, "matrix")


def test_entries_given_again_are_added(tmp_path: Path, no_memory: None) -> None:
    entries = "".join(f"{i} 1 2\n1 {i} 5\n" for i in (1, 2, 1))
    with pytest.warns(UserWarning, match="given a second time: 3 of 6 entries; their sums are taken"):
        found = read_dataset(of_text(tmp_path, HEAD + "integer general\n3 3 6\n" + entries))
    assert found.X.toarray().tolist() == [[14, 5, 0], [2, 0, 0], [0, 0, 0]]
    assert "given a second time: 3 of 6 entries; their sums are taken" in found.decided
    with pytest.warns(UserWarning, match="1 of 2 entries; each is taken"):
        assert read_dataset(of_text(tmp_path, HEAD + "pattern general\n2 2 2\n1 1\n1 1\n")).X.toarray().tolist() == [
            [1, 0],
            [0, 0],
        ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no Matrix Market file: line 1 is ''"),
        ("2 2 1\n1 1 1\n", "is no Matrix Market file: line 1 is '2 2 1'"),
        (HEAD.replace("matrix", "vector") + "real general\n2 1\n1 1\n", "is no Matrix Market file"),
        (HEAD + "complex general\n2 2 1\n1 1 1 1\n", "line 1: .*complex general' is not read: expected one of real"),
        (HEAD + "real hermitian\n2 2 1\n1 1 1\n", "is not read: expected one of general"),
        (HEAD + "pattern skew-symmetric\n2 2 1\n2 1\n", "is not read"),
        (HEAD + "integer general\n", "line 2: expected the numbers of rows, columns and entries, found ''"),
        (HEAD + "integer general\n2 2\n1 1 1\n", "line 2: expected the numbers of rows, columns and entries, found '2 2"),
        (HEAD + "integer general\n-2 2 1\n1 1 1\n", "found '-2 2 1"),
        (HEAD + "integer general\n0 2 0\n", "a matrix of 0 × 2 has no cells"),
        (
            HEAD + "integer general\n2 2 3\n1 1 1\n1 2 1\n",
            "line 4: the file ends after 2 entries, but line 2 says 3: it is truncated",
        ),
        (HEAD + "integer general\n2 2 1\n1 1 1\n1 2 1\n", "line 4: here is one entry more than the 1 that line 2 says"),
        (HEAD + "integer general\n2 2 2\n0 0 1\n1 1 1\n", "line 3: there is no row 0: these are 1 to 2"),
        (HEAD + "integer general\n2 2 2\n1 1 1\n1 3 1\n", "line 4: there is no column 3: these are 1 to 2"),
        (HEAD + "integer general\n2 2 2\n1 1 1\n-1 2 1\n", "line 4: there is no row -1"),
        (HEAD + f"integer general\n2 2 1\n1{'0' * 99} 1 1\n", "line 3: there is no row"),
        (HEAD + "integer general\n2 2 2\n1 1 1\n1 2\n", "line 4: expected row, column and value, found '1 2'"),
        (HEAD + "integer general\n2 2 1\n1 1 1 1\n", "line 3: expected row, column and value, found '1 1 1 1'"),
        (HEAD + "pattern general\n2 2 1\n1 1 1\n", "line 3: expected row and column, found '1 1 1'"),
        (HEAD + "real general\n2 2 1\n1.0 1 1\n", "line 3: expected row, column and value"),
        (HEAD + "integer general\n99 2 1\n0x1F 1 1\n", "line 3: expected row, column and value, found '0x1F 1 1'"),
        (HEAD + "real general\n2 2 1\n1 1 1,5\n", "line 3: '1,5' is no number"),
        (
            HEAD + f"integer general\n2 2 1\n1 1 {2**63}\n",
            "line 3: 9223372036854775808 is no integer of 64 bits: say real in line 1",
        ),
        (HEAD + "unsigned-integer general\n2 2 1\n1 1 -3\n", "line 3: -3 is no unsigned-integer"),
        (HEAD + "real symmetric\n2 3 1\n1 1 1\n", "line 2: a symmetric matrix is square, but this one has 2 × 3"),
        (HEAD + "real symmetric\n2 2 2\n2 1 1\n1 2 1\n", "line 4: an entry that is not below the diagonal"),
        (HEAD + "real skew-symmetric\n2 2 1\n1 1 1\n", "line 3: an entry that is not below the diagonal"),
        (HEAD + "integer general\n200000 300000 1000000000\n1 1 1\n", "line 2: 1,000,000,000 entries are said to follow"),
        (HEAD + "integer general\n2 2 5\n1 1 1\n", "no room in so small a matrix"),
        (HEAD + f"integer general\n{10**15} 2 1\n1 1 1\n", "is not read: are these numbers right"),
        (HEAD.replace("coordinate", "array") + "real general\n2 2\n1\n2\n3\n", "line 5: the file ends after 3 entries"),
        (
            HEAD.replace("coordinate", "array") + "real general\n1 2\n1\n2\n3\n",
            "line 5: here is one entry more than the 2 that line 2 says",
        ),
        (HEAD.replace("coordinate", "array") + "real general\n1 2\n1 2\n", "line 3: expected one value, found '1 2'"),
        (HEAD.replace("coordinate", "array") + "integer general\n1000000 1000000\n1\n", "no room in the rest of the file"),
    ],
)
def test_texts_that_are_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_dataset(of_text(tmp_path, text))
    assert "m.mtx'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_line_of_an_error_is_right_in_every_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{i} 1 1" for i in range(1, 401)]
    lines[300] = "301 1 x"
    path = of_text(tmp_path, HEAD + "integer general\n% c\n400 1 400\n" + "\n".join(lines))
    monkeypatch.setattr(matrix_market, "BLOCK", 128)
    with pytest.raises(DataError, match="line 304: 'x' is no number"):
        read_dataset(path)


def test_packed_or_not_whatever_the_name_says(tmp_path: Path) -> None:
    text = (HEAD + "integer general\n2 2 1\n1 1 3\n").encode()
    for name, data in (("a.mtx.gz", text), ("b.mtx", gzip.compress(text)), ("c.MTX.gz", gzip.compress(text))):
        (tmp_path / name).write_bytes(data)
        assert read_dataset(tmp_path / name).X[0, 0] == 3
    (tmp_path / "d.mtx.gz").write_bytes(gzip.compress(text)[:-12])
    with pytest.raises(DataError, match=r"d.mtx.gz' is truncated: its gzip data end too early"):
        read_dataset(tmp_path / "d.mtx.gz")
    (tmp_path / "e.mtx.gz").write_bytes(gzip.compress(text)[:-8] + b"12345678")
    with pytest.raises(DataError, match=r"e.mtx.gz' is damaged"):
        read_dataset(tmp_path / "e.mtx.gz")


# ── anndata ──────────────────────────────────────────────────────────────────────────────────────────────────────────

VERSIONS = {"0.6.22": "csr", "0.7.8": "csc", "0.11.4": "dense", "0.12.6": "csr"}  # and how X is stored


@pytest.fixture
def cells(tmp_path: Path) -> Callable[[str], Path]:
    pytest.importorskip("h5py", reason="needs the extra formats")

    def unpacked(version: str = "0.12.6") -> Path:
        path = tmp_path / f"cells-{version}.h5ad"
        path.write_bytes(gzip.decompress((FILES / f"anndata-{version}.h5ad.gz").read_bytes()))
        return path

    return unpacked


@pytest.fixture
def changed(cells: Any) -> Callable[..., Path]:
    """A file in which something was done."""
    import h5py

    def change(what: Callable[[Any], Any], version: str = "0.12.6") -> Path:
        path: Path = cells(version)
        with h5py.File(path, "r+") as file:
            what(file)
        return path

    return change


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("large", [False, True])
def test_what_anndata_writes(cells: Any, version: str, large: bool, request: pytest.FixtureRequest) -> None:
    if large:
        request.getfixturevalue("no_memory")
    path = cells(version)
    found = read_dataset(path)
    assert h5ad.kind(path) == "matrix"
    np.testing.assert_array_equal(dense(found.X), np.log1p(COUNTS[:, :4].astype("f4")))
    assert isinstance(found.X, np.ndarray if VERSIONS[version] == "dense" else sp.csr_matrix)
    assert (found.columns, found.rows, found.counts, found.Y) == (GENES[:4], BARCODES, False, None)
    checked = ", checked (yes or no)" * (version > "0.11" and version[2] == "1")
    stored = VERSIONS[version]
    checked = ", checked (yes or no)" if version in ("0.11.4", "0.12.6") else ""
    assert large or found.decided == (  # the pieces are too small to see counts in
        f"8 cells × 4 genes: X, stored {'' if stored == 'dense' else 'as '}{stored}",
        "1 name that 2 columns have is followed by the id of each, as in 'TBCE_ENSG0'",
        "X holds no counts, but there are some: layer='raw.X' or layer='counts' reads them",
        f"columns of obs that could be labels: cell_type (3 classes), doublet (yes or no){checked}; labels='cell_type' makes "
        "them Y",
    )
    assert lies_in_a_file(found.X.data if sp.issparse(found.X) else found.X) == large


@pytest.mark.parametrize("version", VERSIONS)
def test_counts_are_chosen_by_name(cells: Any, version: str) -> None:
    some, all_ = read_dataset(cells(version), layer="counts"), read_dataset(cells(version), layer="raw.X")
    np.testing.assert_array_equal(some.X.toarray(), COUNTS[:, :4])
    np.testing.assert_array_equal(all_.X.toarray(), COUNTS)
    assert some.counts
    assert all_.counts
    assert (some.columns, all_.columns) == (GENES[:4], GENES)
    with pytest.raises(
        DataError, match=r"has no layer 'count'; did you mean 'counts'.: there are layer='X', layer='raw.X', layer='counts'"
    ):
        read_dataset(cells(version), layer="count")


@pytest.mark.parametrize("version", VERSIONS)
def test_labels_of_obs(cells: Any, version: str) -> None:
    path = cells(version)
    types = read_dataset(path, labels="cell_type")
    assert types.Y.tolist() == ["T", "B", None, "B", "T", "B", "T", "B"]
    assert types.decided[-1] == "Y is cell_type of obs, 2 classes; unknown: 1"
    doublets = read_dataset(path, labels=["doublet"]).Y
    assert doublets.to_pydict() == {"doublet": [False, True] * 4}
    sizes = read_dataset(path, labels="size")
    np.testing.assert_array_equal(sizes.Y, COUNTS.sum(1))
    assert sizes.decided[-1] == "Y is size of obs, a number for each cell"
    with pytest.raises(DataError, match=r"no column 'cell_typ' .did you mean 'cell_type'"):
        read_dataset(path, labels="cell_typ")
    with pytest.raises(
        DataError, match=r"labels='doublet,cell_type' .*several labels are yes or no each, but 'cell_type' is not"
    ):
        read_dataset(path, labels="doublet,cell_type")
    if version[2] == "1":
        both = read_dataset(path, labels="doublet, checked")
        assert both.Y.column("checked").to_pylist() == [True, None, False, True] * 2
        assert both.decided[-1] == "Y is doublet, checked of obs, yes or no each; unknown: 2"


def test_classes_that_are_all_known_are_texts(changed: Any) -> None:
    def label_all(file: Any) -> None:
        file["obs/cell_type/codes"][...] = [0, 1, 2, 1, 0, 1, 0, 1]

    Y = read_dataset(changed(label_all), labels="cell_type").Y
    assert (Y.dtype.kind, Y.tolist()) == ("U", ["T", "NK", "B", "NK", "T", "NK", "T", "NK"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layer", ["X", "counts", "raw.X"])
@pytest.mark.filterwarnings("ignore")
def test_anndata_reads_the_same(cells: Any, version: str, layer: str) -> None:
    anndata = pytest.importorskip("anndata", reason="needs the extra formats")
    path = cells(version)
    found, theirs = read_dataset(path, layer=layer), anndata.read_h5ad(path)
    X = theirs.raw.X if layer == "raw.X" else theirs.layers["counts"] if layer == "counts" else theirs.X
    np.testing.assert_array_equal(dense(found.X), dense(X))
    assert found.X.dtype == X.dtype
    assert found.rows == list(theirs.obs_names)
    for label in theirs.obs.columns:
        y = theirs.obs[label]
        ours = read_dataset(path, labels=label).Y
        ours = ours.column(0).to_pylist() if isinstance(ours, pa.Table) else ours.tolist()
        assert ours == y.astype(object).where(y.notna(), None).tolist()


@pytest.mark.parametrize(
    "X",
    [
        COUNTS[:, :4].astype(">i4"),
        COUNTS[:, :4].astype(np.float16),
        COUNTS[:, :4] > 1,
        COUNTS[:, :4].astype(np.uint8),
        sp.csc_matrix(COUNTS[:, :4].astype(np.int16)),
        sp.csr_matrix((8, 4), dtype=np.float32),
    ],
    ids=["big-endian", "half", "bool", "bytes", "columns", "zeros"],
)
def test_types_of_numbers(changed: Any, X: Any) -> None:
    def put(file: Any) -> None:
        del file["X"]
        if not sp.issparse(X):
            file.create_dataset("X", data=X, chunks=(3, 2))
            return
        X.sort_indices()
        group = file.create_group("X")
        group.attrs.update({"encoding-type": f"{X.format}_matrix", "encoding-version": "0.1.0", "shape": X.shape})
        for part in ("data", "indices", "indptr"):
            group.create_dataset(part, data=getattr(X, part))

    path = changed(put)
    found = read_dataset(path)
    np.testing.assert_array_equal(dense(found.X), dense(X))
    assert found.X.dtype == (np.float32 if X.dtype == np.float16 else X.dtype.newbyteorder("="))
    counts = X.dtype != bool and X.max() > 1
    assert (found.counts, h5ad.kind(path)) == (counts, "counts" if counts else "matrix")


def test_dense_counts_beyond_memory_become_sparse(changed: Any, no_memory: None) -> None:
    def put(file: Any) -> None:
        del file["X"]
        file.create_dataset("X", data=COUNTS[:, :4])

    found = read_dataset(changed(put))
    assert isinstance(found.X, sp.csr_matrix)
    np.testing.assert_array_equal(found.X.toarray(), COUNTS[:, :4])
    assert found.decided[0] == "8 cells × 4 genes: X, stored dense; as they are counts, and many, what is not 0 is kept"


def test_zeros_and_entries_given_again(changed: Any) -> None:
    def put(file: Any) -> None:
        file["X/data"][:2] = 0
        file["X/indices"][2:4] = file["X/indices"][2]

    with pytest.warns(UserWarning, match="given a second time: [12] of 1. entries of X"):
        found = read_dataset(changed(put))
    assert "zeros that were stored are left out: 2" in found.decided
    assert found.X.has_canonical_format


def attribute(name: str, **values: Any) -> Callable[[Any], None]:
    return lambda file: file[name].attrs.update({key.replace("_", "-"): value for key, value in values.items()})


def without(*names: str) -> Callable[[Any], None]:
    def delete(file: Any) -> None:
        for name in names:
            del file[name]

    return delete


def filled(name: str, place: Any, value: Any) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        file[name][place] = value

    return fill


def instead(name: str, **how: Any) -> Callable[[Any], None]:
    def replace(file: Any) -> None:
        del file[name]
        file.create_dataset(name, **how)

    return replace


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (without("obs"), "is no .h5ad: it holds X, layers, obsm, obsp, raw, uns, var, varm, but X, obs and var were expected"),
        (lambda f: (without(*f)(f), f.create_group("matrix")), "looks like 10x's own .h5, which scanpy.read_10x_h5 reads"),
        (lambda f: (without("obs")(f), f.create_group("mod")), "several modalities"),
        (attribute("/", encoding_type="MuData"), "is no .h5ad"),
        (
            attribute("/", encoding_version="0.3.0"),
            "root: encoding anndata 0.3.0, but 0.1.0 was expected: is it of a newer anndata",
        ),
        (attribute("X", encoding_version="0.2.0"), "X: encoding csr_matrix 0.2.0, but 0.1.0 was expected"),
        (attribute("X", encoding_type="awkward-array"), "X: encoding 'awkward-array', but an array, csr_matrix or csc_matrix"),
        (attribute("X", shape=(9, 4)), r"X: its shape is \(9, 4\), but obs and var have 8 and 4 rows"),
        (without("X"), "has no X: there are layer='raw.X', layer='counts'"),
        (without("X", "raw", "layers"), "has no X: there are no numbers in it"),
        (without("X/indptr"), "cannot be read: .*indptr"),
        (filled("X/indptr", 8, 3), "X: its parts do not make a matrix of 8 × 4"),
        (filled("X/indptr", 3, 99), "X: its parts do not make a matrix"),
        (filled("X/indices", 3, 4), "X/indices: 0 to 4 are found, but 0 to 3 were expected"),
        (filled("X/indices", 3, -1), "X/indices: -1 to 3 are found"),
        (instead("X", data=np.zeros((8, 4), complex)), "X: it holds complex128, but real numbers were expected"),
        (instead("X", data=[b"a"]), r"X: its shape is \(1,\)"),
        (instead("X/data", shape=(10**10,), dtype="f4"), "X/data: its size is 40,000,000,000 bytes, but only 0 are stored"),
        (without("var/_index"), "cannot be read"),
    ],
)
def test_h5ad_that_are_wrong(changed: Any, what: Callable[[Any], None], said: str) -> None:
    path = changed(what)
    with pytest.raises(DataError, match=said) as caught:
        read_dataset(path)
    assert "cells-0.12.6.h5ad'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (filled("obs/cell_type/codes", 0, 7), "obs: 'cell_type' has codes from -1 to 7, but 3 categories"),
        (attribute("obs/cell_type", encoding_version="0.3.0"), "encoding categorical 0.3.0, but 0.2.0 was expected"),
        (without("obs/cell_type/codes"), "obs/cell_type: encoding 'categorical' is not read"),
    ],
)
def test_labels_that_are_wrong(changed: Any, what: Callable[[Any], None], said: str) -> None:
    path = changed(what)
    read_dataset(path)  # they may be, as long as they are not asked for
    with pytest.raises(DataError, match=said):
        read_dataset(path, labels="cell_type")


def test_files_that_hdf5_does_not_read(cells: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"", b"no such thing", cells().read_bytes()[:9000]):
        (tmp_path / "a.h5ad").write_bytes(data)
        with pytest.raises(DataError, match=r"a.h5ad' cannot be read: .*it is no HDF5, or truncated, or damaged"):
            read_dataset(tmp_path / "a.h5ad")
    with pytest.raises(FileNotFoundError):
        read_dataset(tmp_path / "none.h5ad")
    path = cells()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"files ending in .h5ad need the package 'h5py'.*pip install 'diabolo\[formats\]'"):
        read_dataset(path)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CODES = pa.table({"z1": np.arange(8.0), "z2": pa.array([None, *range(7)], pa.float32())})


def everything(path: Path) -> dict[str, Any]:
    """Every value and attribute of a file, but for the codes."""
    import h5py

    found: dict[str, Any] = {}

    def keep(name: str, node: Any) -> None:
        if name != "obsm/X_diabolo":
            about = {key: str(value) for key, value in node.attrs.items()}
            found[name] = (about, node[()].tolist() if hasattr(node, "dtype") else sorted(set(node) - {"X_diabolo"}))

    with h5py.File(path) as file:
        file.visititems(keep)
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.filterwarnings("ignore")
def test_codes_are_written_beside_the_cells(cells: Any, tmp_path: Path, version: str) -> None:
    source, once, path = cells(version), tmp_path / "once.h5ad", tmp_path / "twice.h5ad"
    original = source.read_bytes()
    write_table(pa.table({"z": np.zeros(8)}), once, source)
    write_table(CODES, path, once)  # in place of those that are there
    assert source.read_bytes() == original
    assert everything(path) == everything(source) != {}
    assert {p.name for p in tmp_path.iterdir()} == {source.name, once.name, path.name}
    np.testing.assert_array_equal(dense(read_dataset(path).X), dense(read_dataset(source).X))
    anndata = pytest.importorskip("anndata", reason="needs the extra formats")
    Z = anndata.read_h5ad(path).obsm["X_diabolo"]
    np.testing.assert_array_equal(Z, [[i, i - 1 if i else np.nan] for i in range(8)])


def test_codes_where_nothing_was_beside_the_cells(changed: Any, tmp_path: Path) -> None:
    import h5py

    write_table(CODES.append_column("name", pa.array(BARCODES)).select(["z1"]), tmp_path / "out.h5ad", changed(without("obsm")))
    with h5py.File(tmp_path / "out.h5ad") as file:
        assert file["obsm/X_diabolo"].shape == (8, 1)
        assert dict(file["obsm"].attrs) == {"encoding-type": "dict", "encoding-version": "0.1.0"}


def test_what_is_not_written(cells: Any, changed: Any, tmp_path: Path) -> None:
    source, path = cells(), tmp_path / "out.h5ad"
    with pytest.raises(DataError, match=r"out.h5ad': an .h5ad is written as a copy of the .h5ad that was read"):
        write_table(CODES, path)
    with pytest.raises(DataError, match="has 8 cells, but 3 rows are to be written"):
        write_table(CODES[:3], path, source)
    with pytest.raises(DataError, match="is the file that was read: choose another name"):
        write_table(CODES, source, source)
    with pytest.raises(DataError, match="there are no columns of numbers to write"):
        write_table(pa.table({"name": BARCODES}), path, source)
    records = changed(instead("obsm", data=np.zeros(8, [("X_pca", "f8", 2)])), "0.11.4")
    with pytest.raises(DataError, match="obsm: an array of records, as old versions of anndata wrote it"):
        write_table(CODES, path, records)
    assert not path.exists()
    with pytest.warns(UserWarning, match="only columns of numbers are written, not 'name'"):
        write_table(CODES.append_column("name", pa.array(BARCODES)), path, source)
    assert path.exists()


def test_cells_need_no_pandas(cells: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "anndata"):
        monkeypatch.setitem(sys.modules, name, None)
    assert read_dataset(cells(), labels="cell_type").shape == (8, 4)
    write_table(CODES, tmp_path / "out.h5ad", cells())


# ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_counts_are_documents_of_genes(cells: Any) -> None:
    found = read_dataset(FILES / "GSM1_matrix.mtx.gz")
    format = Documents().fit(FILES / "GSM1_matrix.mtx.gz")
    assert format.columns == GENES
    assert Documents.accepts(FILES / "GSM1_matrix.mtx.gz")
    assert not Documents.accepts(cells())
    assert isinstance(found, Dataset)
    np.testing.assert_array_equal(format.to_array(found.values), COUNTS)


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_counts_on_disk_stay_there(monkeypatch: pytest.MonkeyPatch, dtype: Any) -> None:
    """Beside them little is in memory; the pages of a mapped file are the system's own affair."""
    n, d, each = 60_000, 200, 50
    data, indices = base.spilled(1, n * each, dtype)[0], base.spilled(1, n * each, np.int32)[0]
    data[:], indices[:] = 2, np.tile(np.arange(0, d, d // each, dtype=np.int32), n)
    X = sp.csr_matrix((data, indices, np.arange(0, n * each + 1, each, dtype=np.int32)), shape=(n, d))
    monkeypatch.setattr(documents, "MAX_BYTES_IN_MEMORY", 1 << 20)
    monkeypatch.setattr(compressed, "PIECE", 1 << 14)
    tracemalloc.start()
    assert Documents.accepts(X)
    format = Documents().fit(X)
    rows = format.rows(X)
    batch = rows.take(np.arange(0, n, 600))
    chunks = sum(len(format.to_array(chunk)) for chunk in format.chunks(X))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * data.nbytes + 12e6
    assert (chunks, float(batch.sum())) == (n, 100 * each * 2)
    assert format.length == 2 * each
    np.testing.assert_allclose(format.shares, (np.arange(d) % 4 == 0) / each)
