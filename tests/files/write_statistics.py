"""Write the files of tests/files/statistics, with the libraries that people write such files with.

    python -m venv v && v/bin/pip install numpy==2.4.6 pandas==2.3.3 pyreadstat==1.3.7 && v/bin/python write_statistics.py

pyreadstat has no function for .sas7bdat, weights and portable files with labels: ReadStat, the library within it, has; it is
called as it is. All dates of writing are the same, where the library lets us say them.
"""

from __future__ import annotations

import ctypes
import datetime as dt
from pathlib import Path

HERE = Path(__file__).parent / "statistics"
TEXT, NUMBER = 0, 5  # ReadStat's types
Pointer, Writes = ctypes.c_void_p, ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def library():
    """ReadStat, as it is within pyreadstat."""
    import pyreadstat

    found = ctypes.CDLL(str(next(Path(pyreadstat.__file__).parent.glob("_readstat_writer*.so"))))
    for function in ("readstat_writer_init", "readstat_add_variable", "readstat_add_label_set"):
        getattr(found, function).restype = Pointer
    return found


def by_readstat(name, columns, rows, labels=None, weight=None, missing=None):
    """A file by ReadStat: columns of (name, type, bytes, format), and rows; a letter among numbers is a missing value."""
    lib, data = library(), bytearray()

    @Writes
    def write(at, n, _):
        data.extend(ctypes.string_at(at, n))
        return n

    writer, made = Pointer(lib.readstat_writer_init()), []
    lib.readstat_set_data_writer(writer, write)
    lib.readstat_writer_set_file_timestamp(writer, ctypes.c_long(1_577_880_000))
    for column, kind, size, form in columns:
        made.append(Pointer(lib.readstat_add_variable(writer, column.encode(), kind, ctypes.c_size_t(size))))
        lib.readstat_variable_set_format(made[-1], form.encode())
        if column in (labels or {}):
            known = Pointer(lib.readstat_add_label_set(writer, kind, column.encode()))
            for code, label in labels[column].items():
                lib.readstat_label_double_value(known, ctypes.c_double(code), label.encode())
            lib.readstat_variable_set_label_set(made[-1], known)
        if column in (missing or {}):
            lib.readstat_variable_add_missing_double_value(made[-1], ctypes.c_double(missing[column]))
        if column == weight:
            lib.readstat_writer_set_fweight_variable(writer, made[-1])
    end = name.rpartition(".")[2]
    begin = getattr(lib, f"readstat_begin_writing_{'xport' if end == 'xpt' else end}")
    assert begin(writer, None, ctypes.c_long(len(rows))) == 0
    for row in rows:
        lib.readstat_begin_row(writer)
        for variable, (_, kind, _, _), value in zip(made, columns, row, strict=True):
            if value is None:
                status = lib.readstat_insert_missing_value(writer, variable)
            elif kind == TEXT:
                status = lib.readstat_insert_string_value(writer, variable, value.encode())
            elif isinstance(value, str):
                status = lib.readstat_insert_tagged_missing_value(writer, variable, ctypes.c_char(value.encode()))
            else:
                status = lib.readstat_insert_double_value(writer, variable, ctypes.c_double(value))
            assert status == 0, (name, status)
        assert lib.readstat_end_row(writer) == 0
    assert lib.readstat_end_writing(writer) == 0
    (HERE / name).write_bytes(data)


