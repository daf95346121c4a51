"""ARFF files: what WEKA reads is what we read, or an error says why not; labels of Mulan and MEKA; written and read back."""

from __future__ import annotations

import datetime
import gzip
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from diabolo.errors import DataError
from diabolo.formats.readers import arff, read_dataset
from diabolo.formats.readers.arff import header, rows, sparse
from diabolo.formats.readers.arff.dates import Pattern
from diabolo.formats.readers.arff.words import quoted, unquoted, words

FILES = Path(__file__).parent / "files" / "arff"
WEKA = json.loads((FILES / "weka.json").read_text())
STRICTER = {  # WEKA reads these, and we do not: what it makes of them is not what stands there
    "not-closed": "line 5: a quotation mark is not closed: '2",  # 2
    "one-too-many": "line 5: 3 value(s), expected 2",  # without the third value
    "two-commas": "line 5: nothing stands before or after a comma",  # as if it were one comma
    "relational": "line 2: attribute 'bag' is relational",  # tables in cells: nothing of ours holds these
}
LAXER = {"unordered"}  # WEKA wants the values of a sparse row in the order of the attributes
UNKNOWN = {"sparse-texts": [(1, "a")]}  # WEKA fills in the first text of the file: which one it was is not known
EPOCH = datetime.datetime(1970, 1, 1)


def arff_of(tmp_path: Path, text: str, name: str = "a.arff") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def numbers(tmp_path: Path, data: str, types: str = "numeric numeric", relation: str = "r") -> Path:
    """A file with attributes a, b, ... of these types."""
    declared = "".join(f"@attribute {chr(97 + j)} {t.replace('_', ' ')}\n" for j, t in enumerate(types.split()))
    return arff_of(tmp_path, f"@relation {relation}\n{declared}@data\n{data}")


def cells(X: Any) -> list[list[Any]]:
    """Rows as WEKA's are listed in weka.json."""
    if not isinstance(X, pa.Table):
        return [[None if v != v else v for v in row] for row in X.toarray().tolist()]
    return [[told(v) for v in row.values()] for row in X.to_pylist()]


def told(v: Any) -> Any:
    if isinstance(v, datetime.date):
        moment = v if isinstance(v, datetime.datetime) else datetime.datetime(v.year, v.month, v.day)
        return {"ms": round((moment - EPOCH).total_seconds() * 1000)}
    return v


def same(mine: Any, his: Any) -> bool:
    return mine == his or (isinstance(mine, float) and isinstance(his, str) and mine == float(his))


# ── what WEKA reads ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(name.removesuffix(".arff") for name in WEKA))
def test_reads_what_weka_reads(name: str) -> None:
    path, weka = FILES / f"{name}.arff", WEKA[f"{name}.arff"]
    if "error" in weka and name not in LAXER:
        with pytest.raises(DataError, match=re.escape(f"{name}.arff', line ")):
            arff.read(path, labels=0)
        return
    if name in STRICTER:
        with pytest.raises(DataError, match=re.escape(STRICTER[name])):
            arff.read(path, labels=0)
        return
    found = arff.read(path, labels=0)
    if name in LAXER:
        assert cells(found.X) == [[2.0, 1.0]]
        return
    names = found.X.column_names if isinstance(found.X, pa.Table) else found.columns
    assert names == weka["names"]
    unknown = [
        (i, name)
        for i, row in enumerate(cells(found.X))
        for name, a, b in zip(names, row, weka["rows"][i], strict=True)
        if not same(a, b)
    ]
    assert unknown == UNKNOWN.get(name, [])
    assert found.shape == (len(weka["rows"]), len(weka["names"]))
    assert (found.weights.tolist() if found.weights is not None else [1.0] * len(weka["rows"])) == weka["weights"]


def test_a_table_by_weka_has_types() -> None:
    """Numbers, categories with all their values, texts, days, moments; the last two are labels, as MEKA's -C -2 says."""
    found = arff.read(FILES / "weka-dense.arff")
    city = pa.dictionary(pa.int32(), pa.string())
    assert found.X.schema.types == [pa.float64(), pa.float64(), city, pa.string(), pa.date32(), pa.timestamp("ms")]
    assert found.X["city"].chunk(0).dictionary.to_pylist() == [
        "Rome",
        "New York",
        "it's",
        "a,b",
        "{x}",
        "5%",
        "é",
        "?",
        "\\",
        '"',
    ]
    assert found.X["day"][1].as_py() == datetime.date(1969, 12, 31)
    assert found.Y.schema.types == [pa.int8(), pa.int8()]
    assert found.Y["happy"].to_pylist() == [1, 0, 1, 0, None, 1, 1, 1, 1, 0, 0]
    assert found.Y["sad"].to_pylist() == [0, 1, 1, 0, 0, 0, None, 0, 0, 0, 0]
    assert found.weights.tolist() == [1, 2.5, 1, 1, 0.25, 1, 1, 1, 1, 1, 1]
    assert found.decided[0] == "the last 2 of 8 attributes are labels, as -C in the relation's name says: 'happy', 'sad'"
    assert "rows have weights, in braces at their ends (else 1): used only as sample_weight=dataset.weights" in found.decided


