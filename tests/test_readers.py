"""Models take the field's files: the same codes as of the arrays in them, names that are found again, labels of the file."""

from __future__ import annotations

import gzip
import inspect
import struct
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.io
import scipy.sparse as sp
from sklearn.datasets import dump_svmlight_file
from sklearn.model_selection import KFold, cross_val_score

from diabolo import Autoencoder, Classifier, MultiLabelClassifier, OutlierDetector, Regressor, load
from diabolo.engine import load as load_numpy
from diabolo.errors import DataError
from diabolo.formats import Reading, Tables, read_dataset, readers, write_table
from diabolo.formats.readers.dataset import Dataset, NamedMatrix
from kinds import SMALL

N, D = 60, 6
COUNTS = np.random.default_rng(1).poisson(0.8, (N, D))
NUMBERS = (np.random.default_rng(0).normal(size=(N, 2)) @ np.random.default_rng(2).normal(size=(2, D))).round(6)  # 15 digits do
LABELS = (NUMBERS[:, :3] > 0.3).astype(int)
NAMES = [f"gene {j}" for j in range(D)]

pytest.importorskip("h5py", reason="needs the extra formats")
anndata = pytest.importorskip("anndata", reason="needs the extra formats")
flowio = pytest.importorskip("flowio", reason="needs the extra formats")
pyreadstat = pytest.importorskip("pyreadstat", reason="needs the extra formats")


def npz(path: Path) -> None:
    np.savez(path, X=NUMBERS, y=LABELS[:, 0])


def mat(path: Path) -> None:
    scipy.io.savemat(path, {"X": NUMBERS, "y": LABELS[:, :1].astype(np.int32)})


def arff(path: Path) -> None:
    lines = ["@relation 'made: -C 3'", *[f"@attribute l{j} {{0,1}}" for j in range(3)]]
    lines += [f"@attribute 'gene {j}' numeric" for j in range(D)]
    rows = [",".join([*map(str, y), *map(repr, x.tolist())]) for x, y in zip(NUMBERS, LABELS, strict=True)]
    path.write_text("\n".join([*lines, "@data", *rows]))


def svmlight(path: Path) -> None:
    dump_svmlight_file(NUMBERS, LABELS[:, 0], str(path), zero_based=False)


def extreme(path: Path) -> None:
    rows = [
        ",".join(map(str, np.flatnonzero(y))) + " " + " ".join(f"{j}:{v!r}" for j, v in enumerate(x.tolist()))
        for x, y in zip(NUMBERS, LABELS, strict=True)
    ]
    path.write_text("\n".join([f"{N} {D} 3", *rows]) + "\n")


def mtx(path: Path) -> None:
    scipy.io.mmwrite(path, sp.coo_matrix(NUMBERS), precision=17)


def cells(**more: Any) -> Any:
    """Names are objects: not every version of anndata writes the strings of pandas 3."""
    import pandas as pd

    rows, genes = [pd.Index(names, dtype=object) for names in ([f"cell {i}" for i in range(N)], NAMES)]
    obs = pd.DataFrame(more.pop("obs", {}), index=rows)
    return anndata.AnnData(NUMBERS, obs, pd.DataFrame(index=genes), **more)


def write_h5ad(cells: Any, path: Path) -> None:
    """Texts as objects: not every version of anndata writes the strings of pandas 3."""
    import pandas as pd

    for frame in (cells.obs, cells.var):
        frame.index = pd.Index(frame.index.tolist(), dtype=object)
        for name in frame.columns:
            if frame[name].dtype == "str" or isinstance(frame[name].dtype, pd.CategoricalDtype):
                frame[name] = pd.Categorical(pd.Series(frame[name].tolist(), dtype=object, index=frame.index))
    cells.write_h5ad(path)


def h5ad(path: Path) -> None:
    cells().write_h5ad(path)


def table() -> Any:
    import pandas as pd

    return pd.DataFrame(NUMBERS, columns=[name.replace(" ", "") for name in NAMES])


def sav(path: Path) -> None:
    pyreadstat.write_sav(table(), str(path))


