"""Which attributes are labels, and which of their values is a 1.

    scene.xml beside scene.arff or scene-train.arff    Mulan: <label name="..."/>, also within one another, a hierarchy
    @relation 'scene: -C 6'                            MEKA: the first 6 attributes; -C -6: the last 6
    labels=                                            an XML of Mulan's, or a number as that of -C

Never by position alone: without one of these, no attribute is a label.

MEKA takes the second declared value for a 1, Mulan the value that reads 1: of {1, 0} they say the opposite. Here 1 is a 1; so
is the yes of yes and no, in whatever order; of two other words it is the second one, with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ....errors import DataError, suggest, warn
from ...targets import NO, YES
from .header import Attribute, Header

__all__ = ["Labels", "found_labels", "meaning_of"]

PART = re.compile(r"[-_. ]?(train|test|trn|tst|tra|valid|val)\d*$", re.IGNORECASE)
OPTION = re.compile(r"(?:^|\s)-[Cc](?:\s+(\S*))?")
NEGATIVE = (*NO, "neg", "negative", "absent", "-1", "-1.0", "0", "0.0")
POSITIVE = (*YES, "pos", "positive", "present", "1", "1.0", "+1")
SHOWN = 5  # names in a sentence


class Labels:
    """The places of the labels, in the order of the file, and who says so."""

    def __init__(self, places: Sequence[int], said: str, number: int | None = None) -> None:
        self.places, self.said, self.number = sorted(places), said, number


def found_labels(path: Path, header: Header, asked: str | Path | int | None) -> Labels:
    """The attributes that are labels.

    Raises
    ------
    DataError
        A name that no attribute has, a number larger than there are attributes, or two sources that disagree.
    """
    if asked is not None:
        number = _whole(asked)
        if number is not None:
            return _counted(path, header, number, f"labels={number}")
        return _named(path, Path(str(asked)), header, must=True)
    beside = next((named for other in _beside(path) if (named := _named(path, other, header, must=False)).said), None)
    option = _option(path, header)
    if beside is None and option is None:
        none = "no attribute is a label: there is no XML of Mulan's beside the file, and its relation has no -C"
        return Labels((), f"{none}; labels=-6 takes the last six, labels='tags.xml' those that it names")
    if beside is not None and option is not None and beside.places != option.places:
        raise DataError(
            f"{str(path)!r}: which attributes are labels? {beside.said}; but {option.said}: "
            f"say one, such as labels={option.number}"
        )
    return beside or option or Labels((), "")


def meaning_of(path: Path, attribute: Attribute, label: bool) -> tuple[dict[str, int] | None, str]:
    """What each value of a nominal attribute is, 0 or 1, if it can be; and what was decided about it.

    >>> one = Attribute("spam", "nominal", ("pos", "neg"))
    >>> meaning_of(Path("a.arff"), one, label=True)
    ({'pos': 1, 'neg': 0}, "label 'spam' is 1 where it is 'pos'")
    """
    if attribute.kind == "nominal" and attribute.binary:
        return {value: int(value) for value in attribute.values}, ""
    if not label or attribute.kind == "number":
        return None, ""
    name, values = attribute.name, attribute.values
    if attribute.kind != "nominal":
        raise DataError(
            f"{str(path)!r}: label {name!r} is declared as {attribute.declared[:60]!r}: a label is 0 or 1, or one of two words"
        )
    if len(values) != 2:
        raise DataError(
            f"{str(path)!r}: label {name!r} has {len(values)} value(s), {some(values)}: a label has two; "
            "what MEKA calls multi-target is not multi-label: say labels=0, and give one attribute as y"
        )
    yes = [value.strip().casefold() in POSITIVE for value in values]
    no = [value.strip().casefold() in NEGATIVE for value in values]
    if not (yes[0] and no[1]) and not (no[0] and yes[1]):
        warn(
            f"{str(path)!r}: label {name!r} is one of {values[0]!r} and {values[1]!r}: taken for 1 is {values[1]!r}, "
            "which is declared second"
        )
        yes = [False, True]
    return {
        value: int(v) for value, v in zip(values, yes, strict=True)
    }, f"label {name!r} is 1 where it is {values[yes.index(True)]!r}"


def _counted(path: Path, header: Header, number: int, who: str) -> Labels:
    d = len(header.attributes)
    if abs(number) >= d:
        raise DataError(f"{str(path)!r}: {who}, but the file has {d:,} attributes: at least one is no label")
    places = range(number) if number >= 0 else range(d + number, d)
    names = some([header.attributes[j].name for j in places])
    where = "first" if number > 0 else "last"
    said = (
        f"the {where} {abs(number):,} of {d:,} attributes are labels, as {who} says: {names}"
        if number
        else f"no attribute is a label, as {who} says"
    )
    return Labels(places, said, number)


def _option(path: Path, header: Header) -> Labels | None:
    """What MEKA's -C says in the name of the relation, behind a colon."""
    found = OPTION.findall(header.relation.partition(":")[2])
    if not found:
        return None
    numbers = {_whole(re.sub(r"-weka\..*", "", word)) for word in found}  # filters of WEKA append their names
    if len(numbers) > 1 or None in numbers:
        raise DataError(
            f"{str(path)!r}: the relation is named {header.relation[:80]!r}: -C needs one number, of the labels, such as -C 6 "
            "for the first, -C -6 for the last: correct it, or say labels=6"
        )
    return _counted(path, header, next(n for n in numbers if n is not None), "-C in the relation's name")