def test_sparse_rows_by_weka_are_the_same_table() -> None:
    dense, table, matrix = (arff.read(FILES / f"weka-{name}.arff") for name in ("dense", "sparse-texts", "sparse"))
    assert table.X.equals(dense.X)
    assert table.Y.equals(dense.Y)
    assert matrix.Y.equals(dense.Y)  # a table, since some labels are not known
    assert matrix.columns == ["plain", "it's, 100%"]
    np.testing.assert_array_equal(matrix.X.toarray()[:, 0], dense.X["plain"].to_numpy())
    assert (matrix.X.data != 0).all()
    assert matrix.X.has_canonical_format


def test_kind() -> None:
    assert {name: arff.kind(FILES / f"{name}.arff") for name in ("weka-dense", "weka-sparse", "weka-sparse-texts")} == {
        "weka-dense": "table",
        "weka-sparse": "matrix",
        "weka-sparse-texts": "table",
    }


def test_kind_sees_that_words_are_labels(tmp_path: Path) -> None:
    """Two words are no number, but as a label they are 0 and 1."""
    assert arff.kind(numbers(tmp_path, "{0 1}\n", "numeric {no,yes}", "'r: -C -1'")) == "matrix"
    assert arff.kind(numbers(tmp_path, "{0 1}\n", "numeric {no,yes}")) == "table"


# ── what stands in a row ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_sparse_row_leaves_out_is_the_first_declared_value(tmp_path: Path) -> None:
    found = arff.read(numbers(tmp_path, "{}\n{0 0,1 1}\n", "{1,0} {0,1} numeric"))
    assert found.X.toarray().tolist() == [[1, 0, 0], [0, 1, 0]]
    assert "left out means 1 where 1 is declared first, which is so of 'a'" in found.decided


def test_labels_declared_one_zero(tmp_path: Path) -> None:
    """The same Y from dense and sparse rows, whatever is declared first."""
    data = {"{1,0} {0,1}": "{2 5}\n{0 0,1 1}\n", "{0,1} {1,0}": "{0 1,1 0}\n{2 0}\n"}
    for types, text in data.items():
        found = arff.read(numbers(tmp_path, text, f"{types} numeric", "'r: -C 2'"))
        assert found.Y.toarray().tolist() == [[1, 0], [0, 1]]
        assert found.Y.dtype == np.int8
        assert found.labels == ["a", "b"]


def test_a_text_that_is_left_out_is_missing() -> None:
    found = arff.read(FILES / "sparse-texts.arff")
    assert found.X["a"].to_pylist() == ["first", None, "second"]
    assert "a text that a row leaves out is missing, in 'a'" in found.decided
    assert "a date that a row leaves out is 1970-01-01, in 'd'" in found.decided


def test_nan_is_missing(tmp_path: Path) -> None:
    assert arff.read(numbers(tmp_path, "NaN,1\n?,Infinity\n")).X["a"].to_pylist() == [None, None]
    assert arff.read(numbers(tmp_path, "1,1\n?,-Infinity\n")).X["b"].to_pylist() == [1, -np.inf]


@pytest.mark.parametrize("separator", [",", ", ", " , ", "\t,\t", " ", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " \n", "\n\n", " % why\n"])
def test_blanks_and_ends_of_lines(tmp_path: Path, separator: str, end: str) -> None:
    text = end.join(["@relation r", "@attribute a real", "@attribute b {x,'y z'}", "@data", f"1{separator}x", f"?{separator}?"])
    found = arff.read(arff_of(tmp_path, text)).X
    assert found.to_pydict() == {"a": [1, None], "b": ["x", None]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.arff.gz"
    path.write_bytes(gzip.compress("@relation r\n@attribute é {ü,'ß ß'}\n@data\nü\n'ß ß'\n".encode(encoding)))
    found = arff.read(path, encoding="latin-1" if encoding == "latin-1" else None)
    assert found.X.to_pydict() == {"é": ["ü", "ß ß"]}


def test_the_wrong_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.arff"
    path.write_bytes("@relation r\n@attribute a string\n@data\nx\né\n".encode("latin-1"))
    with pytest.raises(DataError, match=re.escape("is not written in utf-8: byte 0xe9 in line 5: say how it is written")):
        arff.read(path)
    assert read_dataset(path, encoding="latin-1").X["a"].to_pylist() == ["x", "é"]


@pytest.mark.parametrize(
    ("pattern", "cell", "moment"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss", "2024-02-29T01:02:03", (2024, 2, 29, 1, 2, 3)),
        ("yyyyMMdd", "20240229", (2024, 2, 29)),
        ("d MMM yyyy h:mm a", "1 May 2024 12:05 AM", (2024, 5, 1, 0, 5)),
        ("dd/MM/yyyy HH:mm:ss.SSS", "1/2/2024 3:4:5.6", (2024, 2, 1, 3, 4, 5, 6000)),
        ("yyyy-MM-dd HH:mm:ssZ", "2024-01-01 00:30:00+0100", (2023, 12, 31, 23, 30)),
        ("yyyy-MM-dd HH:mm:ssXXX", "2024-01-01 00:30:00Z", (2024, 1, 1, 0, 30)),
        ("MMMM d, yyyy 'o''clock' H", "March 1, 2024 o'clock 7", (2024, 3, 1, 7)),
    ],
)
def test_dates(pattern: str, cell: str, moment: tuple[int, ...]) -> None:
    assert Pattern(pattern).read(cell) == datetime.datetime(*moment)  # type: ignore[arg-type]
    assert Pattern(pattern).read(Pattern(pattern).write(datetime.datetime(*moment))) == datetime.datetime(*moment)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "pattern", ["dd.MM.yy", "d.M.y", "EEE, d MMM yyyy", "yyyy-MM-dd z", "HH:mm", "yyyy-MM-dd hh:mm", "w yyyy", "dd.MM.yyyy 'x"]
)
def test_dates_without_a_sure_reading_stay_texts(tmp_path: Path, pattern: str) -> None:
    found = arff.read(arff_of(tmp_path, f'@relation r\n@attribute d date "{pattern}"\n@data\n01.02.03\n'))
    assert found.X["d"].to_pylist() == ["01.02.03"]
    assert f"attribute 'd' is left as text: its pattern of dates, {pattern!r}, has no sure reading" in found.decided


