"""What a service is called with beside its request, and how a service describes itself to its callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Generic, TypeVar

from sqlalchemy import Engine

from app.identity.rights import Caller
from app.runs.turns import Shares, Workload
from app.services.answer import Answer, Part
from app.settings import Settings
from app.solutions.limits import DEFAULT_LIMITS, Limits
from app.solutions.people.cipher import Cipher

Request = TypeVar("Request")

CollapsedText = Annotated[str, "token"]
"""A text in which white space around and repeated inside means nothing, such as a reference."""

Verbatim = Annotated[str, "verbatim"]
"""A value that is kept as it is given, even if it is white space only. A plain `str` that is blank counts as absent."""


Writer = Callable[[str, Answer], Iterable[bytes]]
"""Writes an answer as a document with a root of this name."""

PartsWriter = Callable[[Iterable[Part]], Iterable[bytes]]
"""Writes parts of an answer as they stand in its document."""


@dataclass(frozen=True)
class Call:
    """Who calls, where the data is, how answers that are kept and parts of them are written, the conditions of HTTP
    headers, what encrypts authentications, the limits of end users and answers, and the turns of long work."""

    engine: Engine
    caller: Caller
    write: Writer
    write_parts: PartsWriter
    if_match: str | None = None
    cipher: Cipher = field(default_factory=Cipher)
    limits: Limits = DEFAULT_LIMITS
    workload: Workload = field(default_factory=lambda: Workload(Shares.of(Settings())))


@dataclass(frozen=True)
class Service(Generic[Request]):
    """A service: its name is the root of its request and of its answer.

    `request` is a dataclass whose fields, in snake_case, are the elements of the request. `long` says that it may take
    minutes: it takes a turn of the workload, and its statements have no time limit.
    """

    name: str
    request: type[Request]
    run: Callable[[Request, Call], Answer]
    long: bool = False
