"""Tables in text files: each column is read as it was fitted, a layout is found or told, and nothing is guessed twice."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from diabolo import Autoencoder, DataError, load
from diabolo.formats import Documents, Reading, Tables, infer, write_table
from diabolo.formats.cells import guessed, signs_of, typed
from diabolo.formats.files import is_table, read_table, table_pieces
from diabolo.formats.hints import nearly_numbers
from diabolo.formats.output import write_pieces

TEXT = pa.string()


def read(folder: Path, text: str | bytes, types: Any = None, name: str = "a.csv", rest: bool = False, **reading: Any) -> Any:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, None, Reading(**reading), types, rest)


# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cells", "t"),
    [
        (["1", "-2", None], pa.int64()),
        ([" 1", "2 "], pa.int64()),
        (["1", "2.5"], pa.float64()),
        (["0.5", "-0.25", "1e5", ".5"], pa.float64()),
        (["007", "12"], TEXT),
        (["0.5", "007"], TEXT),
        (["0x10", "0x11"], TEXT),
        (["99999999999999999999", "1"], TEXT),
        (["99999999999999999999", "1.5"], pa.float64()),
        (["true", "False"], pa.bool_()),
        (["2024-02-29", "2024-03-01"], pa.date32()),
        (["2024-02-29 10:00", "2024-03-01"], pa.timestamp("s")),
        (["2024-02-29T10:00:00.25", "2024-03-01"], pa.timestamp("us")),
        (["2024-02-29T10:00:00Z", "2024-02-29T10:00:00+02:00"], pa.timestamp("s", "UTC")),
        (["9:30", "10:15:30"], pa.time32("s")),
        (["9:30:00.5", "10:15"], pa.time64("us")),
        (["A7", "1"], TEXT),
        ([None, None], pa.null()),
    ],
)
def test_what_texts_stand_for(cells: list[str | None], t: pa.DataType) -> None:
    found = guessed(pa.array(cells, TEXT))
    assert found.type == t
    assert found.is_null().to_pylist() == [cell is None for cell in cells]


@pytest.mark.parametrize(
    ("cells", "t", "values"),
    [
        (["007", "True", "1e5", "NA7"], pa.large_string(), ["007", "True", "1e5", "NA7"]),
        (["3.0", "4"], pa.int8(), [3, 4]),
        (["9007199254740993", "1.0"], pa.int64(), [9007199254740993, 1]),
        (["3.5", "4"], pa.int8(), [3.5, 4.0]),
        (["300"], pa.uint8(), [300]),
        (["1e2", " 7 "], pa.float32(), [100.0, 7.0]),
        (["true", "True", "1", "1.0", "0", "FALSE"], pa.bool_(), [True, True, True, True, False, False]),
        (["7"], pa.bool_(), [7.0]),
        (["True"], pa.int64(), [True]),
        (["27.6"], pa.decimal128(9, 2), [Decimal("27.60")]),
        (["27.625"], pa.decimal128(9, 2), [27.625]),
        (["0 days", "-2 days", "1 day"], pa.duration("s"), [dt.timedelta(0), dt.timedelta(-2), dt.timedelta(1)]),
        (["1 days 02:00:00", "-1 days +23:00:00"], pa.duration("s"), [dt.timedelta(hours=26), dt.timedelta(hours=-1)]),
        (["90"], pa.duration("s"), [dt.timedelta(seconds=90)]),
        (["7:05"], pa.time64("ns"), [dt.time(7, 5)]),
        ([None, None], pa.date32(), [None, None]),
    ],
)
def test_cells_are_read_as_the_fitted_type(cells: list[str | None], t: pa.DataType, values: list[Any]) -> None:
    assert typed(pa.array(cells, TEXT), t, "a").to_pylist() == values


@pytest.mark.parametrize(
    "written",
    ["{}", "{} 00:00", "{} 00:00:00", "{}T00:00:00", "{}T00:00:00Z", "{} 00:00:00.000000", "{}T02:00:00+02:00", "{}T00:00Z"],
)
@pytest.mark.parametrize("t", [pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("ms", "UTC")])
def test_the_same_day_in_all_its_forms(written: str, t: pa.DataType) -> None:
    days = ["1969-07-20", "2024-02-29"]
    cells = pa.array([*(written.format(day) for day in days), None])
    read = typed(cells, t, "when")
    assert [None if v is None else str(v)[:10] for v in read.to_pylist()] == [*days, None]
    assert read.type == t or t == pa.timestamp("ms", "UTC")


def test_what_is_finer_than_the_fitted_unit_is_not_cut() -> None:
    assert typed(pa.array(["2024-02-29 12:00:00"]), pa.date32(), "when").to_pylist() == [dt.datetime(2024, 2, 29, 12)]
    half = typed(pa.array(["2024-02-29 12:00:00.5"]), pa.timestamp("s"), "when")
    assert half.to_pylist() == [dt.datetime(2024, 2, 29, 12, 0, 0, 500_000)]


@pytest.mark.parametrize(
    ("cells", "t", "said"),
    [
        (
            ["1", "old", "2"],
            pa.int64(),
            r"column 'age' holds texts, 'old' \(row 1\), where the model was fitted with whole",
        ),
        (["2024-01-01", "3"], pa.date32(), r"holds whole numbers, '3' \(row 1\), where the model was fitted with dates"),
        (["2024-01-01", "soon"], pa.timestamp("s"), r"'soon' \(row 1\)"),
        (["x"] * 9, pa.float64(), r"'x' \(row 0\), 'x' \(row 1\), 'x' \(row 2\) and more, where"),
        (["maybe"], pa.bool_(), "fitted with yes/no values"),
        (["12:00", "noon"], pa.time32("s"), "fitted with times of day"),
        (["2 days 00:00:00", "long"], pa.duration("s"), "fitted with durations"),
    ],
)
def test_what_cannot_be_read_is_named(cells: list[str], t: pa.DataType, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as error:
        read(tmp_path, "age,b\n" + "".join(f"{cell},1\n" for cell in cells), {"age": t})
    assert "a.csv" in str(error.value)
    assert "string" not in str(error.value)


def test_a_type_does_not_depend_on_where_a_cell_stands(tmp_path: Path) -> None:
    lines = "".join(f"{i},{i}\n" for i in range(1000, 60_000))
    table = read(tmp_path, f"a,b\n{lines}60000A,0.5\n")
    assert nearly_numbers(table["a"].combine_chunks()).cells == "'60000A' (row 59,000)"
    assert [str(t) for t in table.schema.types] == ["string", "double"]
    with pytest.raises(DataError, match=r"'60000A' \(row 59,000\)"):
        list(table_pieces(tmp_path / "a.csv", 1000, None, {"a": pa.int64()}))


def test_columns_that_were_not_fitted_stay_as_they_stand(tmp_path: Path) -> None:
    text = "a,b,c\n007,1.50,NA\n"
    assert read(tmp_path, text, {"a": TEXT}).to_pydict() == {"a": ["007"], "b": ["1.50"], "c": [None]}
    assert read(tmp_path, text, {"a": TEXT}, rest=True).to_pydict() == {"a": ["007"], "b": [1.5], "c": [None]}
    assert read(tmp_path, text, {}).to_pydict() == {"a": ["007"], "b": ["1.50"], "c": ["NA"]}


def test_a_model_of_a_frame_and_of_its_file_give_the_same_codes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=60, freq="D"),
            "zip": rng.choice(["00501", "10001", "1e5"], 60),
            "size": rng.normal(size=60).round(3),
            "age": rng.integers(0, 90, 60).astype("int8"),
            "paid": rng.choice([True, False], 60),
        }
    )
    ae = Autoencoder(n_components=2, epochs=2, random_state=0, verbose=False).fit(frame)
    codes = ae.transform(frame)
    for name, form in (("a.csv", "%Y-%m-%d"), ("b.csv", "%Y-%m-%dT%H:%M:%SZ"), ("c.csv", "%Y-%m-%d %H:%M:%S.%f")):
        frame.assign(day=frame["day"].dt.strftime(form)).to_csv(tmp_path / name, index=False)
        assert np.array_equal(ae.transform(tmp_path / name), codes), name
    few = frame.head(5).assign(zip="00501", paid=True)
    few.to_csv(tmp_path / "few.csv", index=False)
    assert np.array_equal(ae.transform(tmp_path / "few.csv"), ae.transform(few))


# ── how a file is written ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cells", "options", "values"),
    [
        (["1,5", "-2,25"], {"decimal": ","}, [1.5, -2.25]),
        (["1.234,50", "2,5"], {"decimal": ",", "thousands": "."}, [1234.5, 2.5]),
        (["$1,234.50", "-$3.00"], {"thousands": ","}, [1234.5, -3.0]),
        (["1 234", "1\u00a0234\u00a0567", "5"], {"thousands": " "}, [1234, 1234567, 5]),
        (["1'234.5", "2'000.5"], {"thousands": "'"}, [1234.5, 2000.5]),
        (["12 %", "7%"], {"thousands": ","}, [12, 7]),
        (["0,126", "-0,132", "1,640"], {"decimal": ","}, [0.126, -0.132, 1.64]),
        (["1", "#DIV/0!", "3"], {"na": ("#DIV/0!",)}, [1, None, 3]),
        (["1", "?", "3"], {"na": ("?",)}, [1, None, 3]),
        (["1", "n.d.", "-", "3"], {"na": ("n.d.", "-")}, [1, None, None, 3]),
    ],
)
def test_texts_that_are_nearly_numbers(cells: list[str], options: dict[str, Any], values: list[Any], tmp_path: Path) -> None:
    text = "v\tw\n" + "".join(f"{cell}\tx\n" for cell in cells)
    assert read(tmp_path, text, name="a.tsv")["v"].to_pylist() == cells
    with pytest.warns(UserWarning, match="texts that look like numbers are read as categories") as told:
        Tables().fit(tmp_path / "a.tsv")
    assert len(told) == 1
    with pytest.warns(UserWarning, match="numbers") as again:  # a DataFrame is told the same
        Tables().fit(pd.DataFrame({"v": cells, "w": "x"}))
    assert str(again[0].message) == str(told[0].message)
    frame = pd.read_csv(tmp_path / "a.tsv", sep="\t", dtype=str, keep_default_na=False)
    way = str(told[0].message).split("of a DataFrame with ")[1].split("; or, if")[0]
    found = [None if v != v else v for v in eval(way, {"pd": pd, "df": frame})]
    assert found == [None if v is None else pytest.approx(v) for v in values]
    for name, value in options.items():
        for sign in value if isinstance(value, tuple) else (value,):
            assert f'--{name} "{sign}"' in str(told[0].message)
    assert f"column 'v': {next(c for c in cells if c not in ('1', '3'))!r} (row " in str(told[0].message)
    assert read(tmp_path, text, name="a.tsv", **options)["v"].to_pylist() == values


def test_a_comma_that_may_be_either_is_told_as_such() -> None:
    for cells, either in ((["1,234", "2,500"], True), (["1,234.5", "2,500"], False), (["1,234,567", "2,500"], False)):
        with pytest.warns(UserWarning, match="commas between thousands") as told:
            Tables().fit(pd.DataFrame({"v": cells, "w": "x"}))
        assert ('or decimal commas: --decimal ","' in str(told[0].message)) == either


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"PK\x03\x04\x14\0", "is a zip, such as a spreadsheet of Excel"),
        (b"\xd0\xcf\x11\xe0\xa1", "is a spreadsheet of Excel"),
        (b"\x1f\x8b\x08\0", "is packed by gzip: give it the ending .csv.gz"),
        (b"PAR1\x15\x04", "is a Parquet file"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"\n<!DOCTYPE html>\n", "is a web page"),
        (b'{"a": 1, "b": 2}\n', "is JSON.*jsonl"),
        (b'[{"a": 1}, {"a": 2}]', "is JSON.*lines=True"),
    ],
    ids=range(8),
)
def test_what_is_called_csv_and_is_none(start: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(start + b"x" * 50)
    with pytest.raises(DataError, match=rf"a.csv' {told}"):
        Tables().fit(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "cells",
    [
        ["red", "blue"],
        ["A13", "7"],
        ["007", "?"],
        ["2024-01-01"],
        ["3-4", "5-6"],
        ["127.0.0.1"],
        ["5 kg"],
        ["1", "2", "more"],
        [None],
        [],
    ],
)
def test_texts_that_are_none(cells: list[str | None]) -> None:
    assert nearly_numbers(pa.array(cells, TEXT)) is None


def test_new_files_are_read_as_the_fitted_one_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)).round(3), columns=list("abc"))
    frame.to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",")
    reading = Reading(decimal=",", na=("?",))
    ae = Autoencoder(n_components=2, format=Tables(reading=reading), epochs=2, random_state=0, verbose=False)
    ae.fit(tmp_path / "a.csv").save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    assert again.format_.reading == reading
    (tmp_path / "b.csv").write_text((tmp_path / "a.csv").read_text().replace("\n0,", "\n?;0,", 0))
    assert np.array_equal(again.transform(tmp_path / "b.csv"), ae.transform(tmp_path / "a.csv"))
    frame.to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(DataError, match=r"read them with --decimal \"\.\""):
        again.transform(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sep": ";;"}, "--sep ';;': give one sign"),
        ({"decimal": ",", "thousands": ","}, "must differ"),
        ({"encoding": "latn1"}, "did you mean latin"),
        ({"dates": {"d": "%d.%m."}}, "--date d=%d.%m.: this is no format of dates with a year"),
        ({"dates": {"d": "dd.mm.yyyy"}}, "no format of dates"),
    ],
)
def test_ways_of_reading_that_are_none(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Reading(**options)


# ── layout ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    options = {"encoding": "latin-1"} if encoding == "latin-1" else {}
    found = read(tmp_path, "naïve,b\ncafé,1\n".encode(encoding), **options)
    assert found.to_pydict() == {"naïve": ["café"], "b": [1]}


def test_an_encoding_that_is_not_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"byte 0xe9 in line 3, 'café,2' in latin-1: say how .* --encoding \"latin-1\""):
        read(tmp_path, "a,b\nx,1\ncafé,2\n".encode("latin-1"))
    with pytest.raises(DataError, match="byte 0xef in line 1"):
        read(tmp_path, "naïve,b\nx,1\n".encode("latin-1"))
    late = "a,b\n" + "x,1\n" * 80_000 + "é,2\n"
    with pytest.raises(DataError, match="byte 0xe9 in line 80002"):
        read(tmp_path, late.encode("latin-1"))
    with pytest.raises(DataError, match=r"zero bytes.*--encoding"):
        read(tmp_path, "a,b\nx,1\n".encode("utf-16-le"))
    assert read(tmp_path, "a,b\né,1\n".encode("utf-16-le"), encoding="utf-16-le").to_pydict() == {"a": ["é"], "b": [1]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# exported 2024, by x\na,b,c\n1,2,3\n4,5,6\n", "begins with '# exported 2024, by x'"),
        ("# one, two\na,b\n1,2\n3,4\n", "line 2 names the columns"),
        ("# one\n# two\na,b\n1,2\n3,4\n", "line 3 names the columns"),
        ("Report of May\na,b,c\n1,2,3\n4,5,6\n", "begins with 'Report of May'"),
        ("Report,,\na,b,c\n1,2,3\n4,5,6\n", "left out"),
    ],
)
def test_lines_above_the_names_are_told(text: str, said: str, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=said):
        table = read(tmp_path, text)
    assert table.column_names[:2] == ["a", "b"]
    assert table["b"].to_pylist()[0] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\nx,1,2\ny,3,4\n", "line 1 names 2 columns, but the rows below have 3 cells"),
        ("a,b,c,d\nx,1,2\ny,3,4\n", "line 1 names 4 columns, but the rows below have 3 cells"),
        ("v\n1,5\n2,5\n", "--decimal ,"),
        ("a,a\n1,2\n", "'a' is repeated"),
        ("a,b\n1,2\n1,2,3\n", "line 3 has 3 cells, but there are 2 columns"),
        ("a,b\n", "a header, but no rows"),
        ("\n \n", "is empty"),
    ],
)
def test_layouts_that_do_not_fit(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, text)


def test_layouts_that_are_found(tmp_path: Path) -> None:
    assert read(tmp_path, "\n\na,b\r\n1,2\r\n").to_pydict() == {"a": [1], "b": [2]}
    assert read(tmp_path, "#chrom\tpos\n1\t2\n", name="a.tsv").column_names == ["#chrom", "pos"]
    assert read(tmp_path, 'a;b\n"x;\ny";1\nz;2\n').to_pydict() == {"a": ["x;\ny", "z"], "b": [1, 2]}
    assert read(tmp_path, "a b\n1 2\n", sep=" ").to_pydict() == {"a": [1], "b": [2]}
    assert read(tmp_path, "v\n1,5\n2,5\n", decimal=",").to_pydict() == {"v": [1.5, 2.5]}
    assert read(tmp_path, 'a,b\n"1,5",2\n', decimal=",").to_pydict() == {"a": [1.5], "b": [2]}
    assert read(tmp_path, ",a\n0,1.5\n1,2.5\n").column_names == ["", "a"]


def test_a_first_line_that_looks_like_a_row(tmp_path: Path) -> None:
    text = "5.1,3.5,setosa\n4.9,3.0,setosa\n"
    with pytest.warns(UserWarning, match="--no-header"):
        assert read(tmp_path, text).num_rows == 1
    assert read(tmp_path, text, header=False).to_pydict() == {"x0": [5.1, 4.9], "x1": [3.5, 3.0], "x2": ["setosa"] * 2}
    assert read(tmp_path, "0,1,2\n5.1,3.5,7.5\n").num_rows == 1
    assert read(tmp_path, "name,2023,2024\nx,3.5,7.5\n").num_rows == 1


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = pa.table(
        {
            "code": ["007", "1e5"],
            "text": ['say "no", or', "two\nlines"],
            "x": [0.1 + 0.2, 1e-300],
            "n": [2**62 + 1, -1],
            "day": [dt.date(2024, 2, 29), None],
            "when": pa.array([dt.datetime(2024, 2, 29, 12, 0, 0, 1), None], pa.timestamp("us")),
            "at": pa.array([dt.time(1, 2, 3), None], pa.time32("s")),
            "long": pa.array([dt.timedelta(days=2), None], pa.duration("s")),
            "price": pa.array([Decimal("27.60"), None], pa.decimal128(9, 2)),
        }
    )
    for name in ("a.csv", "a.tsv.gz"):
        write_table(table, tmp_path / name)
        assert read_table(tmp_path / name, types=dict(zip(table.column_names, table.schema.types, strict=True))).equals(table)


# ── JSON lines ───────────────────────────────────────────────────────────────────────────────────────────────────────


def lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_json_lines_of_records_are_tables(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "a.jsonl", [{"age": i % 50 + 0.5, "city": ["Oslo", "Rome"][i % 2], "zip": "007"} for i in range(60)]
    )
    assert is_table(path)
    assert infer(path).kind == "tables"
    ae = Autoencoder(n_components=2, epochs=2, random_state=0, verbose=False).fit(path)
    assert ae.format_.columns == ["age", "city", "zip"]
    frame = read_table(path).to_pandas()
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert np.array_equal(ae.transform(path), ae.transform(tmp_path / "a.csv"))
    assert read_table(path, types={"zip": TEXT})["zip"].to_pylist()[0] == "007"


@pytest.mark.parametrize(
    "records",
    [
        ["a text", "another"],
        [{"id": 1, "text": "short"}],
        [{"id": 1, "note": "what was said on the phone"}],
    ],
)
def test_json_lines_of_texts_are_documents(records: list[Any], tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", records)
    assert not is_table(path)
    assert Documents.accepts(path)


def test_json_lines_that_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"field 'b' holds objects or lists"):
        read_table(lines(tmp_path / "a.jsonl", [{"a": 1, "b": [1]}]))
    with pytest.raises(DataError, match=r"field 'a' holds numbers, and string in row 1"):
        read_table(lines(tmp_path / "a.jsonl", [{"a": 1}, {"a": "x"}]))


def test_folders_without_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is empty: give one of pictures, of texts .* or of the parts of a table"):
        infer(tmp_path)
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(DataError, match=r"holds neither pictures nor \.txt files"):
        infer(tmp_path)
    (tmp_path / "news" / "sport").mkdir(parents=True)
    (tmp_path / "news" / "sport" / "a.txt").write_text("x")
    with pytest.raises(DataError, match=r"holds no \.txt files itself, but 'news/sport' in it does.*into one folder"):
        infer(tmp_path)


def test_a_good_file_is_read_without_a_word(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path, "a,b,c\nx,1,2024-01-01\ny,2.5,2024-01-02\n").num_rows == 2


def test_dates_of_another_form_are_told(tmp_path: Path) -> None:
    read(tmp_path, "d,v\n31/12/2024,1\n01/01/2025,2\n")
    with pytest.warns(UserWarning, match=r"look like dates .*column 'd': '31/12/2024' \(row 0\).*--date \"d=%d/%m/%Y\""):
        Tables().fit(tmp_path / "a.csv")


def test_decimal_points_beside_a_decimal_comma(tmp_path: Path) -> None:
    read(tmp_path, "v\tw\n" + "".join(f"{v}\tx\n" for v in ("0.5", "0.25", "1,5", "7.5")), name="a.tsv")
    with pytest.warns(UserWarning, match=r"'1,5' \(row 2\) .*: write them as numbers"):
        Tables().fit(tmp_path / "a.tsv")


def test_the_first_line_of_excel(tmp_path: Path) -> None:
    assert read(tmp_path, "sep=|\na|b\n1|2\n").to_pydict() == {"a": [1], "b": [2]}


def test_a_missing_number_in_all_its_forms(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n-999.0,-999\n5.5,1\n", na=("-999",)).to_pydict() == {"a": [None, 5.5], "b": [None, 1]}


def test_json_lines_in_other_encodings(tmp_path: Path) -> None:
    line = '{"a": "é", "b": 1}\n'
    for encoding in ("utf-8", "utf-16", "utf-8-sig"):
        assert read(tmp_path, line.encode(encoding), name="a.jsonl").to_pydict() == {"a": ["é"], "b": [1]}
    with pytest.raises(DataError, match="byte 0xe9 in line 1"):
        read(tmp_path, line.encode("latin-1"), name="a.jsonl")
    assert read(tmp_path, line.encode("latin-1"), name="a.jsonl", encoding="latin-1")["a"].to_pylist() == ["é"]


def test_a_field_that_is_absent_is_no_column_of_gaps(tmp_path: Path) -> None:
    assert read(tmp_path, '{"b": 1}\n', {"a": TEXT, "b": pa.int64()}, name="a.jsonl").column_names == ["b"]
    found = read(tmp_path, '{"a": "2024-05-01"}\n', {"a": TEXT}, name="a.jsonl")
    assert found.to_pydict() == {"a": ["2024-05-01"]}


def test_dates_in_json_lines_are_dates(tmp_path: Path) -> None:
    """However they are written: JSON has none but such texts, and the same rows as Parquet are the same."""
    X = pd.DataFrame({"a": np.arange(60) % 7 * 0.5, "day": pd.date_range("2024", periods=60), "zip": "00501"})
    X.to_json(tmp_path / "a.jsonl", orient="records", lines=True, date_format="iso")
    X.to_parquet(tmp_path / "a.parquet")
    for one, other in (("a.jsonl", "a.parquet"), ("a.parquet", "a.jsonl")):
        format = Tables().fit(tmp_path / one)
        assert [type(column).__name__ for column in format.fields] == ["Number", "Number", "Category"]
        assert (format.to_tensor(tmp_path / one) == format.to_tensor(tmp_path / other)).all()
    assert read_table(tmp_path / "a.jsonl", types={"day": pa.string()})["day"][0].as_py().startswith("2024-01-01T")


def test_levels_are_those_of_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a Parquet file some groups of rows are looked at; a level that comes in another is no new one."""
    n = 1000
    late = np.where(np.arange(n) % 200 == 151, "late", np.array(["a", "b"])[np.arange(n) % 2])
    X = pd.DataFrame({"c": late, "code": np.where(late == "late", 7, 3), "v": np.arange(n) % 9 * 0.5})
    X["order"] = pd.Categorical(np.where(late == "late", "z", "y"), categories=["z", "y"], ordered=True)
    X.loc[::5, "c"] = "?"
    X.to_parquet(tmp_path / "a.parquet", row_group_size=100)
    whole = Tables(Reading(na=("?",)), categories=["code"]).fit(tmp_path / "a.parquet")
    monkeypatch.setattr("diabolo.formats.tables.SAMPLE", 500)
    monkeypatch.setattr("diabolo.formats.tables.CHUNK", 64)
    some = Tables(Reading(na=("?",)), categories=["code"]).fit(tmp_path / "a.parquet")
    for a, b in zip(some.fields, whole.fields, strict=True):
        if hasattr(a, "levels"):
            assert (a.levels, a.shares, a.gaps) == (b.levels, b.shares, b.gaps)
            assert sorted(a.listed or []) == sorted(b.listed or [])
    assert torch.isfinite(some.to_tensor(tmp_path / "a.parquet")[X["c"].to_numpy() == "late"]).all()
    levels = {name: field.levels for name, field in zip(some.columns, some.fields, strict=True) if hasattr(field, "levels")}
    assert levels == {"c": ["a", "b", "late"], "code": [3, 7], "order": ["y", "z"]}


