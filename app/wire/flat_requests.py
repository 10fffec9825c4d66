"""Requests as parameters: flat XML names with values, in a query string or a form.

`nodeReference=acme.A` is an element with a text, and `ConfigValueList/ConfigValue[2]/externalId=x` an element in the
second `ConfigValue`. A step without a number is the first of its name. Numbers give the order and need not be
complete.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from app.errors import MOST_FAULTS
from app.web.refusal import Refused
from app.wire.made_documents import MOST_DEPTH, MemberContent, Members
from app.wire.refused_requests import NotValidError

_MOST_PARAMETERS = 5000
_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([1-9][0-9]{0,5})\])?", re.ASCII)
_LONGEST_SHOWN = 60

_Step = tuple[str, int]
_Tree = dict[_Step, "_Tree | str"]


def flat_members(parameters: bytes) -> Members:
    """Return the elements of a request in the URL-encoded form of parameters. Raises Refused and NotValidError."""
    try:
        pairs = parse_qsl(
            parameters.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except UnicodeError:
        raise Refused(400, "the parameters are not URL-encoded UTF-8") from None
    except ValueError:
        raise Refused(400, f"there are more than {_MOST_PARAMETERS} parameters") from None
    tree: _Tree = {}
    faults = [(_shown(name), reason) for name, value in pairs if (reason := _put(tree, name, value)) is not None]
    if faults:
        raise NotValidError(faults[:MOST_FAULTS])
    return _members(tree)


def _put(tree: _Tree, name: str, value: str) -> str | None:
    """Put a value into the tree, or return what is wrong with its name."""
    steps = _steps(name)
    if steps is None:
        return "is not a path of element names, such as nodeReference or MemberList/Member[2]/nodeMemberValue"
    *parents, last = steps
    for step in parents:
        inner = tree.setdefault(step, {})
        if isinstance(inner, str):
            return "leads through an element that has a value"
        tree = inner
    if last in tree:
        return "is given more than once" if isinstance(tree[last], str) else "has a value, and elements in it"
    tree[last] = value
    return None


def _steps(name: str) -> list[_Step] | None:
    parts = name.split("/", MOST_DEPTH)
    found = [_STEP.fullmatch(part) for part in parts]
    steps = [(match[1], int(match[2] or 1)) for match in found if match is not None]
    return steps if len(steps) == len(parts) else None


def _members(tree: _Tree) -> Members:
    """Return the elements in the order of their first names, those of one name in the order of their numbers."""
    names = {name: place for place, (name, _) in reversed(list(enumerate(tree)))}
    ordered = sorted(tree.items(), key=lambda item: (names[item[0][0]], item[0][1]))
    return Members((name, _content(inner)) for (name, _), inner in ordered)


def _content(inner: _Tree | str) -> MemberContent:
    return inner if isinstance(inner, str) else _members(inner)


def _shown(name: str) -> str:
    shown = name[:_LONGEST_SHOWN]
    return shown if shown.isprintable() else ascii(shown)
