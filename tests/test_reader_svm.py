"""Text of svmlight and of extreme classification: no row is lost, no column is shifted without a word."""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_svmlight_file

from diabolo import DataError
from diabolo.formats import base
from diabolo.formats.readers import Dataset, read_dataset, reads
from diabolo.formats.readers.growing import Growing
from diabolo.formats.readers.pairs import extreme, svmlight
from diabolo.formats.readers.pairs import gathered as sparse_rows
from diabolo.formats.readers.pairs import lines as pairs

FILES = Path(__file__).parent / "files" / "svm"
XMC = "2 3 4\n0,3 0:1.5 2:2\n1 1:-1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def expected(name: str) -> Any:
    with np.load(FILES / "expected.npz") as z:
        return z[name]


def read(folder: Path, text: str | bytes, name: str = "a.svm", **options: Any) -> Dataset:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_dataset(path, **options)


def said(dataset: Dataset) -> str:
    return "; ".join(dataset.decided)


# ── files by the real writers ────────────────────────────────────────────────────────────────────────────────────────


def test_classes_in_scikit_learns_file() -> None:
    found = read_dataset(FILES / "classes.svm")
    assert np.array_equal(found.X.toarray(), expected("X")[:, :5])  # the last column is empty
    assert found.Y.dtype == np.int64
    assert np.array_equal(found.Y, expected("y"))
    assert "5 columns, for no larger number occurs (else say n_features=), counted from 0, which occurs" in said(found)
    assert "whole numbers: 3 different, 1 to 3" in said(found)
    assert np.array_equal(read_dataset(FILES / "classes.svm", n_features=6).X.toarray(), expected("X"))


def test_numbers_comments_and_queries() -> None:
    found = read_dataset(FILES / "targets.svmlight")
    assert np.array_equal(found.X.toarray(), expected("X")[:, :5])
    assert np.allclose(found.Y, expected("y") / 3, rtol=1e-15)
    assert found.Y.dtype == np.float64
    assert "lines with only a comment, which are no rows: 5" in said(found)
    assert "rows with a qid, which is left out: 8" in said(found)
    assert "counted from 1, as a comment says" in said(found)


@pytest.mark.parametrize("name", ["sets.svm", "packed.svm.gz", "extreme.txt", "packed.txt.gz", "one-based.txt"])
def test_a_row_without_label_and_value_is_a_row(name: str) -> None:
    found = read_dataset(FILES / name)
    assert np.array_equal(found.X.toarray(), expected("X")[:, : found.shape[1]])
    assert np.array_equal(found.Y.toarray(), expected("Y"))
    assert found.labels == ["0", "1", "2"]
    assert "rows without labels and values: 1" in said(found)
    assert "rows without: 2" in said(found)


def test_scikit_learn_still_leaves_it_out() -> None:
    """If it does not any more, the sentences about it in the docs are to be corrected."""
    X, y = load_svmlight_file(str(FILES / "sets.svm"), multilabel=True)
    assert X.shape[0] == len(y) == 7


def test_the_base_is_a_guess_that_is_told() -> None:
    path = FILES / "first-column-empty.libsvm"
    X = expected("X")[:, [5, 0, 1, 2, 3, 4]]
    found = read_dataset(path)
    assert "counted from 1, for 0 does not occur (if it is only empty, say zero_based=True)" in said(found)
    assert np.array_equal(found.X.toarray(), X[:, 1:])  # shifted by one, and it says so
    assert np.array_equal(read_dataset(path, zero_based=True).X.toarray(), X)
    assert np.array_equal(read_dataset(path, zero_based=False, n_features=7).X.toarray()[:, :5], X[:, 1:])


