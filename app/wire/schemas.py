"""The published schemas at work: libxml2 decides whether a document is valid, xmlschema explains why not."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import cast

import xmlschema
from lxml import etree

SCHEMA_DIRECTORY = Path(__file__).parent.parent.parent / "schemas"
MOST_FAULTS = 100

_compiled = threading.local()
_explaining = threading.Lock()


def request_schema(service: str) -> etree.XMLSchema:
    """The compiled schema of a service's request: one a thread, since its error log is not thread-safe."""
    by_service: dict[str, etree.XMLSchema] = _compiled.__dict__
    schema = by_service.get(service)
    if schema is None:
        schema = by_service[service] = etree.XMLSchema(file=str(_request_file(service)))
    return schema


def faults(service: str, root: etree._Element) -> list[tuple[str, str]]:
    """What is wrong with a request, as (flat XML path, reason) pairs; nothing where it is valid."""
    schema = request_schema(service)
    if schema.validate(root):
        return []
    with _explaining:
        errors = list(islice(_explainer(service).iter_errors(root, use_defaults=False), MOST_FAULTS))
    explained = [(_flat(error.path or ""), _reason(error.path or "", error.reason or "")) for error in errors]
    # What libxml2 refuses and xmlschema does not find, such as a no-break space around a number.
    return explained or [("", _reason(message, message)) for message in _messages(schema)[:1]]


def log_faults(log: etree._ListErrorLog) -> list[tuple[str, str]]:
    """The same of a document that was read as a stream, in libxml2's words."""
    return [(f"line {entry.line}", _reason(entry.message, entry.message)) for entry in islice(log, MOST_FAULTS)]


def _messages(schema: etree.XMLSchema) -> list[str]:
    log = cast(Iterable[etree._LogEntry], schema.error_log)
    return [entry.message for entry in log]


@cache
def _explainer(service: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(_request_file(service)), allow="local")


def _request_file(service: str) -> Path:
    return SCHEMA_DIRECTORY / "requests" / f"{service}.xsd"


def _flat(path: str) -> str:
    """`/Root/a/b[2]` as the flat XML name `a/b[2]`."""
    return path.lstrip("/").partition("/")[2]


def _reason(where: str, reason: str) -> str:
    """The reason in one short line; a password's value is never repeated."""
    if "assword" in where:
        return "is not acceptable"
    line = " ".join(reason.split())
    return line if len(line) <= 300 else line[:300] + "..."