@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_a_file_without_rows_is_refused(name: str, tmp_path: Path) -> None:
    X = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "x"]})
    ae = Autoencoder(1, epochs=1, verbose=False).fit(X)
    write_table(pa.Table.from_pandas(X).slice(0, 0), tmp_path / name)
    with pytest.raises(DataError, match=f"{name}' has columns, but no rows"):
        ae.transform(str(tmp_path / name))


def test_a_table_that_is_called_a_text_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{i / 4},{['red', 'blue'][i % 2]},{i}\n" for i in range(40))
    (tmp_path / "a.txt").write_text("size,color,n\n" + rows)
    with pytest.warns(UserWarning, match=r"a.txt': each line has as many cells, separated by ',', .* name that ends in .csv"):
        Documents().read(str(tmp_path / "a.txt"))
    (tmp_path / "b.txt").write_text("one, two\nred, blue\nsea, sky\n")
    Documents().read(str(tmp_path / "b.txt"))


def test_numbers_with_a_unit_are_told(tmp_path: Path) -> None:
    X = pd.DataFrame({"w": [f"{i / 4} kg" for i in range(60)], "ram": ["8 GB", "16 GB", "4 GB"] * 20, "a": np.arange(60) % 7})
    X.to_csv(tmp_path / "a.csv", index=False)
    with pytest.warns(UserWarning, match=r"column 'w': '0.0 kg' \(row 0\).*each with the unit 'kg'") as told:
        Tables().fit(tmp_path / "a.csv")
    assert "'ram'" not in str(told[0].message)
    with pytest.warns(UserWarning, match=r"column 'w': .*pd.to_numeric\(df\['w'\].str.removesuffix\('kg'\)\)") as told:
        Tables().fit(X)
    assert len(told) == 1


