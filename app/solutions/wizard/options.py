"""The entries of drop-down lists, which the host of the wizard provides at `RELINK_OPTIONS_URL`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final

import structlog

from app.settings import Settings
from app.solutions.content.model import ConfigType, Ddl, Json, NotJsonError, read_json
from app.solutions.messages import SIGNATURE_HEADER, signature
from app.solutions.outgoing import post
from app.solutions.wizard.texts_of_values import Choice
from app.text import writable

TIMEOUT: Final = 5.0
MOST_BYTES: Final = 1024 * 1024
MOST_CHOICES: Final = 5000
_MOST_AT_ONCE: Final = 4
"""A process asks for this many lists at once. A slow host does not hold up the other pages."""

_log = structlog.get_logger("relink.wizard")
_places = BoundedSemaphore(_MOST_AT_ONCE)


@dataclass(frozen=True)
class ListSource:
    """What the list of a slot depends on. `is_new`: the authentication does not exist before the wizard is finished."""

    ddl: Ddl
    instance_id: str
    authentication_id: str | None = None
    is_new: bool = False


def read_choices(settings: Settings, source: ListSource) -> list[Choice] | None:
    """Return the entries of a list, or None if no URL is set or the list cannot be loaded now.

    The log says why a list cannot be loaded. It names the authentication by its id, and holds nothing of the response.
    """
    if settings.options_url is None:
        return None
    if not _places.acquire(timeout=TIMEOUT):
        _log.warning("list not loaded", reason="too many lists are being loaded", **_named(source))
        return None
    try:
        found = _asked(settings, settings.options_url, source)
    finally:
        _places.release()
    if isinstance(found, str):
        _log.warning("list not loaded", reason=found, **_named(source))
        return None
    return found


def _asked(settings: Settings, url: str, source: ListSource) -> list[Choice] | str:
    """Return the entries, or why they cannot be loaded."""
    body = json.dumps(_question(source)).encode()
    secret = settings.webhook_secret
    headers = {} if secret is None else {SIGNATURE_HEADER: signature(secret, int(time.time()), body)}
    response = post(url, body, headers, within=TIMEOUT, most=MOST_BYTES)
    if isinstance(response, str):
        return response
    if response.status != 200:
        return f"status {response.status}"
    if response.body is None:
        return f"the response has more than {MOST_BYTES} bytes"
    try:
        return _choices(read_json(response.body.decode()))
    except (UnicodeDecodeError, NotJsonError):
        return "the response is not JSON"
    except _NotChoicesError as error:
        return str(error)


class _NotChoicesError(ValueError):
    """A response in JSON that is not a list of entries."""


def _question(source: ListSource) -> dict[str, Json]:
    ddl = source.ddl
    return {
        "connector": ddl.connector,
        "version": ddl.connector_version,
        "operation": ddl.operation,
        "input": None if ddl.input is None else read_json(ddl.input),
        "authenticationId": source.authentication_id,
        "authenticationIsNew": source.is_new,
        "solutionInstanceId": source.instance_id,
    }


def _choices(found: Json) -> list[Choice]:
    if not isinstance(found, list) or len(found) > MOST_CHOICES:
        raise _NotChoicesError(f"the response is not a list of at most {MOST_CHOICES} entries")
    return [_choice(entry) for entry in found]


def _choice(entry: Json) -> Choice:
    text = entry.get("text") if isinstance(entry, dict) else None
    value = entry.get("value") if isinstance(entry, dict) else None
    if not isinstance(text, str) or not ConfigType.DDL.admits(value):
        raise _NotChoicesError("an entry has no text, or its value is not a string, a number or a boolean")
    return Choice(writable(text), json.dumps(value))


def _named(source: ListSource) -> dict[str, str | None]:
    return {
        "instance_id": source.instance_id,
        "authentication_id": source.authentication_id,
        "connector": source.ddl.connector,
        "operation": source.ddl.operation,
    }