def test_a_base_that_is_open_beside_a_number_of_columns_is_a_warning(folder: Path) -> None:
    with pytest.warns(UserWarning, match=r"neither column 0 nor column 4 occurs, .*: say zero_based=True or False"):
        assert read(folder, "1 1:5 3:6\n", n_features=4).X.toarray().tolist() == [[5, 0, 6, 0]]
    assert read(folder, "1 1:5 3:6\n", n_features=3).X.toarray().tolist() == [[5, 0, 6]]  # no other base fits
    assert read(folder, "1 1:5 3:6\n", n_features=4, zero_based=True).X.toarray().tolist() == [[0, 5, 0, 6]]


def test_all_labels_in_all_rows_are_a_matrix_of_minus_one() -> None:
    with pytest.warns(UserWarning, match=r"every row has all 3 labels, as when a matrix of -1 and 1 is written"):
        found = read_dataset(FILES / "minus-one.svm")
    assert found.Y.toarray().all()


def test_libsvms_own_files() -> None:
    heart = read_dataset(FILES / "heart.svm")
    assert heart.Y.tolist() == [1, -1, 1]
    assert heart.X.toarray()[1].tolist() == [0.583333, -1, 0, -0.603774]
    page = read_dataset(FILES / "page.svm")
    assert page.shape == (4, 294)
    assert page.labels == ["0", "2", "3", "5"]  # those that occur, by the numbers of the file
    assert page.Y.toarray().tolist() == [[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 1]]


def test_extreme_classification() -> None:
    found = read_dataset(FILES / "extreme.txt")
    assert found.decided[0] == "line 1 says 8 rows, 6 columns and 3 labels"
    assert "columns are counted from 0; labels are counted from 0" in said(found)
    assert "columns are counted from 1, for 5 occurs, and 0 does not" in said(read_dataset(FILES / "one-based.txt"))
    shifted = read_dataset(FILES / "one-based.txt", zero_based=False)
    assert np.array_equal(shifted.X.toarray(), expected("X")[:, :5])


@pytest.mark.parametrize("name", ["classes.svm", "counts.svm", "targets.svmlight", "heart.svm", "page.svm"])
def test_the_same_as_scikit_learn(name: str) -> None:
    found = read_dataset(FILES / name)
    several = name == "page.svm"
    X, y = load_svmlight_file(str(FILES / name), multilabel=several)
    assert (X != found.X).nnz == 0
    assert found.X.has_canonical_format
    if several:
        sets = [tuple(float(found.labels[j]) for j in row.nonzero()[0]) for row in found.Y.toarray()]  # type: ignore[index]
        assert sets == y
    else:
        assert np.array_equal(found.Y, y)


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_labels_are(folder: Path) -> None:
    assert read(folder, "+1 1:2\n-1 1:3\n").Y.tolist() == [1, -1]
    assert read(folder, "1.5 1:2\n2e1 1:3\n").Y.tolist() == [1.5, 20.0]
    assert read(folder, "7,3 1:2\n 1:3\n12 \n").labels == ["3", "7", "12"]
    assert "a row has several" in said(read(folder, "7,3 1:2\n1 1:3\n"))
    assert "a row has none" in said(read(folder, "7 1:2\n2:1\n"))
    assert read(folder, "7 1:2\n2:1\n").Y.toarray().tolist() == [[1], [0]]
    assert read(folder, "3 1:2\n1 1:2\n", multilabel=True).Y.toarray().tolist() == [[0, 1], [1, 0]]
    assert read(folder, "3,3 1:2\n1 1:2\n").Y.toarray().tolist() == [[0, 1], [1, 0]]  # twice is once
    nothing = read(folder, " 1:2\n 2:1\n")
    assert nothing.Y is nothing.labels is None
    assert "no row has a label" in said(nothing)
    assert read(folder, "1\n2 1:3\n").X.toarray().tolist() == [[0], [3]]


