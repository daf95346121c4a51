"""Files of SPSS, Stata and SAS: labels are categories where all values have one, and what is missing is missing."""

from __future__ import annotations

import datetime as dt
import struct
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diabolo import DataError
from diabolo.formats.readers import read_dataset
from diabolo.formats.readers.decided import Decided
from diabolo.formats.readers.surveys import codes, readstat
from diabolo.formats.readers.surveys.moments import FORMS, read_as, write_as
from diabolo.formats.readers.surveys.spss import check
from diabolo.formats.readers.surveys.statistics import kind, write
from diabolo.formats.readers.surveys.transport import members

pyreadstat = pytest.importorskip("pyreadstat", reason="needs the extra formats")

FILES = Path(__file__).parent / "files" / "statistics"
DAYS = [dt.date(2020, 1, 1), dt.date(1950, 2, 3), None, dt.date(2021, 1, 1), dt.date(1969, 12, 31)]
TIMES = [dt.time(12, 34, 56), dt.time(0), None, dt.time(23, 59, 59), dt.time(6)]
MOMENTS = [dt.datetime(2020, 1, 1, 12, 0, 0, 500_000), dt.datetime(1950, 2, 3), None, *[dt.datetime(2021, 1, 1)] * 2]
SURVEYS = ["survey.sav", "survey.zsav", "survey10.dta", "survey15.dta", "survey5.xpt", "survey8.xpt"]