def test_a_zone_is_kept(tmp_path: Path) -> None:
    found = arff.read(numbers(tmp_path, "'2024-01-01T02:00:00+02:00'\n", "date_\"yyyy-MM-dd'T'HH:mm:ssXXX\""))
    assert found.X.schema.types == [pa.timestamp("ms", "UTC")]
    assert found.X["a"][0].as_py() == datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


def test_names_with_quotes_inside(tmp_path: Path) -> None:
    """As liac-arff writes the tags of Delicious."""
    text = "@relation r\n@ATTRIBUTE m\\'usica {0, 1}\n@attribute it's numeric\n@attribute 'a b' {'x'}\n@data\n1,2,x\n"
    assert arff.read(arff_of(tmp_path, text)).X.column_names == ["m\\'usica", "it's", "a b"]


# ── which attributes are labels ──────────────────────────────────────────────────────────────────────────────────────


def test_mulan_names_the_labels() -> None:
    """music.xml stands beside music-train.arff; its labels are neither first nor last, and the order is that of the file."""
    found = read_dataset(FILES / "music-train.arff")
    assert found.columns == ["f0", "f1"]
    assert found.labels == ["very loud", "quiet", "loud"]
    assert found.X.toarray().tolist() == [[0.5, 0], [0, 2], [0, 0], [0, 0]]
    assert found.Y.toarray().tolist() == [[0, 0, 0], [1, 0, 1], [1, 0, 0], [0, 1, 0]]  # {1, 0}: left out is 1
    assert found.decided[0] == (
        "3 of 5 attributes are labels, as music.xml says: 'very loud', 'quiet', 'loud'; 1 of them stand below another one: "
        "a hierarchy, not used"
    )


@pytest.mark.parametrize(
    ("relation", "named"),
    [
        ("'r: -C 2'", ["a", "b"]),
        ("'r: -C -1'", ["d"]),
        ('"r: -split-number 3 -c 1"', ["a"]),
        ("'r: -C 1-weka.filters.unsupervised.attribute.Remove-R1'", ["a"]),
        ("'r: -C 0'", []),
        ("r", []),
        ("'r -C 2'", []),  # no colon, no options
    ],
)
def test_meka_counts_the_labels(tmp_path: Path, relation: str, named: list[str]) -> None:
    found = arff.read(numbers(tmp_path, "0,1,0,1\n", "{0,1} {0,1} numeric {0,1}", relation))
    assert (found.Y.column_names if found.Y is not None else []) == named
    assert found.X.num_columns == 4 - len(named)


def test_labels_on_request(tmp_path: Path) -> None:
    path = numbers(tmp_path, "0,1,0\n", "{0,1} numeric {0,1}", "'r: -C 1'")
    other = arff_of(tmp_path, "<labels><label name='c'/></labels>", "other.xml")
    assert arff.read(path, labels=-2).Y.column_names == ["b", "c"]
    assert arff.read(path, labels="-1").Y.column_names == ["c"]  # as a command line gives it
    assert arff.read(path, labels=other).Y.column_names == ["c"]
    assert arff.read(path, labels=str(other)).Y.column_names == ["c"]
    assert arff.read(path, labels=0).Y is None


def test_an_xml_of_another_kind_is_none(tmp_path: Path) -> None:
    path = numbers(tmp_path, "0,1\n", "{0,1} numeric")
    arff_of(tmp_path, "<project/>", "a.xml")
    assert arff.read(path).Y is None


WRONG_LABELS = {
    "<labels><label name='z'/></labels>": "a.xml' names the label 'z', but no attribute of 'a.arff' has this name",
    "<labels><label name='a'/><label name='a'/></labels>": "a.xml' names label 'a' twice",
    "<labels><label/></labels>": "a.xml': a <label> has no name",
    "<labels></labels>": "a.xml' names no label",
    "<labels><label name='a'/><label name='b'/></labels>": "a.xml' names all attributes of 'a.arff'",
    "<labels><label name='a'>": "a.xml', which should name the labels of 'a.arff', is no XML",
}


@pytest.mark.parametrize("xml", WRONG_LABELS)
def test_wrong_xml(tmp_path: Path, xml: str) -> None:
    path = numbers(tmp_path, "0,1\n", "{0,1} {0,1}")
    arff_of(tmp_path, xml, "a.xml")
    with pytest.raises(DataError, match=re.escape(WRONG_LABELS[xml])):
        arff.read(path)


@pytest.mark.parametrize(
    ("relation", "asked", "error"),
    [
        ("'r: -C 2'", None, "-C in the relation's name, but the file has 2 attributes"),
        ("'r: -C'", None, "-C needs one number"),
        ("'r: -C x'", None, "-C needs one number"),
        ("'r: -C 1 -C -1'", None, "-C needs one number"),
        ("r", 3, "labels=3, but the file has 2 attributes"),
        ("r", "nowhere.xml", "labels='nowhere.xml' is no number, and no file that can be read: No such file"),
    ],
)
def test_wrong_numbers_of_labels(tmp_path: Path, relation: str, asked: Any, error: str) -> None:
    with pytest.raises(DataError, match=re.escape(error)):
        arff.read(numbers(tmp_path, "0,1\n", "{0,1} {0,1}", relation), labels=asked)