def main():
    import numpy as np
    import pandas as pd
    import pyreadstat

    HERE.mkdir(exist_ok=True)
    survey = pd.DataFrame(
        {
            "id": [1.0, 2.0, 3.0, 4.0, 5.0],
            "sex": [1.0, 2.0, 9.0, 1.0, np.nan],
            "age": [20.0, 30.0, 98.0, 99.0, 41.5],
            "party": [1.0, 3.0, 4.0, 3.0, 1.0],
            "mood": [2.0, 2.0, 1.0, 1.0, 2.0],
            "city": ["Bonn", "", "NA", "Köln", "Bonn"],
            "day": [dt.date(2020, 1, 1), dt.date(1950, 2, 3), None, dt.date(2021, 1, 1), dt.date(1969, 12, 31)],
            "when": [dt.datetime(2020, 1, 1, 12, 0, 0, 500_000), dt.datetime(1950, 2, 3), None, *[dt.datetime(2021, 1, 1)] * 2],
            "at": [dt.time(12, 34, 56), dt.time(0), None, dt.time(23, 59, 59), dt.time(6)],
        }
    )
    labels = {
        "sex": {1: "male", 2: "female", 3: "other", 9: "no answer"},
        "age": {98: "do not know", 99: "refused", 120: "older"},
        "party": {1: "left", 3: "other", 4: "other"},
        "mood": {1: "bad", 2: "good", 3: ""},
    }
    spss = {
        "file_label": "A survey",
        "column_labels": {"id": "Number", "age": "How old are you?"},
        "variable_value_labels": labels,
        "missing_ranges": {"sex": [9], "age": [{"lo": 90, "hi": 99}], "city": ["NA"]},
        "variable_measure": {"sex": "nominal", "mood": "ordinal"},
    }
    pyreadstat.write_sav(survey, HERE / "survey.sav", **spss)
    pyreadstat.write_sav(survey, HERE / "survey.zsav", compress=True, **spss)
    stata = survey.assign(sex=[1.0, 2.0, "b", "a", None], n=np.arange(5, dtype=np.int32))
    of_stata = {**labels, "sex": {1: "male", 2: "female", 3: "other", "a": "refused"}}
    for version in (10, 15):
        name = HERE / f"survey{version}.dta"
        pyreadstat.write_dta(
            stata, name, version=version, variable_value_labels=of_stata, missing_user_values={"sex": ["a", "b"]}
        )
    integers = {f"i{n}": np.array([-1, 0, 100], f"int{n}") for n in (8, 16, 32)}
    made = pd.DataFrame({**integers, "single": np.array([0.5, 0.1, -1], "f4"), "twice": [0.1, np.nan, 3]})
    made["level"] = pd.Categorical(["b", "a", "b"], ["c", "b", "a"])
    made["month"] = pd.to_datetime(["2022-01-01", "1950-03-01", "2000-12-01"])
    made["text"] = ["x", "", "long" * 600]
    made.to_stata(
        HERE / "pandas.dta", write_index=False, version=118, convert_dates={"month": "tm"}, time_stamp=dt.datetime(2020, 1, 1)
    )
    transport = survey.drop(columns=["party", "mood"]).assign(zero=[0.0, 1.0, 0.5, -0.0, np.nan])
    for version in (5, 8):
        pyreadstat.write_xport(transport, HERE / f"survey{version}.xpt", file_format_version=version, table_name="SURVEY")
    pyreadstat.write_xport(pd.DataFrame({"y": [7.0, 8, 9, 10]}), HERE / "two.xpt", file_format_version=5, table_name="TWO")
    second = (HERE / "two.xpt").read_bytes()
    second = second[second.index(b"HEADER RECORD*******MEMBER") :]
    (HERE / "two.xpt").write_bytes((HERE / "survey5.xpt").read_bytes() + second)  # as PROC COPY does
    columns = [("ID", NUMBER, 8, ""), ("NAME", TEXT, 6, ""), ("DAY", NUMBER, 8, "DATE9"), ("MOMENT", NUMBER, 8, "DATETIME20")]
    columns += [
        ("DT", NUMBER, 8, "DTDATE9"),
        ("MONTH", NUMBER, 8, "MONYY7"),
        ("SEX", NUMBER, 8, "SEX"),
        ("SPAN", NUMBER, 8, "TIME8"),
    ]
    rows = [
        [1, "a", 21915, 1893499200.5, 1893499200, 21915, "A", 3600],
        [2, "", -3619, None, 86400, 0, "_", 108_000],
        [0, "ü", None, 1, None, None, 1, -5],
    ]
    by_readstat("readstat.sas7bdat", columns, rows)
    columns, rows = [("N", TEXT, 3, ""), ("X", NUMBER, 8, "")], [["a", "A"], ["b", "_"], ["c", None], ["d", 0], ["e", "A"]]
    by_readstat("tags.xpt", columns, rows)
    dates = [("long", TEXT, 300, ""), ("s", TEXT, 9, ""), ("w", NUMBER, 8, "F8.2"), ("span", NUMBER, 8, "TIME8")]
    dates += [("quarter", NUMBER, 8, "QYR8"), ("length", NUMBER, 8, "DTIME12"), ("odd", NUMBER, 8, "DATE11")]
    rows = [["x", "y", 2, 108_000, 13_797_216_000, 60, 1e300], ["x" * 300, "", 1, 0, 12_219_379_200, 61, 0]]
    by_readstat("weighted.sav", dates, rows, weight="w")
    columns = [("SEX", NUMBER, 8, "F8.0"), ("NAME", TEXT, 8, "A8"), ("DAY", NUMBER, 8, "DATE11")]
    rows = [[1, "a", 13_797_216_000], [2, "", None], [9, "b", 12_219_379_200]]
    by_readstat("portable.por", columns, rows, {"SEX": {1: "male", 2: "female", 9: "no answer"}}, missing={"SEX": 9})


if __name__ == "__main__":
    main()