def test_points_between_thousands_beside_decimal_commas_are_told(tmp_path: Path) -> None:
    """Neither 12.345 as about twelve, nor as a word, without one."""
    rows = "".join(f"{i % 40}.{i * 37 % 1000:03d};{i % 7},5;{i % 9:03d}\n" for i in range(60))
    (tmp_path / "a.csv").write_text("sold;price;code\n" + rows)
    with pytest.warns(UserWarning, match=r"column 'price': '0,5' .*--decimal \",\""):
        Tables().fit(tmp_path / "a.csv")
    with pytest.warns(
        UserWarning, match=r"column 'sold': .*points between thousands.*--decimal \",\" --thousands \".\""
    ) as told:
        Tables(Reading(decimal=",")).fit(tmp_path / "a.csv")
    assert "'code'" not in str(told[0].message)
    found = read_table(tmp_path / "a.csv", reading=Reading(decimal=",", thousands="."))
    assert (found["sold"][1].as_py(), found["price"][1].as_py(), found["code"][1].as_py()) == (1037, 1.5, "001")


@pytest.mark.parametrize(
    "form", ["%d.%m.%Y", "%m/%d/%Y", "%d-%b-%y", "%d%b%Y", "%b %d, %Y", "%Y-%m", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M:%S %p"]
)
def test_dates_as_texts_are_told(form: str, tmp_path: Path) -> None:
    days = pd.date_range("2024-03-01", periods=20, freq="26h").strftime(form)
    X = pd.DataFrame({"a": np.arange(60) % 7 * 0.5, "v": np.tile(days, 3)})
    said = rf"texts that look like dates are read as categories: column 'v': .*pd.to_datetime\(df\['v'\], format='{form}'\)"
    with pytest.warns(UserWarning, match=said):
        Tables().fit(X)
    X.to_csv(tmp_path / "a.csv", index=False)
    with pytest.warns(UserWarning, match=rf'--date "v={form}" .*{said[-30:]}'):
        Tables().fit(tmp_path / "a.csv")
    for name in ("a.csv", "a.parquet", "a.feather", "a.jsonl"):
        if name != "a.csv":
            X.to_json(tmp_path / name, orient="records", lines=True) if "json" in name else write_table(
                pa.Table.from_pandas(X, preserve_index=False), tmp_path / name
            )
        found = read_table(tmp_path / name, reading=Reading(dates={"v": form}))["v"].to_pylist()
        assert found == [dt.datetime.strptime(v, form) if ":" in v else dt.datetime.strptime(v, form).date() for v in X["v"]]
        (piece,) = table_pieces(tmp_path / name, 100, Reading(dates={"v": form}), {"a": pa.float64(), "v": pa.date32()})
        assert piece["v"].to_pylist() == found
        assert read_table(tmp_path / name, None, Reading(dates={"v": form}), {})["v"].to_pylist() == X["v"].tolist()


def test_dates_are_read_with_the_fitted_format(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    X = pd.DataFrame({"day": days, "v": np.arange(60) % 7 * 0.5})
    X.assign(day=days.strftime("%d.%m.%Y")).to_csv(tmp_path / "a.csv", index=False)
    ae = Autoencoder(2, format=Tables(Reading(dates={"day": "%d.%m.%Y"})), epochs=1, random_state=0, verbose=False)
    ae.fit(tmp_path / "a.csv").save(tmp_path / "a.diabolo")
    again = load(tmp_path / "a.diabolo")
    assert again.format_.reading == Reading(dates={"day": "%d.%m.%Y"})
    codes = again.transform(tmp_path / "a.csv")
    X.assign(day=days.date).to_parquet(tmp_path / "a.parquet")
    assert np.array_equal(again.transform(tmp_path / "a.parquet"), codes)
    X.assign(day=days.strftime("%m/%d/%Y")).to_csv(tmp_path / "b.csv", index=False)
    said = r"holds '01/01/2024' \(row 0\), where dates are written as '%d.%m.%Y': .*--date \"day=%m/%d/%Y\""
    with pytest.raises(DataError, match=said):
        again.transform(tmp_path / "b.csv")
    plain = Autoencoder(2, epochs=1, random_state=0, verbose=False).fit(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"fitted with dates: .*--date \"day=%m/%d/%Y\""):
        plain.transform(tmp_path / "b.csv")


@pytest.mark.parametrize("cell", ["31.02.2024", "1.13.2024", "soon", "2024-01-01", "01.01.2024 x"])
def test_what_is_no_date_in_the_format_is_named(cell: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"column 'd' holds '{cell}' \(row 1\), where dates are written as '%d.%m.%Y'"):
        read(tmp_path, f"d,v\n01.01.2024,1\n{cell},2\n", dates={"d": "%d.%m.%Y"})
    found = read(tmp_path, "d,v\n01.01.2024,1\n,2\n 2.1.2024,3\n", dates={"d": "%d.%m.%Y"})
    assert found["d"].to_pylist() == [dt.date(2024, 1, 1), None, dt.date(2024, 1, 2)]


def test_dates_of_which_the_cells_do_not_tell_the_day(tmp_path: Path) -> None:
    X = pd.DataFrame({"d": ["01/02/2024", "03/04/2024"] * 5, "v": np.arange(10.0)})
    with pytest.warns(UserWarning, match=r"d=%d/%m/%Y.*or is it %m/%d/%Y\? The cells do not say"):
        Tables().fit(X)
    with pytest.raises(DataError, match=r"dates=\['d'\] is for files: for a DataFrame write df\['d'\] = pd.to_datetime"):
        Tables(Reading(dates={"d": "%d/%m/%Y"})).fit(X)
    with pytest.raises(DataError, match=r"dates=\['e'\]: there is no such column"):
        Tables(Reading(dates={"e": "%d/%m/%Y"})).fit(X)


def test_names_with_the_beginnings_of_months_are_none() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Tables().fit(
            pd.DataFrame({"v": ["mare 12", "12 marbles", "may", "Jan Steen", "5 sepia"] * 9, "w": [3.5, 2.0, 8.5] * 15})
        )


# ── marks, endings, levels ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_quotation_mark_too_many_swallows_no_rows_in_silence(tmp_path: Path) -> None:
    rows = [f"{i},{i / 4},x{i % 3}\n" for i in range(50)]
    rows[7] = '7,1.75,"x1\n'
    with pytest.raises(DataError, match=r"column 'c', row 7: .*43 line breaks up to the end of the file: correct this line"):
        read(tmp_path, "a,b,c\n" + "".join(rows))
    rows[30] = '30,7.5,x0"\n'
    with pytest.warns(UserWarning, match=r"row 7: a quotation mark begins the cell 'x1\\n8,2.0,x2.*the lines look like rows"):
        assert read(tmp_path, "a,b,c\n" + "".join(rows)).num_rows == 27


def test_line_breaks_that_are_meant(tmp_path: Path) -> None:
    text = '"Dear all,\nmany thanks\nto you, and\nyou, and you, too"'
    assert read(tmp_path, "a,b,c\n" + f"1,2,{text}\n" * 9).num_rows == 9
    assert read(tmp_path, "a,b,c\n" + f"1,2,{text}\n" * 9, name="b.csv", encoding="latin-1").num_rows == 9


def test_names_in_capital_letters_are_files_of_the_same_kind(tmp_path: Path) -> None:
    X = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})
    X.to_csv(tmp_path / "A.CSV", index=False)
    X.to_csv(tmp_path / "A.CSV.GZ", index=False, compression="gzip")
    X.to_csv(tmp_path / "A.Tsv", index=False, sep="\t")
    X.to_parquet(tmp_path / "A.PARQUET")
    X.to_feather(tmp_path / "A.Feather")
    for name in ("A.CSV", "A.CSV.GZ", "A.Tsv", "A.PARQUET", "A.Feather"):
        assert infer(tmp_path / name).kind == "tables"
        assert read_table(tmp_path / name).to_pydict() == X.to_dict("list")
        write_table(pa.table(X), tmp_path / name)
        assert read_table(tmp_path / name).to_pydict() == X.to_dict("list")


