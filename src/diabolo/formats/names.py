"""Names of the files of a data set: of which kind they are, which are data, and which match a pattern.

*.parquet    the files, and those in and below folders that are called so
**           any number of folders
. _          at the beginning of a name: no data, such as _SUCCESS
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import DataError

__all__ = [
    "ARROW",
    "CSV",
    "JSON",
    "KINDS",
    "PATTERN",
    "READABLE",
    "check_links",
    "check_no_hive",
    "ends",
    "kind_of",
    "kind_within",
    "matches",
    "shown",
    "would_be_read",
]

END = ".parquet"
CSV = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
JSON = (".jsonl", ".jsonl.gz")
ARROW = (".feather", ".arrow")
READABLE = (*CSV, END, *ARROW)  # files of tables
KINDS = {"parquet": (END,), "csv": CSV, "json": JSON, "arrow": ARROW}
PATTERN = re.compile(r"[*?\[]")
NOTES = ("", ".md", ".txt", ".json", ".xml", ".html", ".yaml", ".yml")  # endings of what says something of the tables beside it
MOST_NOTES = 5


def kind_of(path: str | Path) -> str | None:
    """The kind of a table's file, by the ending of its name.

    >>> kind_of("a.csv.gz"), kind_of("a.png")
    ('csv', None)
    """
    text = str(path)
    return None if "\n" in text else next((kind for kind, ends in KINDS.items() if text.lower().endswith(ends)), None)


def kind_within(names: Sequence[str]) -> str | None:
    """The kind of the tables of a folder: Parquet, if there is any, or the only one, if beside it are no more than notes.

    Many .txt are documents, and the table is beside them.

    >>> kind_within(["a.csv", "README.md"]), kind_within(["a.csv", "b.mtx"]), kind_within(["a.parquet", "b.csv", "c.txt"])
    ('csv', None, 'parquet')
    """
    kinds = {kind for name in names if (kind := kind_of(name))}
    if "parquet" in kinds:
        return "parquet"
    others = [os.path.splitext(name)[1].lower() for name in names if not kind_of(name)]
    documents = others.count(".txt") > max(MOST_NOTES, len(names) - len(others))
    return min(kinds) if len(kinds) == 1 and not documents and {*others} <= {*NOTES} else None


def ends(path: str | Path) -> bool:
    return kind_of(path) == "parquet"


def shown(name: str) -> bool:
    """Whether a file is data: not _SUCCESS, not .part"""
    return not name.startswith((".", "_"))


def matches(name: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a file, or a folder around it, has a name like this; ** is any number of folders.

    >>> matches(["a", "b.parquet"], ["*.parquet"]), matches(["a", "b.parquet"], ["**", "*.parquet"]), matches(["a", "b"], ["a"])
    (False, True, True)
    """
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(matches(name[i:], pattern[1:]) for i in range(len(name)))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and matches(name[1:], pattern[1:])


def would_be_read(path: str | Path, given: str) -> bool:
    """Whether a file of this name would be one of those in a folder, or one that matches a pattern."""
    given = re.sub("^file:/+", "/", given)
    root = given if os.path.isdir(given) else PATTERN.split(given)[0].rpartition("/")[0]
    if root != given and not PATTERN.search(given):
        return False
    name = os.path.relpath(os.path.realpath(path), os.path.realpath(root or ".")).split("/")
    return all(map(shown, name)) and matches(name, given[len(root) :].strip("/").split("/") if root != given else [])


def check_no_hive(said: str, names: Sequence[str]) -> None:
    """Raise a DataError if the name of a folder among these names holds a column."""
    for folder in map(os.path.dirname, names):
        if "=" in folder:
            raise DataError(
                f"{said!r} holds columns in the names of folders, such as {folder!r}, which are not read: "
                "write them into the files, or name the files, such as a list of their paths"
            )


def check_links(folder: str) -> None:
    """Raise a DataError for a link to a file that is not there: Arrow passes it over."""
    for at, folders, names in os.walk(folder):
        folders[:] = filter(shown, folders)
        for path in (os.path.join(at, name) for name in names if kind_of(name) and shown(name)):
            if os.path.islink(path) and not os.path.exists(path):
                raise DataError(f"{path!r} is a link to a file that is not there: put it in place, or remove the link")
