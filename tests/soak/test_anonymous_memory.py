"""Clients who have not signed in make a web process take a bounded amount of memory, whatever they send."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest

from app.console.visitor import COOKIE, FORM_TOKEN
from tests.conftest import FreshDatabase
from tests.server.test_memory_of_invalid_documents import names
from tests.support.processes import children, most_resident
from tests.support.raw import exchange, request
from tests.support.real_service import serving
from tests.support.served import eventually

CLIENTS = 64
ROUNDS = 2
MIB = 1024 * 1024
SMALL = 64 * 1024
"""A larger body is not parsed for a client who has not signed in."""
MOST_GROWTH_MIB = 120
"""The memory that 64 bodies of a mebibyte take while they arrive and while they are handled."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SESSION = f"{COOKIE}={'t' * 43}"
WIZARD = f"/external/solutions/acme/configure/{UUID(int=1)}"
_numbers = count()


def filled(begin: str, filling: str, end: str, size: int = MIB) -> bytes:
    """A text of at most this many bytes."""
    return (begin + filling * ((size - len(begin) - len(end)) // len(filling)) + end).encode()


def wrong_password() -> bytes:
    """A sign-in as a user who does not exist, with another name each time."""
    credentials = f"<userLogonReference>nobody-{next(_numbers)}</userLogonReference><password>wrong</password>"
    return filled(f"<GetNode>{credentials}", "<x/>", "</GetNode>", SMALL)


def typed_by_nobody() -> bytes:
    fields = {"user": f"nobody-{next(_numbers)}", "password": "x" * 1000, "next": "/" + "x" * (MIB - 2000)}
    return urlencode(fields, safe="/").encode()


KINDS: dict[str, Callable[[], bytes]] = {
    "document": lambda: request("/service", filled("<GetNode>", "<x/>", "</GetNode>")),
    "small document": lambda: request("/service", filled("<GetNode>", "<x/>", "</GetNode>", SMALL)),
    "names": lambda: request("/service", f"<GetNode>{names(6000)}</GetNode>".encode()),
    "wrong password": lambda: request("/service", wrong_password()),
    "import": lambda: request("/service", filled("<NodeImport>", "<x/>", "</NodeImport>")),
    "large import": lambda: request("/service", filled("<NodeImport><NodeList>", "<Node/>", "", 4 * MIB)),
    "JSON": lambda: request("/servicejson/GetNode", filled('{"a":[', "[],", "0]}"), Content_Type=JSON),
    "small JSON": lambda: request("/servicejson/GetNode", filled('{"a":[', "[],", "0]}", SMALL), Content_Type=JSON),
    "JSON import": lambda: request("/servicejson/NodeImport", filled('{"NodeList":[', "[],", "0]}"), Content_Type=JSON),
    "parameters": lambda: request("/service/GetNode", filled("a=1", "&a=1", ""), Content_Type=FORM),
    "small parameters": lambda: request("/service/GetNode", filled("a=1", "&a=1", "", SMALL), Content_Type=FORM),
    "GraphQL": lambda: request("/graphql", filled('{"query":"', "{a}", '"}'), Content_Type=JSON),
    "GraphQL of somebody": lambda: request(
        "/graphql", filled('{"query":"', "{a}", '"}'), Authorization=f"Bearer {'t' * 43}", Content_Type=JSON
    ),
    "sign-in": lambda: request("/console/sign-in", typed_by_nobody(), Content_Type=FORM),
    "fields of the sign-in": lambda: request("/console/sign-in", filled("a=1", "&a=1", ""), Content_Type=FORM),
    "query page": lambda: request(
        "/console/graphql-form", filled("query=", "a", ""), Cookie=SESSION, Content_Type=FORM
    ),
    "wizard": lambda: request(WIZARD, filled(f"token={'t' * 43}", "&a=1", ""), Content_Type=FORM),
    "page": lambda: request("/console/people", filled(f"{FORM_TOKEN}=a", "&a=1", ""), Content_Type=FORM),
    "run": lambda: request("/runs/1/response", filled("", "a", "")),
    "nothing": lambda: request("/nowhere", filled("", "a", "")),
}


@pytest.mark.ledger("PRO-22")
def test_clients_who_have_not_signed_in_do_not_make_a_web_process_grow(
    fresh_database: FreshDatabase, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    with fresh_database(True) as url, serving(url, tmp_path / "serve.log", "--workers=1") as service:
        [gunicorn] = children(service.served.process.pid)
        [worker] = eventually(lambda: children(gunicorn))

        def ask(data: bytes) -> int:
            return exchange(service.url, data).status

        before = most_resident(worker)
        grown: dict[str, int] = {}
        statuses: Counter[int] = Counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            for kind, made in KINDS.items():
                for _ in range(ROUNDS):
                    statuses.update(clients.map(ask, [made() for _ in range(CLIENTS)]))
                grown[kind] = most_resident(worker) - before
        assert json.loads(exchange(service.url, request("/healthz", method="GET")).body) == {"status": "ok"}
    figures(
        f"{statuses.total()} requests of {CLIENTS} clients: {before} MiB before, at most"
        f" {before + max(grown.values())} MiB ({dict(statuses)}); grown after each kind: {grown}"
    )
    assert 500 not in statuses
    assert max(grown.values()) < MOST_GROWTH_MIB
