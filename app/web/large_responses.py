"""Large responses: a process builds only a few of them at the same time."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Response, after_this_request, g

from app.runs.turns import Turns


def begin_large_response(turns: Turns, user: str | None) -> None:
    """Take a turn for the present request, once, and keep it until the response has been sent.

    Raises BusyError if the turn does not come.
    """
    if g.get("has_large_response"):
        return
    g.has_large_response = True
    turn = ExitStack()
    turn.enter_context(turns.soon(user))

    def kept(response: Response) -> Response:
        response.call_on_close(turn.close)
        return response

    after_this_request(kept)