def test_a_stream_of_arrow_is_read(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2]})
    with pa.ipc.new_stream(tmp_path / "a.arrow", table.schema) as stream:
        stream.write_table(table)
    assert read_table(tmp_path / "a.arrow").equals(table)
    with pytest.raises(DataError, match="Not a Feather V1 or Arrow IPC file"):
        read(tmp_path, "a,b\n" * 20, name="b.arrow")


def test_a_level_that_is_spelled_like_a_gap_is_a_level(tmp_path: Path) -> None:
    """NA is Namibia, where a frame was fitted with it, and a gap in the other columns."""
    X = pd.DataFrame({"land": ["NA", "DE", "", "None"] * 10, "size": ["s", None] * 20, "a": [1.0, np.nan] * 20})
    format = Tables(categories=["land"]).fit(X)
    X.to_csv(tmp_path / "a.csv", index=False, na_rep="NA")
    assert np.array_equal(format.to_tensor(tmp_path / "a.csv"), format.to_tensor(X), equal_nan=True)
    assert [len(piece) for piece in format.chunks(tmp_path / "a.csv")] == [40]
    gaps = Tables(categories=["land"]).fit(
        X.assign(land=X["land"].where(X["land"] != "DE"))
    )  # an empty cell may be either: a gap
    assert gaps.to_tensor(tmp_path / "a.csv")[2, 0].isnan()
    assert Tables(Reading(na=("NA",)), categories=["land"]).fit(X).fields[0].levels == ["", "DE", "None"]