def test_blank_and_empty_lines(folder: Path) -> None:
    with pytest.warns(UserWarning, match=r"but for 1 lines of blanks, the first after 1 rows.*multilabel=False"):
        doubtful = read(folder, "1 1:2\n \n2 1:3\n")
    assert doubtful.shape == (3, 1)
    assert doubtful.Y.toarray().tolist() == [[1, 0], [0, 0], [0, 1]]
    single = read(folder, "1 1:2\n \n2 1:3\n", multilabel=False)
    assert single.Y.tolist() == [1, 2]
    assert "empty lines, which are no rows, for each row has a label: 1" in said(single)
    assert read(folder, "\n1 1:2\r\n\r\n2 1:3\n\n").Y.tolist() == [1, 2]
    with pytest.warns(UserWarning, match=r"1 lines are empty, the first after 1 rows"):
        assert read(folder, "1,2 1:2\n\n2 1:3\n").shape == (3, 1)
    ended = read(folder, "1,2 1:2\n \n\n\n")
    assert ended.shape == (2, 1)
    assert "empty lines at the end, which are no rows: 2" in said(ended)
    assert read(folder, "1,2 1:2\r\n \r\n2 1:3").shape == (3, 1)


def test_comments_are_no_rows(folder: Path) -> None:
    text = "# a: 1:2\n1,2 1:2 # 9:9\n  # only this\n \n3 qid:7 2:1#x\nqid:8 1:1\n"
    found = read(folder, text)
    assert found.X.toarray().tolist() == [[2, 0], [0, 0], [0, 1], [1, 0]]
    assert found.Y.toarray().tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert "only a comment, which are no rows: 2" in said(found)
    assert "rows with a qid, which is left out: 2" in said(found)


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_counts(folder: Path) -> None:
    assert reads(FILES / "counts.svm", "counts")
    assert read_dataset(FILES / "counts.svm").counts
    assert reads(FILES / "classes.svm", "matrix")
    assert not read(folder, "1 1:1\n2 2:1\n").counts  # 0 and 1
    assert not read(folder, "1 1:3\n2 2:-1\n").counts
    rows = "1 1:3 2:1\n" * 40_000
    assert not read(folder, rows + "1 1:0.5\n").counts
    assert svmlight.kind(folder / "a.svm") == "counts"  # as far as the first rows show
    assert extreme.kind(FILES / "extreme.txt") == "matrix"
    assert read(folder, "2 3 4\n0 1:2\n1 1:3\n", "a.txt").counts
    assert extreme.kind(folder / "a.txt") == "counts"


def test_zeros_are_not_stored_but_count_as_columns(folder: Path) -> None:
    found = read(folder, "1 0:0 2:1\n2 5:0.0\n3 1:-0\n")
    assert found.shape == (3, 6)
    assert found.X.nnz == 1
    assert found.X.toarray()[0].tolist() == [0, 0, 1, 0, 0, 0]


def test_rows_of_extreme_classification_may_stand_in_any_order(folder: Path) -> None:
    found = read(folder, "2 3 4\n0,3 2:5 0:1\n1 1:-1 0:+2\n", "a.txt")
    assert found.X.toarray().tolist() == [[1, 0, 5], [2, -1, 0]]
    assert found.X.has_sorted_indices


ODD = ["nan", "inf", "-inf", "NA", "1_0", "0x1F", "1e", "1e400", "1e-400", "--1", "+-1", ".", "5.", ".5", "1.2.3"]
ODD += ["1,5", "1d3", "١", "1:2", "4.9e-324", "2e-324", "''", "1e+", "e5", "0b1", "1f", "Infinity", "-0"]
WORDS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.from_regex(r"[+-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(ODD),
)


def value(word: str) -> float | None:
    """What a word is by the rules of svmlight's files: ``float`` also takes underscores, and digits of other scripts."""
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) and re.fullmatch(r"[-+.0-9eE]+", word) else None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, min_size=1, max_size=6))
def test_a_value_is_what_float_reads(folder: Path, words: list[str]) -> None:
    words = [word for word in words if word]
    right = [word for word in words if value(word) is not None]
    text = "".join(f"{i} 1:{word} 2:7\n" for i, word in enumerate([*right, "1"]))
    assert read(folder, text).X.toarray()[:-1, 0].tobytes() == np.array([value(w) or 0.0 for w in right]).tobytes()
    for word in set(words) - set(right):
        with pytest.raises(DataError, match=r"a\.svm': line 2"):
            read(folder, f"1 1:1\n2 1:{word}\n")
    labels = read(folder, "".join(f"{word} 1:1\n" for word in [*right, "0.5"])).Y
    assert labels.tolist() == [value(w) for w in [*right, "0.5"]]