def test_mulan_and_meka_disagree(tmp_path: Path) -> None:
    path = numbers(tmp_path, "0,1,0\n", "{0,1} numeric {0,1}", "'r: -C 1'")
    arff_of(tmp_path, "<labels><label name='c'/></labels>", "a.xml")
    with pytest.raises(DataError, match=r"which attributes are labels\? .* say one, such as labels=1"):
        arff.read(path)
    arff_of(tmp_path, "<labels><label name='a'/></labels>", "a.xml")
    assert arff.read(path).Y.column_names == ["a"]


@pytest.mark.parametrize(
    "values", ["{no,yes}", "{yes,no}", "{pos,neg}", "{Negative,Positive}", "{-1,1}", "{true,false}", "{t,f}"]
)
def test_two_words_are_a_label(tmp_path: Path, values: str) -> None:
    """The yes of them is a 1, whether it is declared first or second, in dense and sparse rows."""
    one, two = values[1:-1].split(",")
    yes = one if one.lower() in ("yes", "pos", "true", "t") else two
    dense = arff.read(numbers(tmp_path, f"{one},1\n{two},2\n?,3\n", f"{values} numeric", "'r: -C 1'"))
    assert dense.Y["a"].to_pylist() == [int(one == yes), int(two == yes), None]
    assert f"label 'a' is 1 where it is {yes!r}" in dense.decided
    sparse_rows = arff.read(numbers(tmp_path, f"{{0 {one}}}\n{{0 {two}}}\n{{1 7}}\n", f"{values} numeric", "'r: -C 1'"))
    assert sparse_rows.Y.toarray()[:, 0].tolist() == [int(one == yes), int(two == yes), int(one == yes)]


def test_two_other_words_are_a_label_with_a_warning(tmp_path: Path) -> None:
    path = numbers(tmp_path, "dog,1\ncat,2\n", "{cat,dog} numeric", "'r: -C 1'")
    with pytest.warns(UserWarning, match="label 'a' is one of 'cat' and 'dog': taken for 1 is 'dog'"):
        assert arff.read(path).Y["a"].to_pylist() == [1, 0]


@pytest.mark.parametrize(
    ("types", "data", "error"),
    [
        ("{a,b,c} numeric", "a,1\n", "label 'a' has 3 value(s), 'a', 'b', 'c': a label has two; what MEKA calls multi-target"),
        ("{x} numeric", "x,1\n", "label 'a' has 1 value(s)"),
        ("string numeric", "x,1\n", "label 'a' is declared as 'a string': a label is 0 or 1"),
        ("numeric numeric", "1,0\n3,1\n", "label 'a' is 3 in row 1, counted from 0: expected 0 or 1"),
        ("numeric numeric", "{0 1}\n{0 3}\n", "label 'a' is 3 in row 1, counted from 0: expected 0 or 1"),
    ],
)
def test_wrong_labels(tmp_path: Path, types: str, data: str, error: str) -> None:
    with pytest.raises(DataError, match=re.escape(error)):
        arff.read(numbers(tmp_path, data, types, "'r: -C 1'"))


def test_numbers_and_one_value_are_labels(tmp_path: Path) -> None:
    found = arff.read(numbers(tmp_path, "1,0,7\n0,0,8\n", "numeric {0} numeric", "'r: -C 2'"))
    assert found.Y.to_pydict() == {"a": [1, 0], "b": [0, 0]}


# ── wrong files ──────────────────────────────────────────────────────────────────────────────────────────────────────