def values(name: str | Path, column: str, **options: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(read_dataset(FILES / name, **options).X[column].to_pylist())


def said(name: str | Path, part: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decided = read_dataset(FILES / name).decided
    found = [sentence for sentence in decided if part in sentence]
    assert len(found) == 1, decided
    return found[0]


def damaged(tmp_path: Path, name: str, before: bytes = b"", after: bytes = b"", size: int | None = None) -> Path:
    data = (FILES / name).read_bytes()
    assert before in data
    path = tmp_path / name
    path.write_bytes(data.replace(before, after, 1)[:size])
    return path


# ── categories ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["survey.sav", "survey.zsav", "survey15.dta"])
def test_labels_are_categories_where_every_value_has_one(name: str) -> None:
    sex = read_dataset(FILES / name).X["sex"].combine_chunks()
    assert sex.to_pylist()[:2] == ["male", "female"]
    assert sex.dictionary.to_pylist() == ["male", "female", "other"]  # without the label of a missing code, in order
    assert "'sex'" in said(name, "are categories")


def test_numbers_of_which_some_have_labels_stay_numbers() -> None:
    assert values("survey15.dta", "age") == [20, 30, 98, 99, 41.5]
    assert "column 'age' stays a number: 2 of its 5 values have labels (98: 'do not know'" in said("survey15.dta", "'age'")
    assert values("survey.sav", "age") == [20, 30, None, None, 41.5]
    assert "0 of its 3 values have labels (120: 'older')" in said("survey.sav", "'age' stays")


def test_two_codes_with_one_label_stay_apart() -> None:
    assert values("survey.sav", "party") == ["left", "other (3)", "other (4)", "other (3)", "left"]
    assert "2 codes have the label 'other'" in said("survey.sav", "'party': 2")
    labels = {1.0: "a", 2.0: "a", 3.0: "a (2)"}
    column = codes.labeled("x", pa.array([1.0, 2, 3]), labels, False, Decided())
    assert column.to_pylist() == ["a (1)", "a (2) (2)", "a (2) (3)"]


def test_empty_labels_are_no_labels() -> None:
    assert read_dataset(FILES / "survey.sav").X["mood"].combine_chunks().dictionary.to_pylist() == ["bad", "good"]
    assert said("survey.sav", "empty labels") == "empty labels count as none: 'mood' 1"
    assert codes.labeled("x", pa.array([1.0, 2]), {1.0: "a", 2.0: " "}, False, Decided()).to_pylist() == [1, 2]


def test_an_ordinal_variable_is_an_ordered_category() -> None:
    schema = read_dataset(FILES / "survey.sav").X.schema
    assert schema.field("mood").type.ordered
    assert not schema.field("sex").type.ordered


def test_levels_stand_in_the_order_of_their_codes() -> None:
    column = codes.labeled("x", pa.array([10.0, 2, -1]), {10.0: "a", -1.0: "c", 2.0: "b"}, False, Decided())
    assert (column.to_pylist(), column.dictionary.to_pylist()) == (["a", "b", "c"], ["c", "b", "a"])


def test_levels_without_rows_stay() -> None:
    assert values("pandas.dta", "level") == ["b", "a", "b"]
    assert read_dataset(FILES / "pandas.dta").X["level"].combine_chunks().dictionary.to_pylist() == ["c", "b", "a"]


def test_a_column_without_values_has_its_levels() -> None:
    column = codes.labeled("x", pa.array([None, None], pa.float64()), {1.0: "a", 2.0: "b"}, False, Decided())
    assert column.to_pylist() == [None, None]
    assert column.dictionary.to_pylist() == ["a", "b"]


def test_texts_with_labels(tmp_path: Path) -> None:
    table = pd.DataFrame({"sex": ["m", "f", "m"], "city": ["B", "K", ""]})
    pyreadstat.write_sav(
        table, tmp_path / "a.sav", variable_value_labels={"sex": {"m": "male", "f": "female"}, "city": {"B": "Bonn"}}
    )
    assert values(tmp_path / "a.sav", "sex") == ["male", "female", "male"]
    assert values(tmp_path / "a.sav", "city") == ["B", "K", None]
    assert "stays a text: 1 of its 2" in said(tmp_path / "a.sav", "'city' stays")


# ── missing values ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_spss_declares_missing_is_missing() -> None:
    assert values("survey.sav", "sex") == ["male", "female", None, "male", None]
    assert values("survey.sav", "city") == ["Bonn", None, None, "Köln", "Bonn"]
    assert said("survey.sav", "declares") == "values that the file declares missing are missing: 'sex' 1, 'age' 2, 'city' 1"
    assert values("portable.por", "SEX") == ["male", "female", None]


def test_ranges_without_an_end(tmp_path: Path) -> None:
    table = pd.DataFrame({"x": [-8.0, -1.0, 0.0, 5.0, 77.0]})
    pyreadstat.write_sav(table, tmp_path / "a.sav", missing_ranges={"x": [{"lo": float("-inf"), "hi": -1}, 77]})
    assert values(tmp_path / "a.sav", "x") == [None, None, 0, 5, None]
    assert said(tmp_path / "a.sav", "declares").endswith("'x' 3")


def test_letters_among_numbers_are_missing() -> None:
    assert values("survey15.dta", "sex") == ["male", "female", None, None, None]
    assert said("survey15.dta", "letters") == "missing values with letters are missing: 'sex' .a 1, .b 1"
    assert values("readstat.sas7bdat", "SEX") == [None, None, 1]
    assert said("readstat.sas7bdat", "letters").endswith("'SEX' .A 1, ._ 1")
    assert values("tags.xpt", "X") == [None, None, None, 0, None]
    assert said("tags.xpt", "letters").endswith("'X' .A 2, ._ 1")
    assert not any("letters" in sentence for sentence in read_dataset(FILES / "survey5.xpt").decided)  # 1.0 begins like .A


def test_empty_texts_are_missing() -> None:
    for name in SURVEYS:
        assert values(name, "city")[1] is None
        assert "'city' 1" in said(name, "empty texts")


# ── numbers, dates, texts ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["survey5.xpt", "survey8.xpt"])
def test_zeros_of_transport_files_are_zeros(name: str) -> None:
    assert values(name, "zero") == [0, 1, 0.5, 0, None]


def test_whole_numbers_of_stata_stay_whole() -> None:
    table = read_dataset(FILES / "pandas.dta").X
    assert [str(table.schema.field(name).type) for name in ("i8", "i16", "i32", "single", "twice")] == [
        "int8", "int16", "int32", "float", "double"
    ]  # fmt: skip
    assert table["i8"].to_pylist() == table["i32"].to_pylist() == [-1, 0, 100]
    assert table["text"].to_pylist() == ["x", None, "long" * 600]


@pytest.mark.parametrize("name", SURVEYS)
def test_dates(name: str) -> None:
    table = read_dataset(FILES / name).X if name != "survey10.dta" else read_dataset(FILES / name, encoding="utf-8").X
    assert [str(table.schema.field(n).type) for n in ("day", "when", "at")] == ["date32[day]", "timestamp[us]", "time64[us]"]
    assert [table[n].to_pylist() for n in ("day", "when", "at")] == [DAYS, MOMENTS, TIMES]


def test_formats_of_dates_that_are_often_overlooked() -> None:
    assert values("weighted.sav", "quarter") == [dt.date(2020, 1, 1), dt.date(1970, 1, 1)]
    assert values("weighted.sav", "span") == [dt.timedelta(hours=30), dt.timedelta(0)]  # no time of day
    assert values("weighted.sav", "length") == [dt.timedelta(seconds=60), dt.timedelta(seconds=61)]  # DTIME never is
    assert values("readstat.sas7bdat", "MONTH") == [dt.date(2020, 1, 1), dt.date(1960, 1, 1), None]
    assert values("readstat.sas7bdat", "DT")[:2] == [dt.datetime(2020, 1, 1, 12), dt.datetime(1960, 1, 2)]  # seconds
    assert values("readstat.sas7bdat", "SPAN") == [dt.timedelta(seconds=s) for s in (3600, 108_000, -5)]
    assert values("pandas.dta", "month") == [dt.date(2022, 1, 1), dt.date(1950, 3, 1), dt.date(2000, 12, 1)]


@pytest.mark.parametrize(
    ("form", "number", "day"),
    [
        ("%td", -1, (1959, 12, 31)), ("%-tdD_m_Y", 0, (1960, 1, 1)), ("%d", 59, (1960, 2, 29)), ("%tm", -1, (1959, 12, 1)),
        ("%tq", 5, (1961, 4, 1)), ("%th", 1, (1960, 7, 1)), ("%tw", 51, (1960, 12, 23)), ("%tw", 52, (1961, 1, 1)),
    ],
)  # fmt: skip
def test_periods_of_stata(form: str, number: float, day: tuple[int, int, int]) -> None:
    assert read_as(pa.array([number, None], pa.float64()), form, "Stata")[0].to_pylist() == [dt.date(*day), None]


def test_periods_of_stata_are_those_of_pandas(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for unit in "wmqh":
        table = pd.DataFrame({"x": rng.integers(-900, 900, 50).astype(float)})
        pyreadstat.write_dta(table, tmp_path / "a.dta", variable_format={"x": f"%t{unit}"})
        theirs = pd.read_stata(tmp_path / "a.dta")["x"]
        assert values(tmp_path / "a.dta", "x") == [v.date() for v in theirs]


def test_numbers_that_are_no_dates_stay_numbers(tmp_path: Path) -> None:
    assert values("weighted.sav", "odd") == [1e300, 0]
    assert "its format is DATE11, but 1e+300 is no date" in said("weighted.sav", "'odd'")
    pyreadstat.write_dta(
        pd.DataFrame({"x": [0.0], "y": [2020.0]}), tmp_path / "a.dta", variable_format={"x": "%tC", "y": "%ty"}
    )
    assert (values(tmp_path / "a.dta", "x"), values(tmp_path / "a.dta", "y")) == ([0], [2020])
    assert "leap seconds" in said(tmp_path / "a.dta", "'x'")


def test_a_date_with_a_time_is_a_moment() -> None:
    column, _ = read_as(pa.array([0.5, 1]), "DATE9", "SAS")
    assert column.to_pylist() == [dt.datetime(1960, 1, 1, 12), dt.datetime(1960, 1, 2)]


@pytest.mark.parametrize(("form", "family", "unit"), [("TOD5", "SAS", 1), ("%tcHH:MM", "Stata", 1000)])
def test_formats_that_show_the_hours_of_a_moment(form: str, family: str, unit: int) -> None:
    times, _ = read_as(pa.array([3600.0 * unit, 0, None]), form, family)
    assert times.to_pylist() == [dt.time(1), dt.time(0), None]
    moments, _ = read_as(pa.array([1_893_499_200.0 * unit, 0]), form, family)
    assert moments.to_pylist() == [dt.datetime(2020, 1, 1, 12), dt.datetime(1960, 1, 1)]


def test_every_format_is_known_to_one_kind() -> None:
    assert {family: next(iter(kinds)) for family, kinds in FORMS.items()} == dict.fromkeys(("SPSS", "SAS", "Stata"), "day")
    assert read_as(pa.array([1.0]), "F8.2", "SPSS") == read_as(pa.array([1.0]), None, "SAS") == (None, "")


def test_encodings(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="holds 'KÃ¶ln'; if 'Köln' is meant, say encoding='utf-8'"):
        read_dataset(FILES / "survey10.dta")  # old files are in cp1252, but not those of every writer
    assert values("survey10.dta", "city", encoding="utf-8")[3] == "Köln"
    path = damaged(tmp_path, "survey5.xpt", "Köln".encode(), "Köln ".encode("latin-1"))
    with pytest.raises(DataError, match=r"say how, such as encoding='windows-1252'|encoding='windows-1252'"):
        read_dataset(path)
    assert values(path, "city", encoding="latin-1")[3] == "Köln"
    with pytest.raises(ValueError, match="there is no such encoding"):
        read_dataset(FILES / "survey.sav", encoding="nonsense")


# ── what else a file says ────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_used_is_said(tmp_path: Path) -> None:
    assert said("survey.sav", "its label") == "its label: 'A survey'"
    assert said("survey.sav", "label of their own").startswith("2 of 9 columns have a label of their own")
    assert "weighted by 'w'" in said("weighted.sav", "weighted")
    assert "'SEX' SEX" in said("readstat.sas7bdat", "catalog")
    assert "how many" in said("portable.por", "missing are missing")
    sets = b"$moods=C 5 Moods sex mood\n"
    record = struct.pack("<4i", 7, 7, 1, len(sets)) + sets
    end = struct.pack("<2i", 999, 0)
    path = damaged(tmp_path, "survey.sav", end, record + end)
    assert said(path, "response") == "multiple response sets are not used: 'moods' of 'sex', 'mood'"


def test_several_data_sets_of_a_transport_file() -> None:
    assert "2 data sets, 'SURVEY', 'TWO': read is 'SURVEY'" in said("two.xpt", "data sets")
    assert read_dataset(FILES / "two.xpt").X.equals(read_dataset(FILES / "survey5.xpt").X)
    assert values("two.xpt", "y", dataset=2) == [7, 8, 9, 10]
    with pytest.raises(DataError, match=r"dataset=3: .* holds 2 data sets"):
        read_dataset(FILES / "two.xpt", dataset=3)
    with pytest.raises(DataError, match="holds one data set"):
        read_dataset(FILES / "survey.sav", dataset=2)
    assert [m.name for m in members(FILES / "survey8.xpt")] == ["SURVEY"]


def test_files_of_texts_alone(tmp_path: Path) -> None:
    pyreadstat.write_xport(pd.DataFrame({"s": ["x", "", ""]}), tmp_path / "a.xpt", file_format_version=8)
    assert values(tmp_path / "a.xpt", "s") == ["x", None, None]
    pyreadstat.write_xport(pd.DataFrame({"s": ["x", "", "y"]}), tmp_path / "a.xpt", file_format_version=5)
    assert values(tmp_path / "a.xpt", "s") == ["x", None, "y"]
    assert "cannot be told" in said(tmp_path / "a.xpt", "all columns are texts")


def test_many_columns_are_said_shortly() -> None:
    told = Decided()
    for i in range(30):
        told.count("are odd", f"x{i}")
        told.each("even", f"x{i} is even")
    assert told.sentences()[0].endswith("x19 and 10 more")
    assert told.sentences()[-1] == "10 more columns even"


@pytest.mark.parametrize("name", [*SURVEYS, "readstat.sas7bdat", "portable.por", "pandas.dta", "two.xpt"])
def test_in_pieces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = read_dataset(FILES / name)
        monkeypatch.setattr(readstat, "CELLS", 2)
        monkeypatch.setattr("diabolo.formats.readers.surveys.transport.PIECE", 1)
        pieces = read_dataset(FILES / name)
    assert pieces.X.equals(whole.X)
    assert pieces.decided == whole.decided


@pytest.mark.parametrize("name", [p.name for p in sorted(FILES.iterdir()) if p.suffix != ".por"])
def test_numbers_are_those_of_pyreadstat(name: str) -> None:
    calls = {".zsav": "read_sav", ".xpt": "read_xport"}
    call = getattr(pyreadstat, calls.get(Path(name).suffix, f"read{Path(name).suffix.replace('.', '_')}"))
    if name == "two.xpt":  # it takes the header of the second data set for rows of the first, with dates that are none
        with pytest.raises(OverflowError):
            call(FILES / name, output_format="dict")
        return
    theirs, meta = call(FILES / name, output_format="dict", disable_datetime_conversion=True)
    assert kind(FILES / name) == "table"
    for column, numbers in theirs.items():
        ours = values(name, column)
        if column in meta.variable_value_labels and isinstance(ours[0], str):
            ours = [v and v.partition(" (")[0] for v in ours]
            numbers = [meta.variable_value_labels[column].get(v) for v in numbers]
        if all(v is None or isinstance(v, (str, int, float)) for v in ours):
            assert ours == [None if v == "" else v for v in numbers]


# ── wrong files ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [p.name for p in sorted(FILES.iterdir())])
def test_cut_off(name: str, tmp_path: Path) -> None:
    size = {"survey10.dta": 2000, "portable.por": 695}.get(name, (FILES / name).stat().st_size - 8)  # behind: nothing to miss
    for n in np.linspace(1, size, 12).astype(int).tolist():
        path = damaged(tmp_path, name, size=n - (not n % 80))
        with pytest.raises(DataError, match=path.name) as error:
            read_dataset(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.sav", b"", "is empty"),
        ("a.sav", b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV" + bytes(100), "encrypted with a password"),
        ("a.sav", b"<stata_dta><header><release>118<", "no file of SPSS, as its name says"),
        ("a.dta", b"$FL2", "no file of Stata"),
        ("a.dta", b"<stata_dta><header><release>121</release>", "newer Stata .release 121.*saveold"),
        ("a.xpt", b"**COMPRESSED** **COMPRESSED**", "PROC CPORT"),
        ("a.xpt", b"x" * 800, "no file of SAS"),
        ("a.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!".ljust(240), "holds no data set"),
        ("a.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!".ljust(241), "is cut off"),
        ("a.sas7bdat", b"x" * 800, "no file of SAS"),
        ("a.por", b"x" * 800, "cannot read"),
    ],
)
def test_other_files(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=words):
        read_dataset(tmp_path / name)


def test_headers_that_say_more_than_there_is(tmp_path: Path) -> None:
    for count in (6, 10**8):
        path = damaged(tmp_path, "survey.sav", struct.pack("<2i", 0, 5), struct.pack("<2i", 0, count))
        with pytest.raises(DataError, match="expected number of rows"):
            read_dataset(path)
    path = damaged(tmp_path, "survey15.dta", b"<N>" + struct.pack("<q", 5), b"<N>" + struct.pack("<q", 10**12))
    with pytest.raises(DataError, match="cannot read"):
        read_dataset(path)
    path = damaged(tmp_path, "survey8.xpt", b"              5 ", b"             50 ")
    with pytest.raises(DataError, match="says 50 rows, and it holds at most"):
        read_dataset(path)
    path = damaged(tmp_path, "survey5.xpt", b"000000000800000000", b"000000999900000000")
    with pytest.raises(DataError, match="headers of its columns"):
        read_dataset(path)


def test_dictionaries_that_contradict_themselves(tmp_path: Path) -> None:
    data = (FILES / "survey.sav").read_bytes()
    check(FILES / "survey.sav")
    at = data.index(struct.pack("<3i", 4, 1, 2))  # the place of a variable with labels
    for i in (at + 8, at + 4, at):
        for byte in (0, 99, 255):
            (tmp_path / "a.sav").write_bytes(data[:i] + bytes([byte] * 4) + data[i + 4 :])
            with pytest.raises(DataError, match="damaged"):
                read_dataset(tmp_path / "a.sav")
    (tmp_path / "a.sav").write_bytes(data[:180] + b"\x80" + data[181:])
    with pytest.raises(DataError, match="a variable of kind"):
        read_dataset(tmp_path / "a.sav")


def test_no_rows_and_names_that_are_there_twice(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"x": np.array([], float)}), tmp_path / "a.sav")
    with pytest.raises(DataError, match="has columns, but no rows"):
        read_dataset(tmp_path / "a.sav")
    path = damaged(tmp_path, "pandas.dta", b"i16\0", b"i8\0\0")
    with pytest.raises(DataError, match="must be unique, but 'i8' is repeated"):
        read_dataset(path)


def test_options_and_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="this kind of file has encoding=, dataset="):
        read_dataset(FILES / "survey.sav", transpose=True)
    with pytest.raises(DataError, match="leave it out"):
        read_dataset(FILES / "portable.por", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(ImportError, match=r"files ending in .sav need the package 'pyreadstat'.*diabolo\[formats\]"):
        read_dataset(FILES / "survey.sav")


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", [".sav", ".zsav", ".dta", ".xpt"])
def test_what_is_written_is_read_again(end: str, tmp_path: Path) -> None:
    level = pa.DictionaryArray.from_arrays(pa.array([2, None, 0, 2, 1]), ["a", "b c", "ü"])
    table = pa.table(
        {
            "number": [0.0, None, -2.5e-30, 1e70, 0.1],
            "whole": pa.array([1, 2, 2**40, -3, 0]),
            "short": pa.array([1, 2, None, -3, 0], pa.int8()),
            "day": DAYS, "when": MOMENTS, "at": TIMES, "level": level, "text": ["x", None, "ü", "y z", "w" * 3000],
        }
    )  # fmt: skip
    path = tmp_path / f"a{end}"
    write(table, path)
    again = read_dataset(path).X
    assert again.column_names == table.column_names
    for name in table.column_names:
        assert again[name].to_pylist() == table[name].to_pylist(), name
    if end != ".xpt":
        assert again["level"].combine_chunks().dictionary.to_pylist() == ["a", "b c", "ü"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_whole_numbers_are_written_as_such_to_stata(tmp_path: Path) -> None:
    write(pa.table({"x": [1, 2_147_483_620], "y": [2_147_483_621, 0]}), tmp_path / "a.dta")
    assert [str(t) for t in read_dataset(tmp_path / "a.dta").X.schema.types] == ["int32", "double"]
    assert values(tmp_path / "a.dta", "y") == [2_147_483_621, 0]  # as a whole number, it would be missing


def test_spans_are_written_to_spss_and_sas(tmp_path: Path) -> None:
    table = pa.table({"span": [dt.timedelta(hours=30), None, dt.timedelta(-1)]})
    for end in (".sav", ".xpt"):
        write(table, tmp_path / f"a{end}")
        assert values(tmp_path / f"a{end}", "span") == table["span"].to_pylist()
    write(pa.table({"span": [dt.timedelta(hours=1)]}), tmp_path / "a.sav")
    assert values(tmp_path / "a.sav", "span") == [dt.timedelta(hours=1)]  # no time of day
    with pytest.raises(DataError, match="'span' holds durations"):
        write(table, tmp_path / "a.dta")
    assert write_as(pa.array([dt.time(1)]), "Stata", "x")[1] == "%tcHH:MM:SS"


def test_codes_and_questions_of_the_file_that_was_read(tmp_path: Path) -> None:
    source = FILES / "survey.sav"
    table = read_dataset(source).X
    write(table, tmp_path / "a.sav", source)
    assert read_dataset(tmp_path / "a.sav").X.equals(table)
    meta = pyreadstat.read_sav(tmp_path / "a.sav")[1]
    assert meta.variable_value_labels["sex"] == {1: "male", 2: "female", 3: "other"}
    assert meta.variable_value_labels["party"] == {1: "left", 3: "other (3)", 4: "other (4)"}
    assert (meta.file_label, meta.column_names_to_labels["age"]) == ("A survey", "How old are you?")
    assert meta.variable_measure["mood"] == "ordinal"
    write(table, tmp_path / "a.dta", source)
    assert pyreadstat.read_dta(tmp_path / "a.dta")[1].variable_value_labels["mood"] == {1: "bad", 2: "good"}
    assert values(tmp_path / "a.dta", "party") == table["party"].to_pylist()


def test_codes_that_are_no_small_whole_numbers(tmp_path: Path) -> None:
    labels = {"x": {0.5: "half", 1e10: "many"}}
    pyreadstat.write_sav(pd.DataFrame({"x": [0.5, 1e10]}), tmp_path / "a.sav", variable_value_labels=labels)
    table = read_dataset(tmp_path / "a.sav").X
    write(table, tmp_path / "b.sav", tmp_path / "a.sav")
    assert pyreadstat.read_sav(tmp_path / "b.sav")[1].variable_value_labels == labels
    write(table, tmp_path / "b.dta", tmp_path / "a.sav")
    assert pyreadstat.read_dta(tmp_path / "b.dta")[1].variable_value_labels == {"x": {1: "half", 2: "many"}}


def test_a_file_that_was_read_in_an_encoding(tmp_path: Path) -> None:
    source = damaged(tmp_path, "survey10.dta", "Köln".encode(), "Köln ".encode("latin-1"))
    write(read_dataset(source, encoding="latin-1").X, tmp_path / "b.dta", source)
    assert values(tmp_path / "b.dta", "city")[3].strip() == "Köln"


def test_labels_that_spss_would_cut_off_are_texts(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array(["a" * 130, "a" * 129]).dictionary_encode()})
    write(table, tmp_path / "a.sav")
    assert values(tmp_path / "a.sav", "x") == ["a" * 130, "a" * 129]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    for name, table, words in (
        ("a.sas7bdat", {"x": [1]}, r"it reads those ending in \.xpt"),
        ("a.por", {"x": [1]}, r"\.sav"),
        ("a.sav", {"my x": [1]}, "a column 'my x': names in files of SPSS have a letter"),
        ("a.dta", {"x" * 33: [1]}, "up to 31"),
        ("a.xpt", {"ü": [1]}, "without accents"),
        ("a.sav", {"x": [2**60 + 1]}, "holds 1.15292e.18"),
        ("a.xpt", {"x": [1e80]}, "holds 1e.80, which files of SAS cannot"),
        ("a.dta", {"x": [float("inf")]}, "holds inf"),
        ("a.sav", {"x": [[1]]}, "holds lists"),
        ("a.sav", {"x": [1], "X": [1]}, "names differ in case: 'X'"),
    ):
        with pytest.raises(DataError, match=words):
            write(pa.table(table), tmp_path / name)
    assert not [*tmp_path.iterdir()]
    with pytest.warns(UserWarning, match=r"'x': 2 texts are empty or end in blanks, which \.sav files do not keep"):
        write(pa.table({"x": ["", "a ", "b"]}), tmp_path / "a.sav")
    with pytest.warns(UserWarning, match="written in UTC"):
        write(pa.table({"x": pa.array([0], pa.timestamp("s", "UTC"))}), tmp_path / "a.sav")


LETTERS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\0"), min_size=1, max_size=9
)
CELLS = LETTERS.filter(lambda text: text.strip() == text)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    st.lists(
        st.floats(-1e70, 1e70, allow_subnormal=False).filter(lambda v: not 0 < abs(v) < 1e-70) | st.none(),
        min_size=3,
        max_size=3,
    ),
    st.lists(CELLS | st.none(), min_size=3, max_size=3),
    st.lists(CELLS, min_size=1, max_size=4, unique=True),
    st.sampled_from([".sav", ".zsav", ".dta", ".xpt"]),
)
def test_any_cells_come_back(tmp_path: Path, numbers: Any, texts: Any, levels: Any, end: str) -> None:
    level = pa.DictionaryArray.from_arrays(pa.array([0, None, len(levels) - 1]), levels)
    table = pa.table({"n": pa.array(numbers, pa.float64()), "s": pa.array(texts, pa.string()), "level": level})
    write(table, tmp_path / f"a{end}")
    again = read_dataset(tmp_path / f"a{end}").X
    for name in table.column_names:
        assert again[name].to_pylist() == table[name].to_pylist()