def dta(path: Path) -> None:
    pyreadstat.write_dta(table(), str(path))


WRITERS: dict[str, Callable[[Path], None]] = {
    "a.npz": npz,
    "a.mat": mat,
    "a.arff": arff,
    "a.svm": svmlight,
    "a.txt": extreme,
    "a.mtx": mtx,
    "a.h5ad": h5ad,
    "a.sav": sav,
    "a.dta": dta,
}
LABELED = ["a.npz", "a.mat", "a.arff", "a.svm", "a.txt"]


@pytest.fixture(params=WRITERS)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    WRITERS[request.param](path)
    return path


@pytest.fixture(scope="module")
def plain() -> np.ndarray:
    return Autoencoder(2, **SMALL).fit(NUMBERS).transform(NUMBERS)


# ── the contract ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", readers.READERS)
def test_a_reader_has_what_it_needs(name: str) -> None:
    module = import_module(f"diabolo.formats.readers.{name}")
    assert module.__doc__
    path, *options = inspect.signature(module.read).parameters.values()
    first, *some = inspect.signature(module.kind).parameters.values()
    assert first.name == "path"
    assert {p.name for p in some} <= {p.name for p in options}
    assert path.name == "path"
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in options)
    assert hasattr(module, "recognizes") == (name in readers.LOOKED_INTO)
    if hasattr(module, "write"):
        assert list(inspect.signature(module.write).parameters) == ["table", "path", "source"]


def test_an_option_of_another_kind_of_file(tmp_path: Path) -> None:
    npz(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"layer= is no option of .*a.npz': this kind of file has array="):
        read_dataset(tmp_path / "a.npz", layer="X")