A = "@relation r\n@attribute a "
WRONG = {
    "": "is cut off, or no ARFF: it ends after 0 lines, and no @data came",
    A + "numeric\n": "it ends after 2 lines, and no @data came",
    A + "numeric\n@data\n": "has a header, but no rows",
    A + "numeric\n@data\n% 1\n\n": "has a header, but no rows",
    "a,b\n1,2\n": "line 1: found 'a', expected @relation",
    "@relation r\n@atribute a numeric\n@data\n1\n": "line 2: found '@atribute', expected @attribute or @data; did you mean",
    "@relation r\n@data\n1\n": "line 2: @data, but no @attribute came before it",
    "@relation r\n@attribute a\n@data\n1\n": "line 2: @attribute needs a name and a type",
    A + "numric\n@data\n1\n": "line 2: attribute 'a' has the type 'numric'; known are numeric, real, integer, string,",
    A + "b numeric\n@data\n1\n": "line 2: attribute 'a' has the type 'b'",
    A + "{x,y\n@data\nx\n": "line 2: attribute 'a': the braces of its values are not closed",
    A + "{New York, Rome}\n@data\nRome\n": "line 2: attribute 'a': 3 values, but 1 comma(s)",
    A + "{x,?}\n@data\nx\n": "line 2: attribute 'a': ? stands for a missing value",
    A + "{x,x}\n@data\nx\n": "line 2: attribute 'a' declares 'x' twice",
    A + "numeric\n@attribute a real\n@data\n1,2\n": "line 4: two attributes are named 'a'",
    A + "string\n@data\nx\nit's\n": "line 5: a quotation mark within a value: it's",
    A + "string\n@data\n'x'y\n": "line 4: a quotation mark within a value: 'x'y",
    A + "string\n@data\nNew York\n": "line 4: 2 value(s), expected 1, one for each attribute: put values with",
    A + "numeric\n@data\n1\n1_000\n": "line 5: attribute 'a': '1_000' is no number",
    A + "numeric\n@data\n1\n0x1F\n": "line 5: attribute 'a': '0x1F' is no number",
    A + "numeric\n@data\n{0 0x1F}\n": "line 4: attribute 0, 'a': '0x1F' is no number",
    A + "{x,y}\n@data\nx\n\nz\n": "line 6: attribute 'a': 'z' is none of its values: 'x', 'y'",
    A + "{0,1}\n@data\n{0 1.0}\n": "line 4: attribute 0, 'a': '1.0' is none of its values: '0', '1'",
    A + "{1}\n@data\n{0 0}\n": "line 4: attribute 0, 'a': '0' is none of its values: '1'",
    A + "numeric\n@data\n1\n{0 1}\n": "line 5: a sparse row, in braces, among rows that are not",
    A + "numeric\n@data\n{0 1}\n1\n": "line 5: a row without braces among sparse rows",
    A + "numeric\n@data\n{0 1}\n{0 1": "line 5: the braces of the row are not closed: the file is cut off",
    A + "numeric\n@data 1\n": "line 3: found '1' behind @data",
    A + "numeric\n@data\n１\n": "line 4: attribute 'a': '１' is no number",
    A + "{0,1}\n@data\n{0 NaN}\n": "line 4: attribute 0, 'a': 'NaN' is none of its values",
    A + "numeric\n@data\n{0 1} 2\n": "line 4: found '2' behind the braces of the row",
    A + "numeric\n@data\n{0}\n": "line 4: no value for attribute 0",
    A + "numeric\n@data\n{0 1 2}\n{0 1 2}\n": "line 4: no comma before '2'",
    A + "string\n@attribute b string\n@data\n{0 Route 1 West}\n": "line 5: no comma before '1'",
    A + "numeric\n@attribute b numeric\n@data\n{0 1 1 2}\n": "line 5: no comma before '1'",
    A + "numeric\n@attribute b numeric\n@data\n{0, 1}\n": "line 5: a comma behind 0: expected the value of attribute 0",
    A + "numeric\n@data\n{-1 1}\n": "line 4: found '-1', expected the number of an attribute, from 0 to 0",
    A + "numeric\n@data\n{0.0 1}\n": "line 4: found '0.0', expected the number of an attribute",
    A + "numeric\n@data\n{1 1}\n": "line 4: attribute 1 is not there: the last of 1 is 0",
    A + "numeric\n@data\n{0 1}\n{0 1,0 1}\n": "line 5: two values for attribute 0",
    A + "numeric\n@data\n{99999999999 1}\n": "line 4: attribute 99999999999 is not there",
    A + "numeric\n@data\n1 {x}\n": "line 4: the weight in braces at the end of the row is 'x'",
    A + "numeric\n@data\n1, {-1}\n": "line 4: the weight in braces at the end of the row is '-1'",
    A + "numeric\n@data\n{0 1}, {inf}\n": "line 4: the weight in braces at the end of the row is 'inf'",
    A + "date yyyy-MM-dd\n@data\n2024-13-01\n": "line 4: attribute 'a': '2024-13-01' is no date written as yyyy-MM-dd",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_files(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=re.escape(WRONG[text])) as error:
        arff.read(arff_of(tmp_path, text))
    assert "\n" not in str(error.value)
    assert "a.arff" in str(error.value)


def test_packed_files_that_are_cut_off(tmp_path: Path) -> None:
    packed = gzip.compress((FILES / "weka-dense.arff").read_bytes())
    for data, said in (
        (packed[:-200], "it is cut off"),
        (b"@relation r\n", "Not a gzipped file"),
        (packed[:40] + b"x" * 40 + packed[80:], ""),
    ):
        path = tmp_path / "a.arff.gz"
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"a.arff.gz'.* (cannot be unpacked|line)") as error:
            arff.read(path)
        assert said in str(error.value)


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "LONGEST", 1000)
    monkeypatch.setattr(header, "PIECE", 100)
    with pytest.raises(DataError, match="has a line of more than 1,000 characters"):
        arff.read(numbers(tmp_path, "1," * 10_000))


def test_long_blanks_take_no_time(tmp_path: Path) -> None:
    found = arff.read(numbers(tmp_path, f"1{' ' * 10**6},{' ' * 10**6}2{' ' * 10**6}\n"))
    assert found.X.to_pydict() == {"a": [1], "b": [2]}


def test_sparse_rows_with_texts_are_no_wide_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "MAX_BYTES_IN_MEMORY", 800)
    path = numbers(tmp_path, "{0 1}\n" * 60, "numeric string")
    with pytest.raises(DataError, match="as a table of 2 columns they have more than 100 cells: leave these attributes out"):
        arff.read(path)


# ── pieces ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_pieces(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(header, "PIECE", size)


