"""The verbs take the field's files: what they hold, their labels, their options, and codes that go back into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from diabolo import load
from diabolo.formats import read_dataset
from test_readers import LABELS, NAMES, NUMBERS, arff, cells, h5ad, mat, mtx, npz, sav, svmlight, write_h5ad

FIT = ["--epochs", "2", "--hidden", "8"]
N, D = NUMBERS.shape


def test_info_of_a_file(tmp_path: Path, diabolo: Any) -> None:
    arff(tmp_path / "made.arff")
    said = diabolo("info", tmp_path / "made.arff").out
    assert f"rows:          {N}" in said
    assert f"Tables({D} numbers; arrow)" in said
    assert f"3 labels: l0 ({LABELS[:, 0].sum()}), l1 ({LABELS[:, 1].sum()})" in said
    assert "decided:       the first 3 of 9 attributes are labels" in said


def test_info_of_missing_values_and_classes(tmp_path: Path, diabolo: Any) -> None:
    X = NUMBERS.copy()
    X[3:5, 1] = np.nan
    np.savez(tmp_path / "a.npz", X=X, y=np.array(["a", "b"] * (N // 2)))
    said = diabolo("info", tmp_path / "a.npz").out
    assert f"missing:       2 of {X.size} cells, in 1 columns; most in 'x1', 2" in said
    assert f"labels:        2 classes, one for each row: a ({N // 2}), b ({N // 2})" in said


def test_info_of_a_csv_and_of_a_folder(tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\n2,y\n,x\n" * 10)
    said = diabolo("info", tmp_path / "a.csv").out
    assert "rows:          30" in said
    assert "missing:       10 of 60 cells" in said
    (tmp_path / "empty").mkdir()
    assert "is empty" in diabolo("info", tmp_path / "empty").err


def test_labels_that_the_file_names(tmp_path: Path, diabolo: Any) -> None:
    arff(tmp_path / "made.arff")
    said = diabolo("fit", tmp_path / "made.arff", "--task", "labels", *FIT, "-o", tmp_path / "m.diabolo")
    assert said.code == 0, said.err
    assert "3 of 9 attributes are labels" in said.err
    assert list(load(tmp_path / "m.diabolo").classes_) == ["l0", "l1", "l2"]
    assert diabolo("fit", tmp_path / "made.arff", "--labels", "l2,l0", *FIT, "-o", tmp_path / "m.diabolo").code == 0
    assert list(load(tmp_path / "m.diabolo").classes_) == ["l2", "l0"]
    tagged = diabolo("tag", tmp_path / "m.diabolo", tmp_path / "made.arff", "-o", tmp_path / "tags.csv")
    assert tagged.out.startswith(f"{N} rows")


def test_a_file_without_labels(tmp_path: Path, diabolo: Any) -> None:
    mtx(tmp_path / "a.mtx")
    said = diabolo("fit", tmp_path / "a.mtx", "--task", "labels", "-o", tmp_path / "m.diabolo")
    assert said.code == 1
    assert "has no labels: `diabolo info" in said.err


def test_known_outliers(tmp_path: Path, diabolo: Any) -> None:
    mat(tmp_path / "a.mat")
    task = ("--task", "outliers", *FIT, "-o", tmp_path / "m.diabolo")
    assert diabolo("fit", tmp_path / "a.mat", *task).code == 0
    plain = load(tmp_path / "m.diabolo").score_samples(NUMBERS)
    said = diabolo("outliers", tmp_path / "m.diabolo", tmp_path / "a.mat").out
    assert f"a.mat marks {LABELS[:, 0].sum()} outliers; area under the ROC curve" in said
    said = diabolo(
        "outliers", tmp_path / "m.diabolo", tmp_path / "a.mat", "--alpha", "0.5", "--show", "0", "-o", tmp_path / "f.csv"
    )
    assert "No row" not in said.out
    assert len((tmp_path / "f.csv").read_text().splitlines()) > 1
    assert diabolo("fit", tmp_path / "a.mat", "--known", *task).code == 0
    assert not np.array_equal(load(tmp_path / "m.diabolo").score_samples(NUMBERS), plain)


def test_options_of_a_file(tmp_path: Path, diabolo: Any) -> None:
    scipy.io.savemat(tmp_path / "two.mat", {"first": NUMBERS, "second": NUMBERS[:, :4]})
    out = ("-o", tmp_path / "m.diabolo")
    said = diabolo("fit", tmp_path / "two.mat", *FIT, *out)
    assert said.code == 1
    assert "first" in said.err
    assert "--array" in said.err
    assert diabolo("fit", tmp_path / "two.mat", "--array", "second", *FIT, *out).code == 0
    encode = ("encode", tmp_path / "m.diabolo")
    assert diabolo(*encode, tmp_path / "two.mat", "--array", "second", "-o", tmp_path / "z.npy").code == 0
    assert np.load(tmp_path / "z.npy").shape == (N, 2)
    mtx(tmp_path / "a.mtx")
    assert f"rows:          {D}" in diabolo("info", tmp_path / "a.mtx", "--transpose").out
    assert "write NAME=VALUE" in diabolo("info", tmp_path / "a.mtx", "--set", "transpose").err
    assert "layer= is no option of" in diabolo("info", tmp_path / "a.mtx", "--set", "layer=counts").err
    assert (
        "--sep is for tables in text files"
        in diabolo("encode", tmp_path / "m.diabolo", tmp_path / "a.mtx", "--sep", ";", "-o", tmp_path / "z.npy").err
    )


def test_codes_go_back_into_the_file(tmp_path: Path, diabolo: Any) -> None:
    anndata = pytest.importorskip("anndata", reason="needs the extra formats")
    h5ad(tmp_path / "cells.h5ad")
    before = (tmp_path / "cells.h5ad").read_bytes()
    assert diabolo("fit", tmp_path / "cells.h5ad", "-k", "2", *FIT, "--quiet", "-o", tmp_path / "m.diabolo").code == 0
    assert load(tmp_path / "m.diabolo").format_.columns == NAMES
    said = diabolo("encode", tmp_path / "m.diabolo", tmp_path / "cells.h5ad", "-o", tmp_path / "coded.h5ad")
    assert said.code == 0, said.err
    coded = anndata.read_h5ad(tmp_path / "coded.h5ad")
    codes = load(tmp_path / "m.diabolo").transform(tmp_path / "cells.h5ad")
    np.testing.assert_allclose(coded.obsm["X_diabolo"], codes, atol=1e-6)
    np.testing.assert_array_equal(coded.X, NUMBERS)
    assert (tmp_path / "cells.h5ad").read_bytes() == before
    assert (
        "is the input" in diabolo("encode", tmp_path / "m.diabolo", tmp_path / "cells.h5ad", "-o", tmp_path / "cells.h5ad").err
    )


def test_rows_are_called_by_their_names(tmp_path: Path, diabolo: Any) -> None:
    h5ad(tmp_path / "cells.h5ad")
    assert diabolo("fit", tmp_path / "cells.h5ad", *FIT, "--quiet", "-o", tmp_path / "m.diabolo").code == 0
    diabolo("encode", tmp_path / "m.diabolo", tmp_path / "cells.h5ad", "-o", tmp_path / "z.csv")
    first = (tmp_path / "z.csv").read_text().splitlines()[:2]
    assert first[0].replace('"', "") == "name,z1,z2"
    assert first[1].split(",")[0].strip('"') == read_dataset(tmp_path / "cells.h5ad").rows[0]  # type: ignore[index]


def test_new_rows_as_arff(tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\n2,y\n3,x\n" * 20)
    assert diabolo("fit", tmp_path / "a.csv", *FIT, "--quiet", "-o", tmp_path / "m.diabolo").code == 0
    assert diabolo("sample", tmp_path / "m.diabolo", "-n", "5", "-o", tmp_path / "new.arff").code == 0
    table = read_dataset(tmp_path / "new.arff").X
    assert table.column_names == ["a", "b"]
    assert table.num_rows == 5
    said = diabolo("sample", tmp_path / "m.diabolo", "-n", "5", "-o", tmp_path / "new.xyz").err
    assert ".arff" in said


def test_a_class_for_each_row(tmp_path: Path, diabolo: Any) -> None:
    npz(tmp_path / "a.npz")
    said = diabolo("fit", tmp_path / "a.npz", "--labels", "a", *FIT, "-o", tmp_path / "m.diabolo")
    assert "has one class for each row: leave --labels out" in said.err
    assert diabolo("fit", tmp_path / "a.npz", "--task", "labels", *FIT, "--quiet", "-o", tmp_path / "m.diabolo").code == 0
    assert list(load(tmp_path / "m.diabolo").classes_) == [0, 1]


def test_labels_that_a_column_of_cells_holds(tmp_path: Path, diabolo: Any) -> None:
    import pandas as pd

    kinds = pd.Categorical(pd.Series(["T", "B"] * (N // 2), dtype=object))
    write_h5ad(cells(obs={"kind": kinds}), tmp_path / "cells.h5ad")
    assert "kind" in diabolo("info", tmp_path / "cells.h5ad").out
    fit = ("fit", tmp_path / "cells.h5ad", *FIT, "--quiet", "-o", tmp_path / "m.diabolo")
    assert diabolo(*fit, "--labels", "kind").code == 0
    assert list(load(tmp_path / "m.diabolo").classes_) == ["B", "T"]
    assert diabolo(*fit, "--task", "labels", "--set", "labels=kind").code == 0


def test_labels_that_are_columns_of_a_table(tmp_path: Path, diabolo: Any) -> None:
    lines = ["@relation r", "@attribute a numeric", "@attribute b {0,1}", "@data", *["1,0", "2,1", "3,1"] * 20]
    (tmp_path / "a.arff").write_text("\n".join(lines))
    said = diabolo("fit", tmp_path / "a.arff", "--labels", "b", *FIT, "--quiet", "-o", tmp_path / "m.diabolo")
    assert said.code == 0, said.err
    model = load(tmp_path / "m.diabolo")
    assert (list(model.classes_), model.format_.columns) == (["b"], ["a"])


def counted(path: Path, seed: int = 0) -> None:
    """Counts in a layer, logarithms in X, and a kind for each cell."""
    anndata = pytest.importorskip("anndata", reason="needs the extra formats")
    import pandas as pd

    counts = np.random.default_rng(seed).poisson(2.0, (N, 5)).astype(np.float32)
    obs = pd.DataFrame({"kind": pd.Categorical(["T", "B"] * (N // 2)), "depth": counts.sum(1)}, [f"c{i}" for i in range(N)])
    cells = anndata.AnnData(np.log1p(counts), obs=obs, var=pd.DataFrame(index=[f"g{j}" for j in range(5)]))
    cells.layers["counts"] = counts
    write_h5ad(cells, path)


def test_verbs_read_as_the_model_did(tmp_path: Path, diabolo: Any) -> None:
    counted(cells := tmp_path / "cells.h5ad")
    fit = ("fit", cells, "--set", "layer=counts", *FIT, "--quiet", "-o", tmp_path / "m.diabolo")
    assert diabolo(*fit, "--labels", "kind").code == 0
    said = diabolo("tag", tmp_path / "m.diabolo", cells, "-o", tmp_path / "tags.csv")
    assert (said.code, said.err) == (0, "")  # of logarithms it would warn
    assert (tmp_path / "tags.csv").read_text().splitlines()[0].replace('"', "") == "name,labels"
    assert "against the labels" not in said.out
    said = diabolo("tag", tmp_path / "m.diabolo", cells, "--set", "labels=kind")
    assert "% against the labels of the file" in said.out


def test_outliers_that_one_of_several_arrays_does_not_mark(tmp_path: Path, diabolo: Any) -> None:
    np.savez(tmp_path / "two.npz", train=NUMBERS, test=NUMBERS[:20])
    task = ("--array", "train", "--task", "outliers", *FIT, "-o", tmp_path / "m.diabolo")
    assert diabolo("fit", tmp_path / "two.npz", *task).code == 0
    said = diabolo("outliers", tmp_path / "m.diabolo", tmp_path / "two.npz")
    assert said.code == 0, said.err
    assert f"{N} rows" in said.out


def test_fitted_outliers_are_told(tmp_path: Path, diabolo: Any) -> None:
    mat(tmp_path / "a.mat")
    fit = ("fit", tmp_path / "a.mat", "--task", "outliers", *FIT, "-o", tmp_path / "m.diabolo")
    told = f"y is not used: the {LABELS[:, 0].sum()} rows that it marks were fitted as normal; --known: as outliers"
    assert told in diabolo(*fit).err
    assert "y is not used" not in diabolo(*fit, "--known").err


def test_a_map_colored_by_what_a_file_says_of_its_rows(tmp_path: Path, diabolo: Any) -> None:
    counted(cells := tmp_path / "cells.h5ad")
    fit = ("fit", cells, "--set", "layer=counts", "-k", "2", *FIT, "--quiet", "-o", tmp_path / "m.diabolo")
    assert diabolo(*fit).code == 0
    model = tmp_path / "m.diabolo"
    for name in ("kind", "depth", "g1"):
        assert diabolo("map", model, cells, "--color", name, "-o", tmp_path / "map.svg").code == 0
    said = diabolo("map", model, cells, "--keep", "kind", "--keep", "g1", "-o", tmp_path / "map.csv")
    assert said.code == 0, said.err
    head, first, *_ = (tmp_path / "map.csv").read_text().replace('"', "").splitlines()
    assert head.startswith("name,kind,g1,row")
    assert first.split(",")[:3] == ["c0", "T", str(int(read_dataset(cells, layer="counts").X[0, 1]))]
    assert "did you mean 'kind'" in diabolo("map", model, cells, "--color", "kin", "-o", tmp_path / "map.svg").err
    assert diabolo("report", model, cells, "--color", "kind", "-o", tmp_path / "r.html").code == 0


def test_a_map_colored_by_labels_and_classes(tmp_path: Path, diabolo: Any) -> None:
    model = tmp_path / "m.diabolo"
    for write, name, column in ((arff, "a.arff", "l1"), (npz, "a.npz", "y")):
        write(tmp_path / name)
        assert diabolo("fit", tmp_path / name, *FIT, "--quiet", "-o", model).code == 0
        assert diabolo("map", model, tmp_path / name, "--color", column, "-o", tmp_path / "map.svg").code == 0
        said = diabolo("map", model, tmp_path / name, "--color", "z", "-o", tmp_path / "map.svg").err
        assert f"--color: there is no column 'z'; the columns are {'l0' if name == 'a.arff' else 'y'!r}" in said


def test_labels_of_a_file_are_columns_for_label_add_and_report(tmp_path: Path, diabolo: Any) -> None:
    arff(tmp_path / "a.arff")
    model = tmp_path / "m.diabolo"
    assert diabolo("fit", tmp_path / "a.arff", "--labels", "l0,l1", *FIT, "--quiet", "-o", model).code == 0
    assert "l2" in diabolo("label", "add", model, "new", tmp_path / "a.arff").err  # may say which rows have it
    said = diabolo("label", "add", model, "l2", tmp_path / "a.arff")
    assert f"'l2' from {LABELS[:, 2].sum()} positive and {N - LABELS[:, 2].sum()} negative examples" in said.out
    assert diabolo("report", model, tmp_path / "a.arff", "-o", tmp_path / "r.html").code == 0
    said = diabolo("tag", model, tmp_path / "a.arff", "-o", tmp_path / "tags.csv")
    assert "% against the labels of the file" in said.out
    assert "`diabolo tag` and `diabolo report` compare" in diabolo("score", model, tmp_path / "a.arff").err


def test_images_are_tagged_and_judged(tmp_path: Path, diabolo: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (N, 8, 8)).astype(np.uint8)
    (tmp_path / "a-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + np.array([N, 8, 8], ">i4").tobytes() + images.tobytes())
    y = np.arange(N, dtype=np.uint8) % 3
    (tmp_path / "a-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + np.array([N], ">i4").tobytes() + y.tobytes())
    data, model = tmp_path / "a-images-idx3-ubyte", tmp_path / "m.diabolo"
    assert diabolo("fit", data, "--task", "labels", *FIT, "--quiet", "-o", model).code == 0
    said = diabolo("tag", model, data, "-o", tmp_path / "tags.csv")
    assert said.code == 0, said.err
    assert "% against the labels of the file" in said.out
    assert len((tmp_path / "tags.csv").read_text().splitlines()) == N + 1
    assert "names of labels are not numbers" in diabolo("tag", model, data, "-o", tmp_path / "tags.svm").err
    assert diabolo("report", model, data, "-o", tmp_path / "r.html").code == 0
    said = diabolo("info", tmp_path)  # a folder that holds such files
    assert "(.parquet, .csv, .jsonl, .feather), or one of its files, such as" in said.err


def test_codes_as_a_file_of_statistics(tmp_path: Path, diabolo: Any) -> None:
    sav(tmp_path / "a.sav")
    assert diabolo("fit", tmp_path / "a.sav", *FIT, "--quiet", "-o", tmp_path / "m.diabolo").code == 0
    said = diabolo("encode", tmp_path / "m.diabolo", tmp_path / "a.sav", "-o", tmp_path / "z.sav")
    assert said.code == 0, said.err
    assert read_dataset(tmp_path / "z.sav").X.column_names == ["z1", "z2"]


def test_pairs_without_an_ending(tmp_path: Path, diabolo: Any) -> None:
    svmlight(tmp_path / "a9a")
    for verb in (("info",), ("fit", "-o", tmp_path / "m.diabolo")):
        said = diabolo(verb[0], tmp_path / "a9a", *verb[1:])
        assert said.code == 1
        assert "it holds pairs, as svmlight files do: give it a name that ends in .svm" in said.err


def test_files_without_labels_say_where_some_are(tmp_path: Path, diabolo: Any) -> None:
    counted(tmp_path / "cells.h5ad")
    task = ("--task", "labels", "-o", tmp_path / "m.diabolo")
    assert "kind (2 classes); --set labels='kind' makes them Y" in diabolo("fit", tmp_path / "cells.h5ad", *task).err
    (tmp_path / "a.arff").write_text("@relation r\n@attribute a numeric\n@attribute b {0,1}\n@data\n1,0\n2,1\n")
    assert "--set labels=-6 takes the last six" in diabolo("fit", tmp_path / "a.arff", *task).err
    (tmp_path / "empty").mkdir()
    assert "--set labels=folder" in diabolo("fit", tmp_path / "empty", *task).err


def test_classes_that_are_folders_are_learned_only_if_that_is_said(tmp_path: Path, diabolo: Any) -> None:
    for i in range(24):
        (folder := tmp_path / "photos" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 10 * i, np.uint8)).save(folder / f"{i}.png")
    fit = ("fit", tmp_path / "photos", "-o", tmp_path / "m.diabolo")
    remedy = ("--task", "labels", "--set", "labels=folder")
    assert " ".join(remedy) in diabolo(*fit, "--labels", "folder").err
    assert "is not learned here: --task labels learns it" in diabolo(*fit, *FIT, *remedy[2:]).err
    said = diabolo(*fit, "--epochs", "1", *remedy)
    assert said.code == 0
    assert "is not learned" not in said.err


def test_verbs_read_a_file_as_fit_did(tmp_path: Path, diabolo: Any) -> None:
    """Tags, names of rows and scores are of the layer, or of the turned matrix, that the model was fitted to."""
    anndata = pytest.importorskip("anndata", reason="needs the extra formats")
    cells = anndata.AnnData(None, obs={"kind": np.where(LABELS[:, 0], "a", "b")}, shape=NUMBERS.shape)
    cells.layers["first"], cells.layers["second"] = NUMBERS, -5 * NUMBERS[:, ::-1]
    write_h5ad(cells, tmp_path / "a.h5ad")
    fit = ["fit", tmp_path / "a.h5ad", "--set", "layer=second", *FIT, "-o", tmp_path / "m.diabolo"]
    assert diabolo(*fit, "--labels", "kind").code == 0
    assert diabolo("tag", tmp_path / "m.diabolo", tmp_path / "a.h5ad", "--proba", "-o", tmp_path / "tags.csv").code == 0
    said = np.array([line.split(",")[-1] for line in (tmp_path / "tags.csv").read_text().splitlines()[1:]], float)
    np.testing.assert_allclose(said, load(tmp_path / "m.diabolo").predict_proba(-5 * NUMBERS[:, ::-1])[:, 1])
    assert diabolo(*fit).code == 0
    assert diabolo("encode", tmp_path / "m.diabolo", tmp_path / "a.h5ad", "-o", tmp_path / "z.npy").code == 0


def test_tables_in_a_legacy_encoding(tmp_path: Path, diabolo: Any) -> None:
    lines = ["@relation r", "@attribute town {Köln,Bonn}", "@attribute a numeric", "@data"]
    lines += [f"{'Köln' if x > 0 else 'Bonn'},{x!r}" for x in NUMBERS[:, 0].tolist()]
    (tmp_path / "a.arff").write_text("\n".join(lines), "latin-1")
    said = diabolo("fit", tmp_path / "a.arff", "--set", "encoding=latin-1", *FIT, "-k", "1", "-o", tmp_path / "m.diabolo")
    assert said.code == 0, said.err
    said = diabolo("encode", tmp_path / "m.diabolo", tmp_path / "a.arff", "--keep", "town", "-o", tmp_path / "z.csv")
    assert said.code == 0, said.err
    assert "Köln" in (tmp_path / "z.csv").read_text("utf-8")


def test_a_dropped_column(tmp_path: Path, diabolo: Any) -> None:
    lines = ["@relation r", "@attribute id numeric", "@attribute a numeric", "@attribute b {x,y,z}", "@data"]
    (tmp_path / "a.arff").write_text("\n".join([*lines, *(f"{i},{i % 7},{'xyz'[i % 3]}" for i in range(60))]))
    fit = ("fit", tmp_path / "a.arff", "--drop", "id", "--na", "z", "--labels-sep", ";", *FIT, "-o", tmp_path / "m.diabolo")
    said = diabolo(*fit, "--labels", "b")
    assert said.code == 0, said.err
    assert list(load(tmp_path / "m.diabolo").classes_) == ["x", "y"]  # z is a missing cell
    sav(tmp_path / "a.sav")
    said = diabolo("fit", tmp_path / "a.sav", "--drop", "gene1", *FIT, "-o", tmp_path / "m.diabolo")
    assert said.code == 0, said.err
    assert load(tmp_path / "m.diabolo").format_.columns == [f"gene{j}" for j in (0, 2, 3, 4, 5)]
    assert (
        "there is no column 'gene9'" in diabolo("fit", tmp_path / "a.sav", "--drop", "gene9", "-o", tmp_path / "n.diabolo").err
    )


def test_a_map_and_a_report_of_images_with_their_classes(tmp_path: Path, diabolo: Any) -> None:

    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8)).astype(np.uint8)
    (tmp_path / "a-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + np.array([24, 8, 8], ">i4").tobytes() + images.tobytes())
    (tmp_path / "a-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + np.array([24], ">i4").tobytes() + bytes(range(3)) * 8)
    for i, pixels in enumerate(images):
        (folder := tmp_path / "photos" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    model, classes = tmp_path / "m.diabolo", ("--set", "labels=folder")
    for data, more in ((tmp_path / "a-images-idx3-ubyte", ()), (tmp_path / "photos", classes)):
        assert diabolo("fit", data, *FIT, "--quiet", "-o", model).code == 0
        said = diabolo("map", model, data, *more, "--color", "y", "-o", tmp_path / "map.svg")
        assert said.code == 0, said.err
        assert diabolo("report", model, data, *more, "--color", "y", "-o", tmp_path / "r.html").code == 0
    said = diabolo("map", model, tmp_path / "photos", "--color", "y", "-o", tmp_path / "map.svg")
    assert "--color: pictures have no columns; --set labels=folder --color y takes the folder of each" in said.err


def test_labels_of_a_file_can_be_kept_colored_and_judged(tmp_path: Path, diabolo: Any) -> None:
    arff(tmp_path / "a.arff")
    npz(tmp_path / "a.npz")
    for name, label in (("a.arff", "l1"), ("a.npz", "y")):
        data, model = tmp_path / name, tmp_path / "m.diabolo"
        assert diabolo("fit", data, *FIT, "-o", model).code == 0
        for verb in (
            ("encode", model, data, "--keep", label, "-o", tmp_path / "z.csv"),
            ("map", model, data, "--color", label, "-o", tmp_path / "z.svg"),
            ("report", model, data, "--color", label, "-o", tmp_path / "z.html"),
            ("explore", model, data, "--export", tmp_path / f"{label}.html"),
        ):
            said = diabolo(*verb)
            assert said.code == 0, said.err
        assert (tmp_path / "z.csv").read_text().startswith(f'"{label}","z1"')
        assert f'"{label}"' in (tmp_path / f"{label}.html").read_text()
        assert diabolo("fit", data, "--task", "labels", *FIT, "-o", model).code == 0
        said = diabolo("report", model, data, "-o", tmp_path / "z.html")
        assert said.code == 0, said.err


def test_what_is_written_into_files_of_numbers(tmp_path: Path, diabolo: Any) -> None:
    """Names of rows that look like numbers are no codes; the case of an ending does not matter."""
    h5ad(tmp_path / "a.h5ad")
    model = tmp_path / "m.diabolo"
    assert diabolo("fit", tmp_path / "a.h5ad", *FIT, "-o", model).code == 0
    for name in ("z.svm", "z.NPY", "z.csv"):
        assert diabolo("encode", model, tmp_path / "a.h5ad", "-o", tmp_path / name).code == 0
    z = np.load(tmp_path / "z.NPY")
    np.testing.assert_array_equal(read_dataset(tmp_path / "z.svm").X.toarray(), z)
    for name in ("z.svm", "z.NPY", "z.csv"):
        assert diabolo("decode", model, tmp_path / name, "-o", tmp_path / "back.npy").code == 0
        np.testing.assert_allclose(np.load(tmp_path / "back.npy"), load(model).inverse_transform(z))
    assert (
        "it cannot hold the columns of --keep"
        in diabolo("encode", model, tmp_path / "a.h5ad", "--keep", "x", "-o", tmp_path / "z.h5ad").err
    )
    assert (
        "codes are decoded from a table or a .npy"
        in diabolo("decode", model, tmp_path / "a.h5ad", "-o", tmp_path / "b.csv").err
    )


def test_no_flagged_row_has_columns_of_their_types(tmp_path: Path, diabolo: Any) -> None:
    h5ad(tmp_path / "a.h5ad")
    assert diabolo("fit", tmp_path / "a.h5ad", "--task", "outliers", *FIT, "-o", tmp_path / "m.diabolo").code == 0
    said = diabolo("outliers", tmp_path / "m.diabolo", tmp_path / "a.h5ad", "-o", tmp_path / "none.arff")
    assert said.code == 0, said.err
    assert "@attribute p numeric" in (tmp_path / "none.arff").read_text().lower()


def test_options_that_info_does_not_use_are_refused(tmp_path: Path, diabolo: Any) -> None:
    npz(tmp_path / "a.npz")
    assert "--sep is for tables in text files" in diabolo("info", tmp_path / "a.npz", "--sep", ";").err


def test_info_reads_as_it_is_said(tmp_path: Path, diabolo: Any) -> None:
    (tmp_path / "a.csv").write_text("day;a\n" + "01.02.2024;1,5\n03.02.2024;?\n" * 20)
    said = diabolo("info", tmp_path / "a.csv", "--decimal", ",", "--na", "?", "--date", "day=%d.%m.%Y")
    assert "1 numbers, 1 dates, 1 with gaps" in said.out
    assert "missing:       20 of 80 cells" in said.out
    found = json.loads(diabolo("info", tmp_path / "a.csv", "--json").out)
    assert found["rows"] == ["40"]
    npz(tmp_path / "a.npz")
    assert len(json.loads(diabolo("info", tmp_path / "a.npz", "--json").out)["decided"]) > 1
    assert diabolo("fit", tmp_path / "a.npz", *FIT, "--quiet", "-o", tmp_path / "m.diabolo").code == 0
    assert "options on reading are for data" in diabolo("info", tmp_path / "m.diabolo", "--na", "?").err