def _beside(path: Path) -> list[Path]:
    name = re.sub(r"\.arff(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    names = dict.fromkeys([name, PART.sub("", name)])
    return [other for stem in names if stem and (other := path.with_name(f"{stem}.xml")).is_file()]


def _named(path: Path, xml: Path, header: Header, must: bool) -> Labels:
    """The labels that an XML names; none with nothing said, if it is another kind of XML and need not be one of Mulan's."""
    try:
        root = ElementTree.parse(xml).getroot()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{str(xml)!r}, which should name the labels of {path.name!r}, is no XML: {error}") from None
    except OSError as error:
        raise DataError(f"labels={str(xml)!r} is no number, and no file that can be read: {error.strerror}") from None
    sections = sum(1 for node in root.iter() if node.tag.rpartition("}")[2] == "labels")
    if root.tag.rpartition("}")[2] != "labels" or sections > 1:
        if must or sections:
            raise DataError(
                f"{str(xml)!r} is no XML of Mulan's: its root is <{root.tag}>, with {sections} section(s) <labels>; "
                "expected one, as its root"
            )
        return Labels((), "")
    found = [node for node in root.iter() if node.tag.rpartition("}")[2] == "label"]
    below = sum(1 for node in found for child in node if child.tag.rpartition("}")[2] == "label")
    places = {attribute.name: j for j, attribute in enumerate(header.attributes)}
    names = [node.get("name") for node in found]
    _check(path, xml, names, places)
    tree = f"; {below:,} of them stand below another one: a hierarchy, not used" if below else ""
    chosen = [places[str(name)] for name in names]
    shown = some([header.attributes[j].name for j in sorted(chosen)])
    return Labels(chosen, f"{len(names):,} of {len(places):,} attributes are labels, as {xml.name} says: {shown}{tree}")


def _check(path: Path, xml: Path, names: list[str | None], places: Mapping[str, int]) -> None:
    seen: set[str | None] = set()
    for name in names:
        if name is None:
            raise DataError(f"{str(xml)!r}: a <label> has no name")
        if name in seen:
            raise DataError(f"{str(xml)!r} names label {name!r} twice")
        if name not in places:
            raise DataError(
                f"{str(xml)!r} names the label {name!r}, but no attribute of {path.name!r} has this name"
                f"{suggest(name, places)}: correct it, or say labels= with the right XML, or labels=0"
            )
        seen.add(name)
    if not names:
        raise DataError(f"{str(xml)!r} names no label: expected such as <label name='amazed'/>")
    if len(names) == len(places):
        raise DataError(f"{str(xml)!r} names all attributes of {path.name!r}: at least one is no label")


def _whole(value: Any) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def some(names: Sequence[str]) -> str:
    """A few of them, for a sentence."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more
