"""Events of flow cytometers: gain, logarithmic amplifiers and time once, whatever the bytes are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diabolo import DataError
from diabolo.formats.readers import read_dataset
from diabolo.formats.readers.cytometry import fcs as cytometry
from diabolo.formats.readers.cytometry.fcs import kind, write

FILES = Path(__file__).parent / "files" / "cytometry"


def fcs(
    path: Path,
    events: Any,
    form: str = "<f4",
    version: str = "FCS3.1",
    sep: str = "/",
    header: bool = True,
    first: str = "",
    supplemental: str = "",
    behind: int = 0,
    **keys: str,
) -> Path:
    """A file of one data set; `keys` replace those of TEXT, which begins with `first`, and "" leaves one out."""
    events = np.asarray(events)
    data = b"".join(column.astype(form).tobytes() for column in events.reshape(1, -1))
    size, kind = np.dtype(form).itemsize, {"u": "I", "f": "F"}[np.dtype(form).kind]
    text = {"$BYTEORD": "1,2,3,4" if form[0] == "<" else "4,3,2,1", "$DATATYPE": "D" if size == 8 and kind == "F" else kind}
    text |= {"$MODE": "L", "$NEXTDATA": "0", "$PAR": str(events.shape[1]), "$TOT": str(len(events))}
    for n in range(1, events.shape[1] + 1):
        text |= {f"$P{n}N": f"FL{n}", f"$P{n}B": str(8 * size), f"$P{n}E": "0,0", f"$P{n}R": "1024"}
    text |= {f"${key}" if key.isupper() else key[1:]: value for key, value in keys.items()}
    text = {key: value for key, value in text.items() if value}
    places = {"$BEGINDATA": 0, "$ENDDATA": 0, "$BEGINSTEXT": 0, "$ENDSTEXT": 0} if version != "FCS2.0" else {}
    for _ in range(2):
        body = sep + first + "".join(f"{k}{sep}{v}{sep}" for k, v in (text | {k: f"{v:08}" for k, v in places.items()}).items())
        begin = 58 + len(body.encode())
        start = begin + len(supplemental)
        places = {key: {"$BEGINDATA": start, "$ENDDATA": start + len(data) - 1 + behind}.get(key, 0) for key in places}
        if supplemental:
            places |= {"$BEGINSTEXT": begin, "$ENDSTEXT": start - 1}
    of_data = (start, start + len(data) - 1 + behind) if header else (0, 0)
    head = f"{version}    " + "".join(f"{n:8}" for n in (58, begin - 1, *of_data, 0, 0))
    path.write_bytes((head + body + supplemental).encode() + data)
    return path


def columns(path: Path, **options: Any) -> dict[str, list[float]]:
    return dict(read_dataset(path, **options).X.to_pydict())


def said(path: Path, part: str) -> str:
    found = [sentence for sentence in read_dataset(path).decided if part in sentence]
    assert len(found) == 1, read_dataset(path).decided
    return found[0]


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", ["FCS2.0", "FCS3.0", "FCS3.1", "FCS3.2"])
@pytest.mark.parametrize("form", ["<f4", ">f4", "<f8", ">f8", "<u1", "<u2", ">u2", "<u4", ">u4", "<u8"])
def test_every_kind_of_number(form: str, version: str, tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[1, 2], [3, 4], [200, 100]], form, version, P1R="0", P2R="0")
    assert kind(path) == "table"
    assert columns(path) == {"FL1": [1, 3, 200], "FL2": [2, 4, 100]}
    assert str(read_dataset(path).X.schema.field("FL1").type) == str(pa.from_numpy_dtype(np.dtype(form).newbyteorder("=")))


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_three_bytes_and_of_several_sizes(order: str, tmp_path: Path) -> None:
    little = order == "<"
    data = b"".join(
        n.to_bytes(size, "little" if little else "big") for n, size in ((70_000, 3), (7, 1), (300, 2), (9, 3), (255, 1), (2, 2))
    )
    keys = {"PAR": "3", "P1B": "24", "P2B": "8", "P3B": "16", "P1R": "16777216", "P2R": "256", "P3R": "65536"}
    keys["BYTEORD"] = "1,2,3,4" if little else "4,3,2,1"
    path = fcs(tmp_path / "a.fcs", np.frombuffer(data, np.uint8).reshape(2, 6), "<u1", **keys)
    assert columns(path) == {"FL1": [70_000, 9], "FL2": [7, 255], "FL3": [300, 2]}


def test_bits_beyond_the_range_are_no_part_of_a_value(tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[0xFC05], [0x03FF]], "<u2", P1R="1024")
    assert columns(path) == {"FL1": [5, 1023]}
    assert columns(fcs(tmp_path / "a.fcs", [[0xFC05]], "<u2", P1R="1000")) == {"FL1": [5]}  # the next power of two
    assert columns(fcs(tmp_path / "a.fcs", [[0xFC05]], "<u2", P1R="262144.0")) == {"FL1": [0xFC05]}


def test_gain_is_applied_once(tmp_path: Path) -> None:
    for form in ("<f4", "<u2"):
        path = fcs(tmp_path / "a.fcs", [[10, 20], [30, 40]], form, P1G="2.5", P2G="0")
        assert columns(path) == {"FL1": [4, 12], "FL2": [20, 40]}
    assert said(path, "gain") == "values are divided by the gain of their amplifier: 'FL1' 2.5"


def test_logarithmic_amplifiers_are_made_linear_once(tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[0, 256], [512, 512]], "<u2", P1E="4,1", P2E="4,0", P1G="8")
    assert columns(path) == {"FL1": [1, 100], "FL2": [10, 100]}  # f₂ = 0 is 1; no gain of such an amplifier
    assert said(path, "logarithmic") == "values of logarithmic amplifiers are made linear: 'FL1' 4 decades, 'FL2' 4 decades"


def test_floats_of_logarithmic_amplifiers_stay(tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[3.5, 7]], "<f4", P1E="4,1", P1G="2", P2E="0,0")
    assert columns(path) == {"FL1": [3.5], "FL2": [7]}
    assert "stay as they are stored" in said(path, "'FL1' 4 decades")


def test_time_counts_in_seconds_once(tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[5, 100]], "<u4", P2N="Time", P2R="4294967296", TIMESTEP="0.01", P2G="0.01")
    assert columns(path) == {"FL1": [5], "Time": [1]}
    assert said(path, "seconds") == "times count in seconds, values × $TIMESTEP: 'Time' 0.01"
    assert columns(fcs(tmp_path / "a.fcs", [[5, 100]], "<u4", P2N="Time", P2R="0", TIMESTEP=" "))["Time"] == [100]


def test_missing_numbers_stay_missing(tmp_path: Path) -> None:
    assert np.isnan(columns(fcs(tmp_path / "a.fcs", [[np.nan]]))["FL1"][0])


# ── names and TEXT ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_names(tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[1, 2, 3, 4, 5]], P1S="CD4", P2S="FL2", P3N="FL1", P4N="FL1", P5N="FL1 #4")
    assert [*columns(path)] == ["FL1 (CD4)", "FL2", "FL1", "FL1 #4", "FL1 #4 #5"]
    assert said(path, "brackets") == "channels are named by $PnN, and $PnS in brackets"
    assert said(path, "one name").endswith("'FL1 #4', 'FL1 #4 #5'")
    assert [*columns(fcs(tmp_path / "a.fcs", [[1]], P1N=""))] == ["P1"]
    assert [*columns(fcs(tmp_path / "a.fcs", [[1]], P1N="$FL1 µ"))] == ["$FL1 µ"]


@pytest.mark.parametrize("sep", ["/", "|", "\\", "\f", "*", "^", "+", "!", "."])
def test_separators(sep: str, tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[1]], sep=sep, P1N=f"a{sep}{sep}b", P1R="1024", P1E="0,0", BYTEORD="1,2,3,4")
    assert columns(path) == {f"a{sep}b": [1]}


def test_empty_values_shift_nothing(tmp_path: Path) -> None:
    assert columns(fcs(tmp_path / "a.fcs", [[4]], first="$COM//$P1S//$P1G/2/")) == {"FL1": [2]}


def test_supplemental_text(tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[4, 10]], P2N="Time", supplemental="/$P1G/2/$P1S/CD4/$TIMESTEP/0.5/$P1N/other/")
    assert columns(path) == {"FL1 (CD4)": [2], "Time": [5]}


def test_compensation_is_said(tmp_path: Path) -> None:
    path = fcs(tmp_path / "a.fcs", [[1, 2]], SPILLOVER="2,FL1,FL2,1,0.5,0,1")
    assert columns(path) == {"FL1": [1], "FL2": [2]}
    assert said(path, "compensation").startswith("compensation ($SPILLOVER of 2 channels) is not applied")


def test_several_data_sets(tmp_path: Path) -> None:
    one = fcs(tmp_path / "one.fcs", [[1], [2]], NEXTDATA="00000000").read_bytes()
    two = fcs(tmp_path / "two.fcs", [[3], [4], [5]]).read_bytes()
    path = tmp_path / "a.fcs"
    path.write_bytes(one.replace(b"/$NEXTDATA/00000000/", f"/$NEXTDATA/{len(one):08}/".encode()) + two)
    assert columns(path) == {"FL1": [1, 2]}
    assert said(path, "data sets") == "it holds 2 data sets: read is number 1 (another: dataset=)"
    assert columns(path, dataset=2) == {"FL1": [3, 4, 5]}
    with pytest.raises(DataError, match=r"dataset=3: .* holds 2 data sets"):
        read_dataset(path, dataset=3)
    path.write_bytes(one.replace(b"/$NEXTDATA/00000000/", b"/$NEXTDATA/00000010/") + two)
    assert columns(path) == {"FL1": [1, 2]}


# ── the files of others ──────────────────────────────────────────────────────────────────────────────────────────────


def test_flowio_reads_the_same() -> None:
    flowio = pytest.importorskip("flowio", reason="needs the extra formats")
    for path in (FILES / "flowio.fcs", FILES / "big.fcs"):
        theirs = flowio.FlowData(path).as_array()
        assert np.array_equal(np.stack([np.asarray(c) for c in read_dataset(path).X.columns], 1), theirs)
    assert [*columns(FILES / "flowio.fcs")] == ["FSC-A", "FL1-A (CD4)", "FL2-A (CD8/a)", "Time"]
    assert columns(FILES / "flowio.fcs")["Time"][:3] == [0, 0.01, 0.02]


@pytest.mark.parametrize("form", ["<u1", "<u2", ">u2", "<u4", ">u4", "<f4", ">f4", "<f8"])
def test_flowio_reads_the_same_numbers(form: str, tmp_path: Path) -> None:
    flowio = pytest.importorskip("flowio", reason="needs the extra formats")
    rng = np.random.default_rng(0)
    events = rng.integers(0, 256, (50, 3))
    log = {"P1E": "4,1"} if form[1] == "u" else {}
    path = fcs(tmp_path / "a.fcs", events, form, P1R="128", P2R="200", P3R="256", P2G="3", P3N="Time", TIMESTEP="0.3", **log)
    theirs = flowio.FlowData(path).as_array()
    assert np.array_equal(np.stack([np.asarray(c) for c in read_dataset(path).X.columns], 1), theirs)


# ── wrong files ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"DATATYPE": "A"}, r"written as text .\$DATATYPE A"),
        ({"DATATYPE": "X"}, r"\$DATATYPE is 'X'"),
        ({"DATATYPE": ""}, r"\$DATATYPE is ''"),
        ({"MODE": "C"}, r"histograms .\$MODE C"),
        ({"BYTEORD": "3,4,1,2"}, r"\$BYTEORD 3,4,1,2, is not read"),
        ({"PAR": ""}, r"no \$PAR"),
        ({"PAR": "many"}, r"\$PAR is 'many', and should be a number"),
        ({"PAR": "0"}, "0 channels"),
        ({"PAR": "3"}, r"no \$P3B"),
        ({"PAR": "2000000000"}, r"no \$P3B"),
        ({"P1B": "16"}, "numbers of 16 bits .* of type F"),
        ({"P1E": "4"}, r"\$P1E is '4', and should be two numbers"),
        ({"P1G": "x"}, r"\$P1G is 'x'"),
        ({"TOT": "3"}, r"\$TOT says 3 events of 8 bytes, but the data has 16 bytes"),
        ({"TOT": "1"}, r"\$TOT says 1 events of 8 bytes, but the data has 16 bytes"),
        ({"TOT": "100000000000"}, r"\$TOT says 100,000,000,000 events"),
        ({"TOT": "0"}, "no events"),
        ({"TOT": "nan"}, r"\$TOT is 'nan'"),
    ],
)
def test_wrong_keywords(keys: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words) as error:
        read_dataset(fcs(tmp_path / "a.fcs", [[1, 2], [3, 4]], **keys))
    assert "a.fcs" in str(error.value)


def test_places_of_the_data(tmp_path: Path) -> None:
    events = [[1, 2], [3, 4]]
    assert columns(fcs(tmp_path / "a.fcs", events, header=False))["FL1"] == [1, 3]  # of a large file
    assert columns(fcs(tmp_path / "a.fcs", events, behind=1))["FL1"] == [1, 3]  # the end is the byte behind
    assert columns(fcs(tmp_path / "a.fcs", events, version="FCS2.0", TOT=""))["FL1"] == [1, 3]
    with pytest.raises(DataError, match="but the data has 20 bytes"):
        read_dataset(fcs(tmp_path / "a.fcs", events, behind=4))
    with pytest.raises(DataError, match="no events"):
        read_dataset(fcs(tmp_path / "a.fcs", events, version="FCS2.0", header=False))


def test_cut_off_and_other_files(tmp_path: Path) -> None:
    data = fcs(tmp_path / "a.fcs", [[1, 2], [3, 4]]).read_bytes()
    for n in range(1, len(data), 7):
        (tmp_path / "a.fcs").write_bytes(data[:n])
        with pytest.raises(DataError, match=r"a\.fcs") as error:
            read_dataset(tmp_path / "a.fcs")
        assert "\n" not in str(error.value)
    for start, words in ((b"", "is empty"), (b"PK\3\4", "no FCS file"), (b"FCS1.0", "version 1.0"), (b"FCS4.0", "version 4.0")):
        (tmp_path / "a.fcs").write_bytes(start + data[6:] if start else b"")
        with pytest.raises(DataError, match=words):
            read_dataset(tmp_path / "a.fcs")
    (tmp_path / "a.fcs").write_bytes(data[:10] + b"      58 9999999" + data[26:])
    with pytest.raises(DataError, match="its TEXT is said to lie in bytes 58 to 9,999,999"):
        read_dataset(tmp_path / "a.fcs")


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = pa.table({"FSC-A": [0.1, None, 1e300], "FL1-A (CD4)": pa.array([1, 2**40, -5]), "yes": [True, False, None]})
    write(table, tmp_path / "a.fcs")
    again = read_dataset(tmp_path / "a.fcs").X
    assert again.column_names == table.column_names
    for name in table.column_names:
        assert [None if v != v else v for v in again[name].to_pylist()] == table[name].to_pylist()
    narrow = pa.table({"x": pa.array([0.1, 2], pa.float32())})
    write(narrow, tmp_path / "a.fcs")
    assert read_dataset(tmp_path / "a.fcs").X.equals(narrow)
    assert [p.name for p in tmp_path.iterdir()] == ["a.fcs"]


def test_what_the_file_that_was_read_says_is_kept(tmp_path: Path) -> None:
    flowio = pytest.importorskip("flowio", reason="needs the extra formats")
    source = FILES / "flowio.fcs"
    table = read_dataset(source).X
    write(table.append_column("z1", pa.array(np.arange(40.0))), tmp_path / "a.fcs", source)
    again = read_dataset(tmp_path / "a.fcs")
    for name in table.column_names:  # nothing is divided by a gain, or multiplied by a step, again
        assert again.X[name].to_pylist() == table[name].to_pylist()
    theirs = flowio.FlowData(tmp_path / "a.fcs")
    assert (theirs.text["cyt"], theirs.text["spillover"]) == ("Aria", "2,FL1-A,FL2-A,1,0.1,0.2,1")
    assert theirs.pns_labels == ["", "CD4", "CD8/a", "", ""]
    assert np.array_equal(theirs.as_array(), np.stack([np.asarray(c) for c in again.X.columns], 1))
    write(table.drop_columns(["FSC-A", "FL1-A (CD4)"]), tmp_path / "a.fcs", source)
    assert "spillover" not in flowio.FlowData(tmp_path / "a.fcs").text  # one of its channels is gone


def test_what_cannot_be_written(tmp_path: Path) -> None:
    for table, words in (
        ({"x": ["a"]}, "column 'x' holds texts, and .fcs files hold numbers only"),
        ({"x": pa.array([], pa.float64())}, "0 rows"),
        ({"x": [2**60 + 1]}, "holds 1.15292e.18"),
        ({"": [1]}, "has no name"),
    ):
        with pytest.raises(DataError, match=words):
            write(pa.table(table), tmp_path / "a.fcs")
    assert not [*tmp_path.iterdir()]


def test_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_dataset(FILES / "flowio.fcs").X
    monkeypatch.setattr(cytometry, "EVENTS", 7)
    monkeypatch.setattr(cytometry, "MAX_BYTES_IN_MEMORY", 100)
    assert read_dataset(FILES / "flowio.fcs").X.equals(whole)
    write(whole, tmp_path / "a.fcs")
    assert columns(tmp_path / "a.fcs") == whole.to_pydict()


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=9).filter(
    lambda n: n.strip() == n
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(st.dictionaries(NAMES, st.lists(st.floats(allow_infinity=False), min_size=2, max_size=2), min_size=1, max_size=3))
def test_any_numbers_come_back(tmp_path: Path, cells: dict[str, list[float]]) -> None:
    write(pa.table(cells), tmp_path / "a.fcs")
    again = read_dataset(tmp_path / "a.fcs").X
    assert again.column_names == [*cells]
    for name, numbers in cells.items():
        assert np.array_equal(np.asarray(again[name]), numbers, equal_nan=True)
