"""GetAuditList: read who did what, page by page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from app.database.engine import snapshot
from app.errors import UserError, invalid, no_such
from app.identity.audit import Action, AuditFilter, AuditRow
from app.nodes.audit_reading import read_own_audit
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse
from app.solutions.texts import moment, time_text


@dataclass(frozen=True)
class GetAuditListRequest:
    """A user, an action and a time as filters, and the row after which the page begins."""

    user_logon_reference_details: CollapsedText | None = None
    audit_action: CollapsedText | None = None
    audit_since: CollapsedText | None = None
    audit_identifier_before: int | None = None
    page_size: int = 100


def run(request: GetAuditListRequest, call: Call) -> ServiceResponse:
    """Return a page, the newest first, and the start of the next page if there are more rows.

    101 and 105 as in `app.nodes.audit_reading.read_own_audit`; 105 about an action or a time that there is not.
    """
    wanted = AuditFilter(request.user_logon_reference_details, _action(request), _since(request))
    before = request.audit_identifier_before or None
    with snapshot(call.engine) as connection:
        found = read_own_audit(connection, call.caller, wanted, before=before, limit=request.page_size + 1)
    page = found[: request.page_size]
    following = page[-1].identifier if len(found) > len(page) else None
    return ServiceResponse((Group("AuditList", map(_row, page)), Fields(("auditIdentifierBefore", following))))


def _action(request: GetAuditListRequest) -> Action | None:
    if request.audit_action is None:
        return None
    try:
        return Action(request.audit_action)
    except ValueError:
        advice = f": use one of {', '.join(Action)}"
        raise UserError(no_such("audit_action", "action", request.audit_action, advice)) from None


def _since(request: GetAuditListRequest) -> datetime | None:
    if request.audit_since is None:
        return None
    since = moment(request.audit_since)
    if since is None:
        raise UserError(invalid("audit_since", "is not a time with a time zone, such as 2026-09-26T10:03:28Z"))
    return since


def _row(each: AuditRow) -> Group:
    fields = Fields(
        ("auditIdentifier", each.identifier),
        ("auditTimestamp", time_text(each.at)),
        ("auditAction", each.action),
        ("actorKind", each.actor_kind),
        ("actorReference", each.actor),
        ("networkAddress", each.address),
        ("objectKind", each.object_kind),
        ("objectReference", each.object_name),
    )
    details = tuple(Fields(("key", key), ("value", _text(value))) for key, value in each.details.items())
    return Group("Audit", (fields, Group("DetailList", tuple(Group("Detail", (detail,)) for detail in details))))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


SERVICE = Service("GetAuditList", GetAuditListRequest, run)