@pytest.mark.parametrize("name", ["weka-dense", "weka-sparse", "weka-sparse-texts", "music-train", "blanks"])
def test_pieces_do_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = arff.read(FILES / f"{name}.arff")
    in_pieces(monkeypatch, 61)
    found = arff.read(FILES / f"{name}.arff")
    for mine, other in ((found.X, whole.X), (found.Y, whole.Y)):
        if isinstance(mine, pa.Table):
            assert mine.equals(other)
        elif mine is not None or other is not None:
            np.testing.assert_array_equal(mine.toarray(), other.toarray())
    assert np.array_equal(found.weights, whole.weights) if whole.weights is not None else found.weights is None


def test_the_line_of_an_error_in_a_later_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_pieces(monkeypatch, 64)
    with pytest.raises(DataError, match="line 5,005: attribute 'b': 'x' is no number"):
        arff.read(numbers(tmp_path, "1,2\n" * 5000 + "1,x\n"))
    with pytest.raises(DataError, match="line 5,005: attribute 5 is not there"):
        arff.read(numbers(tmp_path, "{0 1}\n" * 5000 + "{5 1}\n"))


def test_what_does_not_fit_in_memory_lies_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dense = numbers(tmp_path, "1,x\n3,?\n" * 500, "numeric {y,x}")
    whole = arff.read(dense).X
    in_pieces(monkeypatch, 256)
    monkeypatch.setattr(rows, "MAX_BYTES_IN_MEMORY", 1000)
    made: list[Any] = []
    monkeypatch.setattr(
        rows.tempfile, "NamedTemporaryFile", lambda make=tempfile.NamedTemporaryFile, **k: made.append(k) or make(**k)
    )
    assert arff.read(dense).X.equals(whole)
    assert len(made) == 1
    matrix = tmp_path / "m.arff"
    matrix.write_text("@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n" + "{0 1,1 2}\n{}\n{1 3}\n" * 300)
    monkeypatch.setattr("diabolo.formats.base.MAX_BYTES_IN_MEMORY", 1000)
    found = arff.read(matrix).X
    assert any(isinstance(base, np.memmap) for base in bases(found.data))
    assert found.toarray().tolist() == [[1, 2], [0, 0], [0, 3]] * 300


def bases(array: Any) -> list[Any]:
    """An array and what it is a view of."""
    return [] if array is None else [array, *bases(getattr(array, "base", None))]


# ── at once, and line by line ────────────────────────────────────────────────────────────────────────────────────────


def by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SIGNS", ("",))  # every piece has one
    monkeypatch.setattr(sparse, "SIGNS", ("",))


number_text = st.one_of(
    st.floats(allow_nan=False).map(lambda v: repr(v).replace("inf", "Infinity")),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["?", "+1", ".5", "5.", "1E3", "-0", "1e-400", "0.1000"]),
)


def outcome(path: Path) -> Any:
    try:
        found = arff.read(path)
    except DataError as error:
        return str(error)
    if isinstance(found.X, pa.Table):
        return found.X.to_pydict()
    return found.X.toarray().tobytes(), found.X.indices.tolist()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(number_text, st.sampled_from(["x", "y", "?", "z"]), st.sampled_from(["?", "é", "a\\b"])), min_size=1),
    st.sampled_from([",", ", "]),
)
def test_both_ways_read_the_same_dense_rows(cells: list[tuple[str, str, str]], separator: str) -> None:
    with pytest.MonkeyPatch.context() as patch, Folder() as folder:
        path = numbers(folder, "\n".join(separator.join(row) for row in cells) + "\n", "numeric {x,y} string")
        fast = outcome(path)
        by_line(patch)
        assert outcome(path) == fast


pair = st.tuples(st.integers(-1, 5), number_text)


@settings(max_examples=40)
@given(
    st.lists(st.lists(pair, max_size=5, unique_by=lambda p: p[0]), min_size=1), st.sampled_from([",", ", ", " ,", " ", ",,"])
)
def test_both_ways_read_the_same_sparse_rows(found: list[list[tuple[int, str]]], separator: str) -> None:
    text = "".join("{" + separator.join(f"{j} {v}" for j, v in row) + "}\n" for row in found)
    with pytest.MonkeyPatch.context() as patch, Folder() as folder:
        path = numbers(folder, text, "numeric real {0,1} {1,0} integer")
        fast = outcome(path)
        by_line(patch)
        assert outcome(path) == fast


class Folder:
    """A temporary folder: Hypothesis draws many examples within one tmp_path."""

    def __enter__(self) -> Path:
        self.folder = tempfile.TemporaryDirectory()
        return Path(self.folder.name)

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()


# ── other libraries ──────────────────────────────────────────────────────────────────────────────────────────────────

LIAC = {  # what liac-arff 2.5 reads in another way, and what we read, as WEKA does
    "duplicate-index": "the last one of two values of an attribute",
    "comment-cuts": "% and what follows is part of the value",
    "integers": "1.7 of an integer attribute is 1",
    "sparse-unknown": "NaN is a number",
}


@pytest.mark.parametrize("name", sorted(name.removesuffix(".arff") for name in WEKA))
def test_reads_what_liac_arff_reads(name: str) -> None:
    """Or what WEKA reads, where liac-arff reads it in another way, or not at all."""
    liac = pytest.importorskip("arff", reason="needs the extra formats")
    text = (FILES / f"{name}.arff").read_text()
    try:
        his = liac.loads(text)
    except (liac.ArffException, ValueError):
        return
    try:
        mine = cells(arff.read(FILES / f"{name}.arff", labels=0).X)
    except DataError:
        mine = []
    differs = [list(row) for row in his["data"]] != mine and not all(
        same(a, b) for x, y in zip(mine, his["data"], strict=False) for a, b in zip(x, y, strict=False)
    )
    assert (differs or not mine) == (name in LIAC)


