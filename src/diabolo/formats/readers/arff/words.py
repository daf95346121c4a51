r"""The words of an ARFF file.

    word    'a, b'    "it\'s"    {x, 'y z'}    % a comment        blanks and commas part words

The words are those of WEKA's own reader: % begins a comment wherever it stands, quotes keep all signs as text, and a backslash
within quotes hides the sign after it. WEKA takes two commas for one, and drops the value that a row has too much; here both
are errors, since a value would end up in the column of another.
"""

from __future__ import annotations

import re

__all__ = ["Words", "Wrong", "joined", "quoted", "unquoted", "values_of", "words"]

Words = list[tuple[bool, str]]  # whether each was quoted, and the word; commas and braces are words

QUOTES = r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\""""
WORD = re.compile(
    rf"""[\x00-\x20]*+(?:
        ({QUOTES})(?![^\x00-\x20,{{}}%])
      | ([^\x00-\x20,{{}}%'"]++)(?!['"])
      | ([,{{}}])
      | (%.*|$)
      | (.+)
    )""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3][0-7]{0,2}|[4-7][0-7]?|.)", re.DOTALL)
LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
UNSAFE = re.compile(r"[\x00-\x20,{}%'\"\\]")
HIDDEN = re.compile(r"[\x00-\x1f\\']")


class Wrong(ValueError):  # noqa: N818 - it becomes a DataError as soon as the line is known
    """What is wrong in a line."""


def words(line: str) -> Words:
    """The words of a line, each with whether it was quoted; commas and braces are words.

    >>> words("@attribute 'a, b' {x, 5%} % why")
    [(False, '@attribute'), (True, 'a, b'), (False, '{'), (False, 'x'), (False, ','), (False, '5')]
    """
    found = []
    for text, word, sign, _, rest in WORD.findall(line):
        if word or sign:
            found.append((False, word or sign))
        elif text:
            found.append((True, unquoted(text)))
        elif rest:
            raise Wrong(_no_word(rest))
    return found


def unquoted(text: str) -> str:
    """The text within quotes."""
    return ESCAPE.sub(_sign, text[1:-1]) if "\\" in text else text[1:-1]


def quoted(text: str) -> str:
    r"""A text as a word; in quotes, if it must be.

    >>> print(quoted("plain"), quoted("it's"), quoted("?"), quoted("a\n"))
    plain 'it\'s' '?' 'a\n'
    """
    if text and text != "?" and not UNSAFE.search(text):
        return text
    names = {sign: letter for letter, sign in LETTERS.items() if letter in "nrt"}
    return "'" + HIDDEN.sub(lambda m: "\\" + (names.get(m[0]) or (m[0] if m[0] in "\\'" else f"{ord(m[0]):03o}")), text) + "'"


def values_of(found: Words) -> list[str | None]:
    """Words that commas or blanks part -> values; None where one is missing."""
    values: list[str | None] = []
    comma = True
    for i, (quote, word) in enumerate(found):
        if word == "," and not quote:
            if comma or i == len(found) - 1:
                raise Wrong("nothing stands before or after a comma: write ? where a value is missing")
            comma = True
        elif word in ("{", "}") and not quote:
            raise Wrong(f"{word!r} within a row: put values with braces into quotes")
        else:
            values.append(None if word == "?" and not quote else word)
            comma = False
    return values


def _sign(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "01234567":
        return chr(int(code, 8))
    return chr(int(code[1:], 16)) if len(code) > 1 else LETTERS.get(code, code)


def _no_word(rest: str) -> str:
    if rest[0] in "'\"" and not re.match(QUOTES, rest):
        return f"a quotation mark is not closed: {rest[:30]}"
    return f"a quotation mark within a value: {rest[:30]}: put the whole value into quotes, and a backslash before the mark"


def joined(found: Words) -> str:
    """Words as a text again."""
    parts: list[str] = []
    for quote, word in found:
        sign = not quote and word in ("{", ",", "}")
        if parts and parts[-1] not in ("{", ",") and (not sign or word == "{"):
            parts.append(" ")
        parts.append(word if sign else quoted(word))
    return "".join(parts)