def test_yes_and_no_beside_decimal_commas(tmp_path: Path) -> None:
    """A column that was read as booleans is read so again."""
    (tmp_path / "a.csv").write_text("yes;v\n" + "true;1,5\nFalse;2,5\n" * 10)
    format = Tables(Reading(decimal=",")).fit(tmp_path / "a.csv")
    assert [str(t) for t in format.types.values()] == ["bool", "double"]
    assert format.to_tensor(tmp_path / "a.csv")[:2, 0].tolist() == [1, 0]
    with pytest.raises(DataError, match="column 'v' holds texts, 'true'"):
        typed(pa.array(["true", "x"]), pa.float64(), "v", ",")


def test_spaces_alone_are_no_time_of_day() -> None:
    assert typed(pa.array(["9:30", " "]), pa.time32("s"), "v").to_pylist() == [dt.time(9, 30), None]
    assert typed(pa.array([" "]), pa.time32("s"), "v").to_pylist() == [None]


def test_a_format_of_dates_may_have_a_zone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("when,v\n" + "2024-05-01 12:00+0200,1.5\n2024-05-02 12:00+0000,2.5\n" * 10)
    format = Tables(Reading(dates={"when": "%Y-%m-%d %H:%M%z"})).fit(tmp_path / "a.csv")
    assert str(format.types["when"]) == "timestamp[s, tz=UTC]"
    assert format.from_array(format.to_tensor(tmp_path / "a.csv"))["when"][0].as_py().hour == 10