ROWS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 30), max_size=3).map(lambda y: ",".join(map(str, y))),
        st.dictionaries(st.integers(0, 40), st.sampled_from(["1", "0.5", "-2", "+3", "1e-3", "0"]), max_size=4),
        st.sampled_from(["", " ", "\t", " # a:1", "\r"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_the_same_as_scikit_learn_where_it_keeps_all_rows(folder: Path, rows: list[tuple[str, dict[int, str], str]]) -> None:
    lines = [f"{y} {' '.join(f'{i}:{v}' for i, v in sorted(x.items()))}{end}" for y, x, end in rows]
    text = "".join(f"{line}\n" for line in [*lines, "1,2 0:1 41:1"]).encode()
    found, path = read(folder, text), folder / "a.svm"
    X, y = load_svmlight_file(str(path), multilabel=True)
    is_row = [bool(line.partition("#")[0].strip()) for line in [*lines, ""]]
    is_row[-1] = True
    kept = [row for line, row in zip([*lines, "x"], is_row, strict=True) if row or "#" not in line]
    assert found.shape == (len(kept), 42)
    assert (found.X[np.array(kept)] != X).nnz == 0
    sets = [tuple(sorted({float(found.labels[j]) for j in row.nonzero()[0]})) for row in found.Y.toarray()]  # type: ignore[index]
    assert [y for y, keep in zip(sets, kept, strict=True) if keep] == [tuple(sorted(set(labels))) for labels in y]


@settings(max_examples=60, deadline=None)
@given(ROWS, st.booleans())
def test_both_ways_to_parse_agree(rows: list[tuple[str, dict[int, str], str]], comments: bool) -> None:
    """In the order of the dict: ascending or not."""
    block = "".join(f"{y} {' '.join(f'{i}:{v}' for i, v in x.items())}{end.split('#')[0]}\n" for y, x, end in rows).encode()
    rules = pairs.Rules(comments=comments)
    found = pairs.at_once(block, rules)
    if found is None:
        with pytest.raises(DataError, match="ascend"):
            pairs.by_word(Path("a"), block, 1, rules)
    else:
        for name, there in vars(pairs.by_word(Path("a"), block, 1, rules)).items():
            assert np.array_equal(getattr(found, name), there), name


def test_ordinary_files_are_read_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word by word takes many times as long."""
    monkeypatch.delattr(sparse_rows, "by_word")
    for name in ("classes.svm", "targets.svmlight", "sets.svm", "heart.svm", "page.svm", "extreme.txt", "one-based.txt"):
        assert read_dataset(FILES / name).shape[0]
    assert read(folder, "0:1 2:2\n1 1:2\n 1:+3 # c\n").X.toarray().tolist() == [[1, 0, 2], [0, 2, 0], [0, 3, 0]]


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("name", ["sets.svm", "targets.svmlight", "extreme.txt", "packed.svm.gz", "page.svm"])
def test_blocks_of_any_size_give_the_same(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_dataset(FILES / name)
    real = sparse_rows.blocks
    monkeypatch.setattr(svmlight, "blocks", lambda path, n=size: real(path, n))
    monkeypatch.setattr(extreme, "blocks", lambda path, n=size: real(path, n))
    found = read_dataset(FILES / name)
    assert (found.X != whole.X).nnz == 0
    assert np.array_equal(
        found.Y if found.labels is None else found.Y.toarray(), whole.Y if found.labels is None else whole.Y.toarray()
    )
    assert found.decided[1:] == whole.decided[1:]


def test_all_blocks_decide_what_are_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sparse_rows.blocks
    monkeypatch.setattr(svmlight, "blocks", lambda path, n=8: real(path, n))
    for odd in ("0.5", "-1"):
        assert not read(folder, f"1 1:{odd}\n" + "1 1:3\n" * 9).counts
        assert not read(folder, "1 1:3\n" * 9 + f"1 1:{odd}\n").counts
    assert read(folder, "1 1:1\n" * 9 + "1 1:2\n").counts


def mapped(a: Any) -> bool:
    while a is not None and not isinstance(a, np.memmap):
        a = a.base
    return a is not None


def test_large_matrices_lie_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_dataset(FILES / "targets.svmlight")
    assert not mapped(whole.X.data)
    monkeypatch.setattr(base, "MAX_BYTES_IN_MEMORY", 64)
    found = read_dataset(FILES / "targets.svmlight")
    assert mapped(found.X.data)
    assert mapped(found.X.indices)
    assert (found.X != whole.X).nnz == 0
    assert (found.X[3:5] != whole.X[3:5]).nnz == 0
    grown = Growing(np.int32)
    for piece in np.array_split(np.arange(100), 40):
        grown.add(piece)
    assert grown.cast(np.int64).tolist() == list(range(100))


# ── wrong files ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 1:2\n2 -3:1\n", r"line 2: '-3:1': the number of a column is a whole number from 0"),
        ("1 5:2 3:1\n", r"line 1: '3:1': it stands after number 5: the numbers of a row ascend"),
        ("1 3:2\n1 3:2 3:1\n", r"line 2: '3:1': the row has a value of number 3 already"),
        ("1 3:nan\n", r"line 1: '3:nan': the value of a pair is a number such as .* finite"),
        ("1 3:inf\n", r"line 1: '3:inf'.*finite"),
        ("1 3:1e999\n", r"line 1: '3:1e999'.*finite"),
        ("1 3:\n", r"line 1: '3:': the value"),
        ("1 :3\n", r"line 1: ':3': the number of a column"),
        ("1 x:3\n", r"line 1: 'x:3': the number of a column"),
        ("1 0x3:3\n", r"line 1: '0x3:3': the number of a column"),
        ("1 1_0:3\n", r"line 1: '1_0:3': the number of a column"),
        ("1 1.0:3\n", r"line 1: '1.0:3': the number of a column"),
        ("1 3000000000:1\n", r"line 1: '3000000000:1'.*to 2,147,483,646"),
        ("1 " + "9" * 5000 + ":1\n", r"line 1: '9+': the number of a column"),
        ("1 3:4:5\n", r"line 1: '3:4:5': the value"),
        ("1 3\n", r"line 1: '3': expected a pair number:value"),
        ("# c\n\n1 1:1\n1 qid:x 3:1\n", r"line 4: 'qid:x': the number of a column"),
        ("spam 1:2\n", r"line 1: 'spam': a label is a number"),
        ("nan 1:2\n", r"line 1: 'nan': a label is a number .* finite"),
        ("1,,2 1:2\n", r"line 1: '': a label is a number"),
        ("1,2, 1:2\n", r"line 1: '': a label is a number"),
        ("1, 2 1:2\n", r"line 1: '': a label is a number"),
        ("1 1:2\n1.5,2 1:2\n", r"line 2: label '1.5': labels are whole numbers .* where they are sets \(a row has several\)"),
        ("1 1:2\n-1 1:2\n3:1\n", r"line 2: label '-1': labels are whole numbers .* \(a row has none\)"),
        ("5 6 7\nspam 8\n", r"line 1: '6': expected a pair"),
        ("", r"no rows"),
        ("\n \n", r"no rows"),
        ("# nothing\n", r"no rows"),
        ("1 \n2 \n", r"no row has a value, .* say n_features="),
        ("1 1:2\n".encode("utf-16"), r"zero bytes"),
        (b"1 1:2\n\xff 1:2\n", r"line 2: '\ufffd': a label is a number"),
    ],
)
def test_wrong_files(folder: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=rf"a\.svm'.*{message}") as error:
        read(folder, text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500
    assert svmlight.kind(folder / "a.svm") in ("matrix", "counts")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zero_based": False}, r"line 1: '0:2': the number of a column is a whole number from 1"),
        ({"n_features": 3}, r"line 2: '4:1'.* from 0 to 3"),
        ({"n_features": 4}, r"columns 0 to 4 occur, and n_features=4 are from 0 to 3"),
        ({"n_features": 4, "zero_based": True}, r"line 2: '4:1'.* from 0 to 3"),
        ({"multilabel": False}, r"line 3: it has no labels, and multilabel=False says"),
    ],
)
def test_options_that_do_not_fit_the_file(folder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(folder, "1 0:2\n2 4:1\n3:1\n", **options)


@pytest.mark.parametrize(
    "options", [{"zero_based": "no"}, {"n_features": 0}, {"n_features": 2.5}, {"multilabel": 1}, {"base": 1}]
)
def test_options_are_checked(folder: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        read(folder, "1 0:2\n", **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 3 4\n0,3 0:1.5 2:2\n1 1:-1\n", r"line 1 says 3 rows, but 2 lines follow: correct"),
        ("1 3 4\n0,3 0:1.5 2:2\n1 1:-1\n", r"line 1 says 1 rows, but 2 lines follow"),
        ("4 3 4\n0,3 0:1.5 2:2\n\n1 1:-1\n", r"line 1 says 4 rows, but 3 lines follow, 1 of them empty"),
        ("2 3 4\n0,3 0:1.5 4:2\n1 1:-1\n", r"line 2: '4:2': the number of a column is a whole number from 0 to 3"),
        ("2 3 4\n0,3 0:1.5 3:2\n1 1:-1\n", r"line 1 says 3 columns, but numbers from 0 to 3 occur"),
        ("2 3 4\n0,5 0:1.5\n1 1:-1\n", r"line 2: label '5': labels are whole numbers from 0 to 4"),
        ("2 3 4\n0,4 0:1.5\n1 1:-1\n", r"line 1 says 4 labels, but numbers from 0 to 4 occur"),
        ("2 3 4\n0,1.5 0:1.5\n1 1:-1\n", r"line 2: label '1.5'"),
        ("2 3 4\n-1 0:1.5\n1 1:-1\n", r"line 2: label '-1'"),
        ("2 3 4\n0 0:1.5 0:2\n1 1:-1\n", r"line 2: '0:2': the row has a value of number 0 already"),
        ("2 3 4\n0 0:nan\n1 1:-1\n", r"line 2: '0:nan'.*finite"),
        ("2 3 4\n0 -1:3\n1 1:-1\n", r"line 2: '-1:3'"),
        ("2 3 4\n0 1:3\n1 1:-1 # none\n", r"line 3: '#': expected a pair"),
        ("2 3 4\n0 1:3\n1 qid:1 1:-1\n", r"line 3: 'qid:1'"),
        ("2 0 4\n0 1:3\n1 1:-1\n", r"line 1 says 0 columns"),
        ("2 999999999999 4\n0 1:3\n1 1:-1\n", r"line 1 says 999,999,999,999 columns"),
        ("2 3 999999999999\n0 1:3\n1 1:-1\n", r"at most 100,000,000"),
        ("999999999999 3 4\n0 1:3\n1 1:-1\n", r"line 1 says 999,999,999,999 rows, but 2"),
        ("2 3 0\n0 1:3\n1 1:-1\n", r"line 3: label '1': labels are whole numbers from 0 to 0"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.svm"])
def test_wrong_files_of_extreme_classification(folder: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"{name}'.*{message}"):
        read(folder, text, name)


@pytest.mark.parametrize("name", ["a.svm.gz", "a.txt.gz"])
def test_damaged_archives(folder: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    rows = "".join(f"{i} 0:{v} 2:1\n" for i, v in zip(rng.integers(0, 4, 30_000), rng.random(30_000), strict=True))
    packed = gzip.compress((("30000 3 4\n" if "txt" in name else "") + rows).encode())
    assert read(folder, packed, name).shape == (30_000, 3)
    with pytest.raises(DataError, match=rf"cannot read .*{name}.*ended before"):
        read(folder, packed[:-5000], name)
    for at in range(len(packed) // 2, len(packed) - 2000, len(packed) // 9):
        with pytest.raises(DataError, match=rf"{name}"):
            read(folder, packed[:at] + bytes(2000) + packed[at + 2000 :], name)


def test_what_is_no_file(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_dataset(folder / "none.svm")
    (folder / "b.svm").mkdir()
    with pytest.raises(IsADirectoryError, match=r"b\.svm"):
        read_dataset(folder / "b.svm")
    assert svmlight.kind(folder / "none.svm") == "matrix"
    with pytest.raises(DataError, match=r"Not a gzipped file"):
        read(folder, "1 1:2\n", "a.svm.gz")


def test_a_line_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_rows, "LONGEST", 100)
    monkeypatch.setattr(svmlight, "blocks", lambda path, size=64: sparse_rows.blocks(path, 64))
    with pytest.raises(DataError, match="has a line of more than"):
        read(folder, "1 " + "x" * 500)


def test_the_line_of_an_error_counts_comments_and_blocks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sparse_rows.blocks
    monkeypatch.setattr(svmlight, "blocks", lambda path, size=0: real(path, 16))
    with pytest.raises(DataError, match=r"line 1,006: '3'"):
        read(folder, "# c\n" * 3 + "\n\n" + "1 1:2\n" * 1000 + "1 3\n")


# ── what is recognized ───────────────────────────────────────────────────────────────────────────────────────────────

ROWS_OF_TEXT = [
    "",
    "2 3 4",
    "2 3 4\n",
    "10 20 30\n40 50 60\n",
    "12 24 2020\nA letter to my aunt, at 10:30.\n",
    "1 2 3\nand 4:5 and more\n",
    "1 2 3\n3 blind mice\n1:2 3:4\n",
    "1 2 3 4\n1 1:2\n",
    "15539 5000\n0:1 2:1\n",
    "-1 2 3\n1 1:2\n",
    "1.5 2 3\n1 1:2\n",
    "1 2 3\n\n\nChapter 1:2\n",
    "1 2 3\n4\n5\n6\n",
    "The Bible\n1 2 3\n1 1:2\n",
    "1,2 1:2\n",
]


@pytest.mark.parametrize("text", ROWS_OF_TEXT)
def test_ordinary_texts_are_not_recognized(folder: Path, text: str) -> None:
    (folder / "a.txt").write_text(text)
    (folder / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    assert not extreme.recognizes(folder / "a.txt")
    assert not extreme.recognizes(folder / "a.txt.gz")


@pytest.mark.parametrize(
    "text",
    [
        XMC,
        XMC.replace("\n", "\r\n"),
        "﻿" + XMC,
        "2 3 4\n 0:1.5\n1 1:2\n",
        "2 3 4\n0:1.5\n1 1:2\n",
        "3 3 4\n \n1\n1,2 1:2 \n",
        "2 3 4 \n\n1 1:2\n",
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "A.TXT", "a.txt.gz", "a.svm"])
def test_rows_of_extreme_classification_are_recognized(folder: Path, text: str, name: str) -> None:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert extreme.recognizes(path) is (name != "a.svm")
    found = read_dataset(path)
    assert found.shape == (int(text.lstrip("﻿")[0]), 3)
    assert found.Y.shape[1] == 4
    assert reads(path, "matrix", "counts")


def test_what_cannot_be_recognized(folder: Path) -> None:
    (folder / "b.txt").mkdir()
    for name in ("none.txt", "b.txt", "\0.txt", "a" * 5000 + ".txt"):
        assert not extreme.recognizes(folder / name)
    (folder / "a.txt.gz").write_bytes(gzip.compress(XMC.encode())[:-12])
    assert not extreme.recognizes(folder / "a.txt.gz")
    with pytest.raises(DataError, match="does not begin with the numbers of rows"):
        extreme.read(FILES / "page.svm")


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("3 3 4\n0 0:1\n\n1 1:1\n", 3),
        ("2 3 4\n0 0:1\n\n1 1:1\n", 2),
        ("2 3 4\n0 0:1\n1 1:1\n\n\n", 2),
        ("3 3 4\n0 0:1\n1 1:1\n\n\n", 3),
    ],
)
def test_an_empty_line_is_a_row_if_the_first_line_says_so(folder: Path, text: str, n: int) -> None:
    found = read(folder, text, "a.txt")
    assert found.shape == (n, 3)
    assert found.Y.shape == (n, 4)


def test_labels_from_one(folder: Path) -> None:
    found = read(folder, "2 3 4\n4,1 0:1\n2 1:1\n", "a.txt")
    assert found.labels == ["1", "2", "3", "4"]
    assert found.Y.toarray().tolist() == [[1, 0, 0, 1], [0, 1, 0, 0]]
    assert "labels are counted from 1, for 4 occurs, and 0 does not" in said(found)
    assert "columns are counted from 0; labels are counted from 0, as is usual" in said(read(folder, "1 3 4\n2 0:1\n", "a.txt"))
    assert read(folder, "1 3 0\n 0:1\n", "a.txt").Y is None


def test_options_of_extreme_classification(folder: Path) -> None:
    with pytest.raises(ValueError, match="zero_based='x'"):
        read(folder, XMC, "a.txt", zero_based="x")
    with pytest.raises(DataError, match=r"line 2: '0:1\.5'.* from 1"):
        read(folder, XMC, "a.txt", zero_based=False)
    with pytest.raises(ValueError, match="columns, 3, and labels: leave out n_features="):
        read(folder, XMC, "a.svm", n_features=4)
    assert read(folder, XMC, "a.svm", zero_based=True).decided[0].startswith("line 1 says 2 rows")


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["classes.svm", "targets.svmlight", "sets.svm", "packed.svm.gz"])
@pytest.mark.parametrize("out", ["b.svm", "b.libsvm.gz"])
def test_what_is_written_is_read(folder: Path, name: str, out: str) -> None:
    codes = np.random.default_rng(0).normal(size=(8, 3))
    codes[1], codes[:, 2] = 0, 0
    svmlight.write(pa.table(list(codes.T), names=list("abc")), folder / out, FILES / name)
    found, source = read_dataset(folder / out), read_dataset(FILES / name)
    assert found.X.toarray().tobytes() == codes.tobytes()
    assert found.labels == source.labels
    same = [y if found.labels is None else y.toarray() for y in (found.Y, source.Y)]
    assert np.array_equal(*same)


def test_what_is_written_without_labels(folder: Path) -> None:
    table = pa.table({"a": [1, 0], "b": pa.array([0.1, 0], pa.float32())})
    svmlight.write(table, folder / "b.svm", folder / "a.csv")
    assert read_dataset(folder / "b.svm").X.toarray().tolist() == [[1, float(np.float32(0.1))], [0, 0]]
    assert read_dataset(folder / "b.svm").Y is None
    for column in ([1.0, None], ["x", "y"], [1.0, np.inf]):
        with pytest.raises(DataError, match=r"c\.svm' holds finite numbers only, and column 'b' has others"):
            svmlight.write(pa.table({"a": [1, 2], "b": column}), folder / "c.svm")
    with pytest.raises(DataError, match=r"classes\.svm' has 8 rows, but 2 are to be written"):
        svmlight.write(table, folder / "c.svm", FILES / "classes.svm")
    assert not (folder / "c.svm").exists()
