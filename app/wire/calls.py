"""The context in which this process calls a service for a request."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from app.identity.rights import Caller
from app.services.call import Call
from app.web.context import resources
from app.web.large_responses import begin_large_response
from app.wire.response_documents import written
from app.wire.xml_writer import write_parts


def call_of(caller: Caller, *, if_match: str | None = None, network: str = "") -> Call:
    """Return the context of a request of a caller, with the resources of the present application."""
    shared = resources()
    call = Call(
        shared.engine,
        caller,
        written,
        write_parts,
        if_match,
        shared.workload,
        network=network,
        confirm=partial(shared.sign_in.confirm, caller),
        settings=shared.settings,
    )
    return replace(call, before_large=partial(begin_large_response, shared.workload.large_responses, call.user))
