"""Text from clients: white space and the characters that are accepted, in JSON too. Also numbers with their nouns.

Every interface (XML, GraphQL, the command line, HTTP Basic) follows these rules, so that a value is the same whichever
way it arrives. White space is tab, line feed, carriage return and space and nothing else, as in the `whiteSpace` facet
of XML Schema Part 2. Other Unicode spaces, such as U+00A0 and U+3000, are characters like any other.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

WHITE_SPACE: Final = " \t\n\r"

_RUN = re.compile(f"[{WHITE_SPACE}]+")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class JsonConstantError(ValueError):
    """A text has NaN or an infinity, which Python reads although they are not JSON. The message is its name."""


def refuse_json_constant(name: str) -> NoReturn:
    """Raise JsonConstantError: the `parse_constant` of `json.loads`."""
    raise JsonConstantError(name)


def collapsed(text: str) -> str:
    """Return the text with white space collapsed as in xs:token: none at either end, single spaces within."""
    if " " not in text and text.isprintable():
        return text  # a tab or a line end is not printable
    return _RUN.sub(" ", text).strip(" ")


def is_blank(text: str | None) -> bool:
    """Return whether the text is None, empty or white space only."""
    return not text or not text.strip(WHITE_SPACE)


def present(text: str | None) -> str | None:
    """Return the text unchanged, or None if it is blank."""
    return None if is_blank(text) else text


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: `1 node`, `2 nodes`, `1,000 nodes`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def as_sentence(text: str) -> str:
    """Return a description as a sentence, which begins with a capital letter and ends with a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def with_line_feeds(text: str) -> str:
    """Return the text of a form with the line ends of XML: a browser sends CR LF for each."""
    return text.replace("\r\n", "\n")


def is_whole_number(text: str) -> bool:
    """Return whether the text is one or more digits from 0 to 9. `str.isdigit` also accepts other Unicode digits."""
    return text.isascii() and text.isdigit()


def camel_case(name: str) -> str:
    """Return a name in snake_case as camelCase, as the elements of requests and the fields of GraphQL have it."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def writable(text: str) -> str:
    """Return the text with a replacement character for each character that XML and the database cannot hold."""
    return _UNWRITABLE.sub("\ufffd", text)


def is_writable(text: str) -> bool:
    """Return whether XML and the database can hold every character of the text."""
    return _UNWRITABLE.search(text) is None