@pytest.mark.parametrize("name", ["integers", "weighted-attributes", "one-too-many", "no-day"])
def test_reads_what_scipy_reads(name: str) -> None:
    """SciPy reads neither sparse rows nor texts; and it drops a value that a row has too much."""
    from scipy.io import arff as scipys

    path = FILES / f"{name}.arff"
    if name == "one-too-many":
        assert scipys.loadarff(path)[0].tolist() == [(1, 2), (4, 5)]
    elif name == "integers":
        assert [list(row) for row in scipys.loadarff(path)[0].tolist()] == cells(arff.read(path).X)
    else:
        with pytest.raises(ValueError, match=r"value not in|out of range|must be in"):
            scipys.loadarff(path)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)


@settings(max_examples=20)
@given(texts)
def test_quotes(text: str) -> None:
    for word in (text, "?" + text, text + "'", "%" + text, text + "\\"):
        found = words(f"{quoted(word)} ,{quoted(word)}{{")
        assert [w for _, w in found] == [word, ",", word, "{"]
    assert unquoted("'\\u0041\\101\\x\\7'") == "AAx\x07"


# ── written, and read again ──────────────────────────────────────────────────────────────────────────────────────────


def table_of(n: int = 4) -> pa.Table:
    days = pa.array([datetime.date(2024, 1, 1), None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31)])
    moments = [datetime.datetime(2024, 1, 1, 1, 2, 3, 4000), datetime.datetime(1969, 1, 1), None, datetime.datetime(2000, 1, 1)]
    city = pa.DictionaryArray.from_arrays(pa.array([0, None, 2, 0], pa.int32()), ["New York", "unused", "it's\n", "?"])
    return pa.table(
        {
            "x": pa.array([0.1, None, -np.inf, 1e-300]),
            "it's, 100%": city,
            "text": pa.array(["", "?", None, 'a "b" {c}, %\t\\ \x01'], pa.string()),
            "é": days,
            "moment": pa.array(moments, pa.timestamp("ms")),
            "zoned": pa.array([m and m.replace(microsecond=0) for m in moments], pa.timestamp("ms", "UTC")),
        }
    ).slice(0, n)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    for name in ("a.arff", "a.arff.gz"):
        arff.write(table_of(), tmp_path / name)
        found = arff.read(tmp_path / name).X
        assert found.equals(table_of())
        assert found.schema.equals(table_of().schema)


def test_weka_reads_what_is_written(tmp_path: Path) -> None:
    """The committed file that WEKA wrote, read, written and read: the declarations are WEKA's own."""
    whole = arff.read(FILES / "weka-dense.arff", labels=0).X
    arff.write(whole, tmp_path / "b.arff", FILES / "weka-dense.arff")
    head = (tmp_path / "b.arff").read_text().split("@data")[0]
    assert "@relation 'moods of \\'people\\': -C -2'" in head
    assert "@attribute moment date 'dd.MM.yyyy HH:mm:ss.SSS'" in head
    assert "@attribute happy {1,0}" in head
    assert arff.read(tmp_path / "b.arff", labels=0).X.equals(whole)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(allow_nan=False),
            st.none() | texts,
            st.none() | st.datetimes().map(lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000)),
        ),
        min_size=1,
        max_size=5,
    ),
    texts,
)
def test_any_table_reads_back(cells: list[tuple[Any, ...]], name: str) -> None:
    columns = [list(column) for column in zip(*cells, strict=True)]
    table = pa.table(
        {
            "x" + name: pa.array(columns[0], pa.float64()),
            name: pa.array(columns[1], pa.string()),
            "c" + name: pa.array(columns[1], pa.string()).dictionary_encode(),
            "m" + name: pa.array(columns[2], pa.timestamp("ms")),
        }
    )
    with Folder() as folder:
        arff.write(table, folder / "a.arff")
        assert arff.read(folder / "a.arff").X.equals(table)


def test_other_types_are_written_as_what_comes_nearest(tmp_path: Path) -> None:
    table = pa.table(
        {
            "b": [True, None],
            "i": pa.array([1, 2], pa.int32()),
            "f": pa.array([0.1, np.nan], pa.float32()),
            "t": pa.array([datetime.time(1, 2), None]),
            "d": pa.array(["1.10", None]).cast(pa.decimal128(5, 2)),
            "k": pa.array([7, 8]).dictionary_encode(),
        }
    )
    arff.write(table, tmp_path / "a.arff")
    found = arff.read(tmp_path / "a.arff").X
    assert found.to_pydict() == {
        "b": ["1", None],
        "i": [1, 2],
        "f": [float(np.float32(0.1)), None],
        "t": ["01:02:00", None],
        "d": [1.1, None],
        "k": ["7", "8"],
    }
    assert "@attribute b {0,1}" in (tmp_path / "a.arff").read_text()


def test_what_arff_cannot_hold(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"column 'i' holds whole numbers beyond 2 \*\* 53"):
        arff.write(pa.table({"i": [2**53 + 1]}), tmp_path / "a.arff")
    assert arff.read(tmp_path / "a.arff").X["i"].to_pylist() == [str(2**53 + 1)]
    with pytest.warns(UserWarning, match="column 'm' holds parts of milliseconds"):
        arff.write(pa.table({"m": pa.array([1_500], pa.timestamp("us"))}), tmp_path / "a.arff")
    with pytest.raises(DataError, match="column 'l' is of type list"):
        arff.write(pa.table({"l": [[1]]}), tmp_path / "b.arff")
    with pytest.raises(DataError, match="two columns are named 'a'"):
        arff.write(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "b.arff")
    assert not (tmp_path / "b.arff").exists()


