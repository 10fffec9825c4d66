"""The services as the pages of the console show them, in one file that is part of the package."""

from __future__ import annotations

import json
from collections.abc import Iterator

from docs.generator.services import ROOT, Schema, example, local, service_names

FILE = ROOT / "app" / "console" / "reference" / "services.json"

_XS = "{http://www.w3.org/2001/XMLSchema}"
_TRUE_OR_FALSE = ["true", "false"]


def text() -> str:
    """The file: for each service its description, the elements of its messages, and an example."""
    return json.dumps({name: _service(name) for name in service_names()}, indent=1, ensure_ascii=False) + "\n"


def _service(name: str) -> dict[str, object]:
    request, response = Schema("requests", name), Schema("responses", name)
    title, given, returned = example(name)
    return {
        "about": _plain(request.about(name)),
        "request": [_field(request, *field) for field in request.fields(name)],
        "response": [_field(response, *field) for field in response.fields(name)],
        "example": {"title": title, "request": given, "response": returned},
    }


def _field(schema: Schema, path: str, occurs: str, about: str) -> dict[str, object]:
    field: dict[str, object] = {"path": path, "occurs": occurs, "about": _plain(about)}
    kind = schema.kind(path)
    if schema.has_elements(kind):
        field["group"] = True
    elif choices := list(_choices(schema, kind)):
        field["choices"] = choices
    return field


def _choices(schema: Schema, kind: str) -> Iterator[str]:
    """The values that a type lists, also through the types that it is made of."""
    if kind == "boolean":
        yield from _TRUE_OR_FALSE
    of = schema.simple_type(kind)
    if of is None:
        return
    for restriction in of.iter(f"{_XS}restriction"):
        found = [value.get("value", "") for value in restriction.iterfind(f"{_XS}enumeration")]
        yield from filter(None, found or _choices(schema, local(restriction.get("base"))))
    for union in of.iter(f"{_XS}union"):
        for member in (union.get("memberTypes") or "").split():
            yield from _choices(schema, local(member))


def _plain(markdown: str) -> str:
    return markdown.replace("\\|", "|").replace("&lt;", "<")