def test_a_file_of_no_known_kind(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("?")
    with pytest.raises(DataError, match=r"its name ends in none of \.npz, \.mat"):
        read_dataset(tmp_path / "a.xyz")


# ── the same codes ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_codes_are_those_of_the_array(file: Path, plain: np.ndarray) -> None:
    ae = Autoencoder(2, **SMALL).fit(file)
    np.testing.assert_array_equal(ae.transform(file), plain)
    np.testing.assert_array_equal(ae.transform(read_dataset(file)), plain)
    assert ae.score_samples(file).shape == (N,)


def test_a_model_in_a_file_reads_the_file(file: Path, plain: np.ndarray, tmp_path: Path) -> None:
    Autoencoder(2, **SMALL).fit(file).save(tmp_path / "m.diabolo")
    np.testing.assert_array_equal(load(tmp_path / "m.diabolo").transform(file), plain)
    np.testing.assert_allclose(load_numpy(tmp_path / "m.diabolo").transform(file), plain, atol=1e-6)


def test_an_outlier_detector_takes_them(file: Path) -> None:
    det = OutlierDetector(**SMALL).fit(file)
    assert det.predict(file).shape == (N,)
    assert det.explain(file, [3])[0].row == 3


# ── names of columns ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("counts", [False, True])
def test_columns_are_found_by_name(counts: bool, tmp_path: Path) -> None:
    X = sp.csr_matrix(COUNTS) if counts else NUMBERS
    given = Dataset(X, columns=NAMES, counts=counts)
    ae = Autoencoder(2, **SMALL).fit(given)
    assert ae.format_.columns == NAMES
    assert type(ae.format_).__name__ == ("Documents" if counts else "Arrays")
    ae.save(tmp_path / "m.diabolo")
    order = np.array([3, 1, 0, 5, 4, 2])
    other = Dataset(sp.csr_matrix(X)[:, order], columns=[NAMES[j] for j in order], counts=counts)
    for model in (ae, load(tmp_path / "m.diabolo")):
        np.testing.assert_array_equal(model.transform(other), ae.transform(given))
        with pytest.raises(DataError, match="X has no column 'gene 5', which the model was fitted with"):
            model.transform(Dataset(X[:, :5], columns=NAMES[:5], counts=counts))


def test_columns_that_are_missing() -> None:
    with pytest.raises(DataError, match="X has no column 'b', and 1 more of 3, which the model was fitted with"):
        NamedMatrix(np.zeros((2, 1)), ["a"]).of(["a", "b", "c"])


# ── labels of the file ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", LABELED)
def test_labels_of_the_file(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    clf = MultiLabelClassifier(**SMALL, members=2).fit(tmp_path / name)
    dataset = read_dataset(tmp_path / name)
    assert clf.score(tmp_path / name) == clf.score(dataset.values, dataset.answers)
    if name == "a.arff":
        assert list(clf.classes_) == ["l0", "l1", "l2"]
        by_hand = MultiLabelClassifier(**SMALL, members=2).fit(NUMBERS, pa.table({f"l{j}": LABELS[:, j] for j in range(3)}))
        np.testing.assert_array_equal(clf.predict_proba(tmp_path / name), by_hand.predict_proba(NUMBERS))


def test_labels_of_a_matrix_keep_their_names() -> None:
    dataset = Dataset(NUMBERS, sp.csr_matrix(LABELS), labels=["a", "b", "c"])
    clf = MultiLabelClassifier(**SMALL, members=2).fit(dataset)
    assert list(clf.classes_) == ["a", "b", "c"]
    turned = Dataset(NUMBERS, sp.csr_matrix(LABELS[:, ::-1]), labels=["c", "b", "a"])
    assert clf.score(turned) == clf.score(dataset)


def test_classes_of_the_file(tmp_path: Path) -> None:
    npz(tmp_path / "a.npz")
    clf = Classifier(**SMALL, members=2).fit(tmp_path / "a.npz")
    assert clf.classes_.tolist() == [0, 1]
    assert clf.score(tmp_path / "a.npz") == clf.score(NUMBERS, LABELS[:, 0])


def test_no_labels_in_the_file(tmp_path: Path) -> None:
    mtx(tmp_path / "a.mtx")
    with pytest.raises(ValueError, match=r"a.mtx' has no labels: requires y to be passed"):
        MultiLabelClassifier(**SMALL).fit(tmp_path / "a.mtx")


def test_known_outliers_only_if_asked(tmp_path: Path) -> None:
    mat(tmp_path / "a.mat")
    dataset = read_dataset(tmp_path / "a.mat")
    assert dataset.outliers.tolist() == (-LABELS[:, 0]).tolist()
    plain = OutlierDetector(**SMALL).fit(tmp_path / "a.mat").score_samples(NUMBERS)
    np.testing.assert_array_equal(plain, OutlierDetector(**SMALL).fit(NUMBERS).score_samples(NUMBERS))
    with pytest.raises(DataError, match="the file does not mark outliers"):
        _ = Dataset(NUMBERS, np.array(["a"] * N)).outliers


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_idx_pictures_and_their_classes(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    pictures, classes = r.integers(0, 256, (80, 8, 8)).astype(np.uint8), r.integers(0, 2, 80).astype(np.uint8)
    pictures[classes == 1] //= 4
    for name, array in (("train-images-idx3-ubyte.gz", pictures), ("train-labels-idx1-ubyte.gz", classes)):
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (tmp_path / name).write_bytes(gzip.compress(head + array.tobytes()))
    path = tmp_path / "train-images-idx3-ubyte.gz"
    settings = {**SMALL, "epochs": 1}
    ae = Autoencoder(2, **settings).fit(path)
    np.testing.assert_array_equal(ae.transform(path), Autoencoder(2, **settings).fit(pictures).transform(pictures))
    clf = Classifier(**settings, members=2).fit(path)
    assert clf.classes_.tolist() == [0, 1]
    assert clf.predict(path).shape == (80,)


# ── a model keeps how its file was read ──────────────────────────────────────────────────────────────────────────────


def test_a_model_keeps_the_options_of_its_file(tmp_path: Path) -> None:
    write_h5ad(cells(layers={"other": 2 * NUMBERS}), tmp_path / "a.h5ad")
    with readers.options(layer="other"):
        ae = Autoencoder(2, **SMALL).fit(tmp_path / "a.h5ad")
    ae.save(tmp_path / "m.diabolo")
    for model in (ae, load(tmp_path / "m.diabolo")):
        np.testing.assert_array_equal(model.transform(tmp_path / "a.h5ad"), ae.transform(2 * NUMBERS))
    clf = MultiLabelClassifier(ae, **SMALL, members=2).fit(tmp_path / "a.h5ad", LABELS)
    np.testing.assert_array_equal(clf.predict_proba(tmp_path / "a.h5ad"), clf.predict_proba(2 * NUMBERS))


def test_columns_that_a_new_file_of_pairs_does_not_have(tmp_path: Path) -> None:
    """In a test set the first and the last column may be empty: they are columns all the same."""
    svmlight(tmp_path / "train.svm")
    ae = Autoencoder(2, **SMALL).fit(tmp_path / "train.svm")
    X = NUMBERS.copy()
    X[:, [0, -1]] = 0
    dump_svmlight_file(X, LABELS[:, 0], str(tmp_path / "test.svm"), zero_based=False)
    np.testing.assert_array_equal(ae.transform(tmp_path / "test.svm"), ae.transform(sp.csr_matrix(X)))


def test_a_model_of_counts_is_told_of_logarithms() -> None:
    ae = Autoencoder(2, **SMALL).fit(sp.csr_matrix(COUNTS))
    with pytest.warns(UserWarning, match=r"X holds 1\.1, but the model was fitted to whole counts"):
        ae.transform(sp.csr_matrix(np.log1p(COUNTS)))


def test_a_score_reads_as_the_model_did(tmp_path: Path) -> None:
    X, y = NUMBERS.copy(), LABELS[:, 0]
    dump_svmlight_file(X, y, str(tmp_path / "train.svm"), zero_based=True)
    X[:, 0] = 0.0
    dump_svmlight_file(sp.csr_matrix(X), y, str(tmp_path / "test.svm"), zero_based=True)  # no column 0
    text = (tmp_path / "test.svm").read_text().splitlines()
    (tmp_path / "test.svm").write_text("\n".join(line for line in text if line[0] != "#") + "\n")
    clf = Classifier(**SMALL).fit(tmp_path / "train.svm")
    assert clf.score(tmp_path / "test.svm") == clf.score(X, y)


def test_what_a_sparse_row_leaves_out_is_no_code(recwarn: pytest.WarningsRecorder) -> None:
    X = np.zeros((200, 3))
    X[:20] = np.random.default_rng(0).uniform(0.4, 0.41, (20, 3))
    Autoencoder(1, **SMALL).fit(sp.csr_matrix(X))
    assert not [w for w in recwarn if "like a code" in str(w.message)]
    X[50:60] = -999
    with pytest.warns(UserWarning, match="-999"):
        Autoencoder(1, **SMALL).fit(sp.csr_matrix(X))


def test_a_dataset_says_what_it_holds(tmp_path: Path) -> None:
    mat(tmp_path / "a.mat")
    said = repr(read_dataset(tmp_path / "a.mat"))
    assert said.startswith(f"Dataset(X: ndarray ({N}, {D}) of float64, Y: ndarray ({N},) of int64)\n  X is the array 'X'")


# ── a Dataset wherever X is taken ────────────────────────────────────────────────────────────────────────────────────


def both_kinds() -> list[Dataset]:
    """A table and a matrix, with labels and gaps."""
    X = NUMBERS.copy()
    X[[3, 50], 2] = np.nan
    table, labels = (pa.table(dict(zip(names, v.T, strict=False))) for names, v in ((NAMES, X), ("abc", LABELS)))
    return [Dataset(table, labels), Dataset(X, sp.csr_matrix(LABELS), columns=NAMES, labels=list("abc"))]


@pytest.mark.parametrize("dataset", both_kinds(), ids=["table", "matrix"])
def test_a_dataset_is_taken_as_its_x(dataset: Dataset, tmp_path: Path) -> None:
    ae = Autoencoder(2, **SMALL).fit(dataset)
    ae.save(tmp_path / "m.diabolo")
    for model in (ae, load_numpy(tmp_path / "m.diabolo")):
        np.testing.assert_array_equal(np.asarray(model.impute(dataset)), np.asarray(model.impute(dataset.X)))
    weight = np.arange(N) % 4.0  # rows of weight 0 are left out
    fitted = [Autoencoder(2, **SMALL).fit(X, sample_weight=weight) for X in (dataset, dataset.X)]
    np.testing.assert_array_equal(*(model.transform(dataset) for model in fitted))


@pytest.mark.parametrize("dataset", both_kinds(), ids=["table", "matrix"])
def test_scikit_learn_splits_a_dataset_with_its_labels(dataset: Dataset) -> None:
    found = cross_val_score(MultiLabelClassifier(**SMALL, members=2), dataset, cv=KFold(2))
    X, Y = (dataset.X.to_pandas(), dataset.Y.to_pandas()) if isinstance(dataset.X, pa.Table) else (dataset.X, LABELS)
    np.testing.assert_array_equal(found, cross_val_score(MultiLabelClassifier(**SMALL, members=2), X, Y, cv=KFold(2)))
    named = Dataset(NUMBERS, rows=[*map(str, range(N))], weights=np.arange(N))[np.arange(N) > N - 3]
    assert (len(named), named.rows, named.weights.tolist()) == (2, [str(N - 2), str(N - 1)], [N - 2, N - 1])


# ── a file is read as that of the fit, whatever is asked of the model ────────────────────────────────────────────────


def test_a_score_reads_the_file_as_fit_did(tmp_path: Path) -> None:
    """A model of X2, or of all columns of the training file, is not judged by X, or by fewer columns."""
    other = NUMBERS[:, ::-1] * [1, -2, 3, -4, 5, -6]
    scipy.io.savemat(tmp_path / "a.mat", {"X": NUMBERS, "X2": other, "y": NUMBERS[:, :1]})
    with readers.options(array="X2"):
        reg = Regressor(**SMALL, members=2).fit(tmp_path / "a.mat")
    assert reg.score(tmp_path / "a.mat") == reg.score(other, NUMBERS[:, 0])
    svmlight(tmp_path / "train.svm")
    clf = MultiLabelClassifier(**SMALL, members=2).fit(tmp_path / "train.svm")
    X = NUMBERS.copy()
    X[:, [0, -1]] = 0
    dump_svmlight_file(X, LABELS[:, 0], str(tmp_path / "test.svm"), zero_based=False)
    assert clf.score(tmp_path / "test.svm") == clf.score(X, LABELS[:, 0])
    assert str(clf.report(tmp_path / "test.svm")) == str(clf.report(X, LABELS[:, 0]))
    ae = Autoencoder(2, **SMALL).fit(tmp_path / "train.svm")
    MultiLabelClassifier(ae, **SMALL, members=2).fit(tmp_path / "test.svm")  # the columns are those of the encoder


def test_a_table_keeps_the_options_of_its_file(tmp_path: Path) -> None:
    lines = ["@relation r", "@attribute town {Köln,Bonn}", "@attribute a numeric", "@data"]
    lines += [f"{'Köln' if x > 0 else 'Bonn'},{x!r}" for x in NUMBERS[:, 0].tolist()]
    (tmp_path / "a.arff").write_text("\n".join(lines), "latin-1")
    with readers.options(encoding="latin-1"):
        ae = Autoencoder(1, **SMALL).fit(tmp_path / "a.arff")
        plain = ae.transform(tmp_path / "a.arff")
    ae.save(tmp_path / "m.diabolo")
    for model in (ae, load(tmp_path / "m.diabolo")):
        np.testing.assert_array_equal(model.transform(tmp_path / "a.arff"), plain)
    np.testing.assert_allclose(load_numpy(tmp_path / "m.diabolo").transform(tmp_path / "a.arff"), plain, atol=1e-6)


def test_pictures_keep_the_options_of_their_file(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (60, 6, 6)).astype(np.uint8)
    path = tmp_path / "emnist-letters-train-images-idx3-ubyte"
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, *pictures.shape) + pictures.tobytes())
    with readers.options(transpose=False):
        ae = Autoencoder(2, **{**SMALL, "epochs": 1}).fit(path)
    ae.save(tmp_path / "m.diabolo")
    for model in (ae, load(tmp_path / "m.diabolo")):
        np.testing.assert_array_equal(model.transform(path), ae.transform(pictures))


def test_options_are_for_files_of_one_kind(tmp_path: Path) -> None:
    """A matrix that had to be turned, and one in another file that must not."""
    scipy.io.savemat(tmp_path / "a.mat", {"X": NUMBERS.T})
    np.savez(tmp_path / "a.npz", X=NUMBERS)
    with readers.options(transpose=True):
        ae = Autoencoder(2, **SMALL).fit(tmp_path / "a.mat")
    np.testing.assert_array_equal(ae.transform(tmp_path / "a.npz"), ae.transform(NUMBERS))
    np.testing.assert_array_equal(ae.transform(tmp_path / "a.mat"), ae.transform(NUMBERS))


def test_the_base_of_columns_is_that_of_the_training_file(tmp_path: Path) -> None:
    """The last column of the training file shows that it counts from 1; that of the test file is empty."""
    for name, X in (("train.txt", NUMBERS), ("test.txt", NUMBERS * (np.arange(D) < D - 1))):
        rows = [f"{LABELS[i, 0]} " + " ".join(f"{j + 1}:{v!r}" for j, v in enumerate(x) if v) for i, x in enumerate(X.tolist())]
        (tmp_path / name).write_text("\n".join([f"{N} {D} 3", *rows]) + "\n")
    ae = Autoencoder(2, **SMALL).fit(tmp_path / "train.txt")
    np.testing.assert_array_equal(ae.transform(tmp_path / "test.txt"), ae.transform(sp.csr_matrix(X)))
    assert read_dataset(tmp_path / "test.txt").X[0, 0] == 0  # alone, it says nothing


def test_a_comment_on_the_base_of_columns_counts(tmp_path: Path) -> None:
    svmlight(tmp_path / "train.svm")
    ae = Autoencoder(2, **SMALL).fit(tmp_path / "train.svm")
    X = NUMBERS * (np.arange(D) > 0)
    dump_svmlight_file(X, LABELS[:, 0], str(tmp_path / "test.svm"), zero_based=True, comment="made")
    with pytest.warns(UserWarning, match="a comment in it says that columns are counted from 0, and so they are read"):
        np.testing.assert_array_equal(ae.transform(tmp_path / "test.svm"), ae.transform(sp.csr_matrix(X)))


def test_dates_and_missing_values_of_a_table(tmp_path: Path) -> None:
    days = [f"{1 + i % 28:02}.{1 + i // 28:02}.2020" for i in range(N)]
    lines = ["@relation r", "@attribute day string", "@attribute a numeric", "@data"]
    lines += [
        f"{day},{-999 if i % 9 == 0 else x!r}" for i, (day, x) in enumerate(zip(days, NUMBERS[:, 0].tolist(), strict=True))
    ]
    (tmp_path / "a.arff").write_text("\n".join(lines))
    (tmp_path / "a.csv").write_text("\n".join(["day,a", *lines[4:]]))
    told = Tables(reading=Reading(na=("-999",), dates={"day": "%d.%m.%Y"}))
    plain = Autoencoder(1, format=told, **SMALL).fit(tmp_path / "a.csv").transform(tmp_path / "a.csv")
    for X in (tmp_path / "a.arff", read_dataset(tmp_path / "a.arff")):
        ae = Autoencoder(1, format=told, **SMALL).fit(X)
        for other in (tmp_path / "a.arff", tmp_path / "a.csv", read_dataset(tmp_path / "a.arff")):
            np.testing.assert_array_equal(ae.transform(other), plain)


def test_what_is_no_file_of_the_field(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        read_dataset(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"a model takes the path of any other file that diabolo reads, such as a \.csv"):
        read_dataset(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"cannot read the folder .*: give a file"):
        read_dataset(tmp_path)
    npz(tmp_path / "a.npz")
    with pytest.raises(DataError, match=r"give one of its files, such as '.*a\.npz'"):
        read_dataset(tmp_path)
    svmlight(tmp_path / "a9a")
    with pytest.raises(DataError, match="it holds pairs, as svmlight files do"):
        read_dataset(tmp_path / "a9a")
    with pytest.raises(DataError, match=r"X is an AnnData: give its \.h5ad, its X or one of its layers"):
        Autoencoder(1).fit(anndata.AnnData(NUMBERS))


def test_labels_that_do_not_occur_in_a_test_file(tmp_path: Path) -> None:
    """Lines of svmlight name the labels that a row has: one that no row of the test file has is absent from it."""
    fewer = LABELS * [0, 1, 1]
    for name, Y in (("train.svm", LABELS), ("test.svm", fewer)):
        rows = [",".join(map(str, np.flatnonzero(y))) for y in Y]
        pairs = [" ".join(f"{j}:{v!r}" for j, v in enumerate(x, 1)) for x in NUMBERS.tolist()]
        (tmp_path / name).write_text("".join(f"{y} {x}\n" for y, x in zip(rows, pairs, strict=True)))
    clf = MultiLabelClassifier(**SMALL, members=2).fit(tmp_path / "train.svm")
    assert clf.score(tmp_path / "test.svm") == clf.score(NUMBERS, fewer)
    with pytest.raises(DataError, match="Y has no label 'a'"):
        Dataset(NUMBERS, sp.csr_matrix(LABELS), labels=["b", "c", "d"]).answers.of(["a"], "Y", "label")


@pytest.mark.parametrize("counts", [False, True])
def test_columns_of_a_table_are_found_by_name(counts: bool, tmp_path: Path) -> None:
    """A model of a matrix whose columns have names, and a table with these in another order."""
    import pandas as pd
    import polars as pl

    X = sp.csr_matrix(COUNTS) if counts else NUMBERS
    ae = Autoencoder(2, **SMALL).fit(Dataset(X, columns=NAMES, counts=counts))
    plain = ae.transform(X)
    ae.save(tmp_path / "m.diabolo")
    df = pd.DataFrame(X.toarray() if counts else X, columns=NAMES)
    other = df.iloc[:, [3, 1, 0, 5, 4, 2]].assign(more="text")
    other.to_csv(tmp_path / "a.csv", index=False)
    other.to_parquet(tmp_path / "a.parquet", index=False)
    tables = [other, pa.Table.from_pandas(other), pl.from_pandas(other), tmp_path / "a.csv", tmp_path / "a.parquet"]
    for table in [*tables, df.set_axis(range(D), axis=1), df.to_numpy()]:  # the last two have no names
        np.testing.assert_array_equal(ae.transform(table), plain)
        np.testing.assert_allclose(load_numpy(tmp_path / "m.diabolo").transform(table), plain, atol=1e-6)
    with pytest.raises(DataError, match="X has no column 'gene 2', which the model was fitted with"):
        ae.transform(df.drop(columns="gene 2"))


def test_a_model_of_a_table_takes_a_matrix_with_these_columns(tmp_path: Path) -> None:
    """The same rows, dense and sparse, in ARFF; and in a file that does not name its columns."""
    arff(tmp_path / "a.arff")
    head, data = (tmp_path / "a.arff").read_text().split("@data\n")
    rows = ["{" + ", ".join(f"{j} {v}" for j, v in enumerate(line.split(","))) + "}" for line in data.splitlines()]
    (tmp_path / "sparse.arff").write_text("\n".join([f"{head}@data", *rows]))
    ae = Autoencoder(2, **SMALL).fit(tmp_path / "a.arff")
    np.testing.assert_array_equal(ae.transform(tmp_path / "sparse.arff"), ae.transform(tmp_path / "a.arff"))
    sparse = Autoencoder(2, **SMALL).fit(tmp_path / "sparse.arff")
    np.testing.assert_array_equal(sparse.transform(tmp_path / "a.arff"), ae.transform(tmp_path / "a.arff"))
    npz(tmp_path / "a.npz")
    np.save(tmp_path / "a.npy", NUMBERS)
    for name in ("a.npz", "a.npy"):
        with pytest.raises(DataError, match="whose columns have no names, and here columns are found by their names"):
            ae.transform(tmp_path / name)
    pa_named = Autoencoder(2, **SMALL).fit(pa.table({"a": NUMBERS[:, 0], "b": NUMBERS[:, 1]}))
    with pytest.raises(DataError, match="X has no column 'a', and 1 more of 2"):
        pa_named.transform(tmp_path / "sparse.arff")


@pytest.mark.parametrize("name", ["a.h5ad.gz", "a.mat.gz", "a.sav.gz", "b.arff", "b.h5ad", "b.svm"])
def test_packed_files_say_so(name: str, tmp_path: Path) -> None:
    """Of a kind that is not read packed, or without .gz in their names."""
    plain = name.removesuffix(".gz").replace("b.", "a.")
    WRITERS[plain](tmp_path / plain)
    (tmp_path / name).write_bytes(gzip.compress((tmp_path / plain).read_bytes()))
    with pytest.raises(DataError, match=f"{name}' is packed by gzip: unpack it first"):
        Autoencoder(2, **SMALL).fit(tmp_path / name)


def test_a_folder_by_the_name_of_a_file(tmp_path: Path) -> None:
    for ending in readers.READABLE:
        (tmp_path / f"a{ending}").mkdir()
        with pytest.raises((DataError, IsADirectoryError)) as error:
            read_dataset(tmp_path / f"a{ending}")
        assert "\n" not in str(error.value)


# ── real sets ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["emotions", "enron"])
def test_a_real_set_has_the_same_codes_in_each_file(name: str, data_folder: Path, tmp_path: Path) -> None:
    plain = data_folder / "multilabel" / f"{name}.npz"
    X = read_dataset(plain).X
    S = sp.csr_matrix(X, dtype=np.float64)
    scipy.io.savemat(tmp_path / "a.mat", {"X": X})
    scipy.io.mmwrite(tmp_path / "a.mtx", S)
    write_h5ad(anndata.AnnData(X, var=cells_of("gene", X.shape[1]), obs=cells_of("cell", X.shape[0])), tmp_path / "a.h5ad")
    rows = [" ".join(f"{j}:{v!r}" for j, v in zip(*pair, strict=True)) for pair in pairs_of(S)]
    (tmp_path / "a.txt").write_text("\n".join([f"{S.shape[0]} {S.shape[1]} 1", *(f"0 {row}" for row in rows)]) + "\n")
    codes = Autoencoder(2, **SMALL).fit(plain).transform(plain)
    for file in sorted(tmp_path.iterdir()):
        np.testing.assert_array_equal(Autoencoder(2, **SMALL).fit(file).transform(file), codes, str(file.name))


def cells_of(what: str, n: int) -> Any:
    import pandas as pd

    return pd.DataFrame(index=pd.Index([f"{what} {i}" for i in range(n)], dtype=object))


def pairs_of(S: Any) -> list[tuple[list[int], list[float]]]:
    ends = S.indptr.tolist()
    return [(S.indices[a:b].tolist(), S.data[a:b].tolist()) for a, b in pairwise(ends)]


@pytest.mark.parametrize("name", ["credit-g", "segment"])
def test_a_real_table_has_the_same_codes_in_each_file(name: str, data_folder: Path, tmp_path: Path) -> None:
    import pandas as pd

    plain = data_folder / "tables" / f"{name}.csv.gz"
    df = pd.read_csv(plain).rename(columns=lambda c: c.replace("-", "_")[:30])
    write_table(pa.Table.from_pandas(df, preserve_index=False), tmp_path / "a.arff")
    pyreadstat.write_sav(df, str(tmp_path / "a.sav"))
    pyreadstat.write_dta(df, str(tmp_path / "a.dta"))
    pyreadstat.write_xport(df.set_axis([f"C{j}" for j in range(df.shape[1])], axis=1), str(tmp_path / "a.xpt"))
    codes = Autoencoder(2, **SMALL).fit(plain).transform(plain)
    for file in sorted(tmp_path.iterdir()):
        np.testing.assert_array_equal(Autoencoder(2, **SMALL).fit(file).transform(file), codes, str(file.name))