def test_a_number_too_large_among_numbers_is_told(tmp_path: Path) -> None:
    """It makes the column one of texts, as codes are; of a column of such codes nothing is said."""
    cells = [str(i) for i in range(99)]
    pd.DataFrame({"n": [*cells, "9" * 20], "a": np.arange(100) / 7}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.warns(UserWarning, match=rf"'n': '{'9' * 20}' \(row 99\) \(more than 18 digits\).*--na \"{'9' * 20}\""):
        Tables().fit(tmp_path / "a.csv")
    assert Tables(reading=Reading(na=("9" * 20,))).fit(tmp_path / "a.csv").fields[0].type == "int64"
    assert nearly_numbers(pa.array([f"{10**20 + i}" for i in range(99)])) is None


def test_zones_that_meet_cells_without_one_are_told(tmp_path: Path) -> None:
    """In a column, and in a later file; UTC is what those without one count as."""
    days = pd.Series(pd.date_range("2024-01-01", periods=60, freq="h"))
    bare, paris, utc = (v.astype(str) for v in (days, days.dt.tz_localize("Europe/Paris"), days.dt.tz_localize("UTC")))
    cells = {"bare": bare, "paris": paris, "utc": utc, "both": paris.where(days.index % 2 == 0, bare)}
    cells["gaps"] = bare.where(days.index % 9 > 0)
    for name, v in cells.items():
        pd.DataFrame({"t": v, "a": np.arange(60) % 7 / 7}).to_csv(tmp_path / f"{name}.csv", index=False)
    without = Tables().fit(tmp_path / "bare.csv")
    without.to_array(tmp_path / "utc.csv")
    Tables().fit(tmp_path / "paris.csv").to_array(tmp_path / "paris.csv")
    with pytest.warns(
        UserWarning,
        match=r"'t' was fitted with dates without a time zone, and now holds dates with one, .*01:00': those without",
    ):
        without.to_array(tmp_path / "paris.csv")
    with pytest.warns(
        UserWarning, match=r"'t' was fitted with dates with a time zone, and now holds dates without one, .*00': those without"
    ):
        Tables().fit(tmp_path / "paris.csv").to_array(tmp_path / "gaps.csv")
    with pytest.warns(
        UserWarning, match=r"'t' holds dates with a time zone, such as .*01:00', and some without: those without"
    ):
        Tables().fit(tmp_path / "both.csv")


def test_numbers_in_several_currencies_are_told(tmp_path: Path) -> None:
    """$5 and €5 were read as the same number without a word, by the very option that a warning names."""
    (mixed := tmp_path / "mixed.csv").write_text("price,b\n" + "".join(f"{'$€'[i % 2]}{i},{i}\n" for i in range(1, 40)))
    (same := tmp_path / "same.csv").write_text("price,b\n" + "".join(f"${i},{i}\n" for i in range(1, 40)))
    assert [*signs_of(pa.array(["5 €", "EUR 6", "7 USD", "$8"]))] == ["€", "USD"], "a currency and its code are one"
    (share := tmp_path / "share.csv").write_text("price,b\n" + "".join(f"{i}{'%' * (i % 2)},{i}\n" for i in range(40)))
    reading = Reading(thousands=",")
    with pytest.warns(
        UserWarning, match=r"column 'price' holds numbers with several signs, such as '1%', '2': all are read as"
    ):
        read_table(share, None, reading)
    with pytest.warns(
        UserWarning, match=r"column 'price' holds numbers with several signs, such as '€1', '\$2': all are read as"
    ):
        read_table(mixed, None, reading)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_table(same, None, reading)


@pytest.mark.parametrize(
    ("above", "names"),
    [
        ("Report 2024,,,\nSite:,Berlin,,\n", "no,temp,hum,state"),
        ("Report 2024,,,\n,,,\n", "no,temp,hum,state"),
        ("Report 2024\nSite: Berlin\n", "no,temp,hum,state"),
        ("Report 2024,\n", "no,temp"),
    ],
)
def test_lines_above_the_names_are_left_out_as_spreadsheets_write_them(tmp_path: Path, above: str, names: str) -> None:
    """Excel fills a title up with commas: two such lines ended in an error, one over two columns named them."""
    rows = "".join(",".join(["1", "20.4", "49", "on"][: len(names.split(","))]) + "\n" for _ in range(9))
    (path := tmp_path / "export.csv").write_text(above + names + "\n" + rows)
    with pytest.warns(UserWarning, match=r"begins with 'Report 2024.* of the table: left out; line \d names the columns"):
        table = read_table(path)
    assert table.column_names == names.split(",")
    assert table.num_rows == 9


@pytest.mark.parametrize("text", [",answer\nAnna,yes\nBen,no\n", ",score\nAnna,low\nBen,3\n"])
def test_an_index_without_a_name_is_no_line_above_the_names(tmp_path: Path, text: str) -> None:
    (path := tmp_path / "indexed.csv").write_text(text)
    assert read_table(path).num_rows == 2


def test_columns_without_names_are_told(tmp_path: Path) -> None:
    (path := tmp_path / "export.csv").write_text("a,,,d\n1,2,3,4\n5,6,7,8\n")
    with pytest.raises(DataError, match="line 1 names 2 of 4 columns: name each, or delete what is above the names"):
        read_table(path)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_in_text_files_come_back(unit: str, tmp_path: Path) -> None:
    """As pandas writes them; a count would say no unit."""
    second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    some = pa.array([k * second for k in (95_400, 0, -95_400, 86_400)] + [None], pa.duration(unit))
    exact = pa.array([1, -second - 1, None], pa.duration(unit))
    for values, first in ((some, "1 days 02:30:00"), (exact, {"s": "0 days 00:00:01"}.get(unit, "0 days 00:00:00.0"))):
        table = pa.table({"span": values, "k": range(len(values))})
        write_table(table, tmp_path / "a.csv")
        write_pieces([table, table], tmp_path / "b.csv")
        for name, times in (("a.csv", 1), ("b.csv", 2)):
            assert (tmp_path / name).read_text().splitlines()[1].startswith(f'"{first}')
            found = read_table(tmp_path / name, None, None, {"span": values.type, "k": pa.int64()})
            assert found["span"].to_pylist() == values.to_pylist() * times
            assert pd.to_timedelta(pd.read_csv(tmp_path / name)["span"]).tolist() == values.to_pandas().tolist() * times
    with pytest.raises(DataError, match="column 'list' holds lists, which no text file can hold"):
        write_table(pa.table({"list": [[1], [2]]}), tmp_path / "c.csv")
