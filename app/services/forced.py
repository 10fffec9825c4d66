"""Shared by the services that list updates (`impact`) and make them as a run (`force`)."""

from __future__ import annotations

from enum import StrEnum

from app.runs.held import HeldRun
from app.services.call import Call
from app.services.response import ServiceResponse


class UpdateAction(StrEnum):
    """`update` means the same as `force`: the documentation uses both."""

    IMPACT = "impact"
    FORCE = "force"
    UPDATE = "update"


def end_run(call: Call, service: str, run: HeldRun, response: ServiceResponse, *, cancelled: bool) -> ServiceResponse:
    """End a run with its response: write the response, keep it, and return it with `Relink-Run`."""
    response.headers["Relink-Run"] = str(run.identifier)
    response.written = run.end(call.write(service, response), response.error_number, cancelled=cancelled)
    return response


def note_earlier(response: ServiceResponse, run: HeldRun) -> None:
    """Say in a response that it lists only the updates of the last attempt, if earlier ones have made some."""
    if run.done_before:
        many = "1 update was" if run.done_before == 1 else f"{run.done_before} updates were"
        note = (
            f"{many} made before the run was taken up again, and {'is' if run.done_before == 1 else 'are'} not listed:"
            f" see /runs/{run.identifier}/outcomes."
        )
        response.error_description = f"{response.error_description} {note}" if response.error_description else note


def bypassed(count: int, *, done: bool, cancelled: bool) -> list[str]:
    """Return sentences that say why a run is not complete."""
    sentences = ["The run was cancelled."] if cancelled else []
    if count:
        updates = "1 update was" if count == 1 and done else f"{count} updates were" if done else ""
        updates = updates or ("1 update would be" if count == 1 else f"{count} updates would be")
        sentences.append(f"{updates} bypassed.")
    return sentences