def test_declarations_stay_where_they_fit(tmp_path: Path) -> None:
    source = numbers(tmp_path, "1,x,0,y\n", "integer {x,y,z} {1,0} {x,y}", "'r: -C -1'")
    whole = arff.read(source, labels=0).X
    kept = whole.select(["a", "b", "c"])
    arff.write(kept, tmp_path / "b.arff", source)
    assert (
        tmp_path / "b.arff"
    ).read_text() == "@relation r\n\n@attribute a integer\n@attribute b {x,y,z}\n@attribute c {1,0}\n\n@data\n1,x,0\n"
    arff.write(kept.set_column(1, "b", pa.array(["new"]).dictionary_encode()), tmp_path / "b.arff", source)
    assert "@attribute b {new}" in (tmp_path / "b.arff").read_text()
    arff.write(pa.table({"z": [0.5], "c": [0.0], "b": ["y"], "d": ["x"]}), tmp_path / "b.arff", source)
    assert (
        (tmp_path / "b.arff")
        .read_text()
        .startswith(
            "@relation 'r: -C -1'\n\n@attribute z numeric\n@attribute c {1,0}\n@attribute b {x,y,z}\n@attribute d {x,y}"
        )
    )
    assert arff.read(tmp_path / "b.arff", labels=0).X["c"].to_pylist() == ["0"]


# ── real sets ────────────────────────────────────────────────────────────────────────────────────────────────────────


def multilabel(path: Path) -> tuple[Any, np.ndarray, list[str], list[str]]:
    with np.load(path) as z:
        X = (
            z["X"].astype(np.float64)
            if "X" in z
            else sp.csr_matrix(
                (z["X_data"].astype(np.float64), z["X_indices"].astype(np.int32), z["X_indptr"]), shape=z["X_shape"]
            )
        )
        ones = np.ones(len(z["Y_indices"]), np.int8)
        Y = sp.csr_matrix((ones, z["Y_indices"].astype(np.int32), z["Y_indptr"]), shape=z["Y_shape"]).toarray()
        return X, Y, z["feature_names"].tolist(), z["label_names"].tolist()


@pytest.mark.parametrize(("name", "first"), [("flags", False), ("emotions", True), ("enron", False)])
def test_real_sets_come_back(name: str, first: bool, data_folder: Path, tmp_path: Path) -> None:
    """Written by liac-arff, with the labels first or last, and declared {0, 1} or {1, 0}: X and Y are the same, to the bit."""
    liac = pytest.importorskip("arff", reason="needs the extra formats")
    X, Y, columns, named = multilabel(data_folder / "multilabel" / f"{name}.npz")
    X, Y = X[:300], Y[:300]
    columns, named = [f"x_{name}" for name in columns], [f"y_{name}" for name in named]
    values = [["1", "0"] if k % 2 else ["0", "1"] for k in range(len(named))]
    x, y = [(name, "NUMERIC") for name in columns], list(zip(named, values, strict=True))
    attributes, (at_x, at_y) = (y + x, (len(y), 0)) if first else (x + y, (0, len(x)))
    rows = []
    for i in range(X.shape[0]):
        given = {at_y + k: str(v) for k, v in enumerate(Y[i]) if str(v) != values[k][0]}
        if sp.issparse(X):
            rows.append({**{at_x + int(j): v for j, v in zip(X[i].indices, X[i].data, strict=True)}, **given})
        else:
            features, row = [float(v) for v in X[i]], [str(v) for v in Y[i]]
            rows.append(row + features if first else features + row)
    sign = "" if first else "-"
    path = arff_of(tmp_path, liac.dumps({"relation": f"{name}: -C {sign}{len(named)}", "attributes": attributes, "data": rows}))
    found = arff.read(path)
    arff_of(tmp_path, "<labels>" + "".join(f'<label name="{k}"/>' for k in named).replace("&", "&amp;") + "</labels>", "a.xml")
    assert arff.read(path).decided[0].startswith(f"{len(named):,} of {len(attributes):,} attributes are labels, as a.xml says")
    if sp.issparse(X):
        assert (found.columns, found.labels) == (columns, named)
        assert found.X.toarray().tobytes() == X.toarray().tobytes()
        assert found.Y.toarray().tobytes() == Y.tobytes()
    else:
        assert found.X.column_names == columns
        np.testing.assert_array_equal(np.stack([column.to_numpy() for column in found.X.columns], 1), X)
        np.testing.assert_array_equal(np.stack([column.to_numpy() for column in found.Y.columns], 1), Y)


@pytest.mark.parametrize("root", ["labels", "root"])
def test_two_sections_of_labels(root: str, tmp_path: Path) -> None:
    (tmp_path / "a.arff").write_text("@relation r\n@attribute a numeric\n@attribute l {0,1}\n@data\n1,0\n2,1\n")
    sections = "<labels><label name='l'/></labels><labels><label name='a'/></labels>"
    (tmp_path / "a.xml").write_text(f"<{root}>{sections}</{root}>")
    with pytest.raises(DataError, match=rf"its root is <{root}>, with \d section\(s\) <labels>; expected one, as its root"):
        read_dataset(tmp_path / "a.arff")
