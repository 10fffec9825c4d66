"""ListTokens: list tokens of the GraphQL interface, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.identity.rights import require_administrator
from app.services.call import Call, Service
from app.services.response import Fields, Group, ServiceResponse
from app.solutions.people.tokens import KnownToken, read_tokens
from app.solutions.texts import time_text


@dataclass(frozen=True)
class ListTokensRequest:
    """Whether the tokens and codes of end users are wanted too, and the token after which the page begins."""

    all_kinds_indicator: bool = False
    token_identifier_after: int | None = None
    page_size: int = 100


def run(request: ListTokensRequest, call: Call) -> ServiceResponse:
    """Return a page, the oldest first, and the start of the next page if there are more tokens; 101 without
    administer-all."""
    require_administrator(call.caller, "to list tokens")
    with snapshot(call.engine) as connection:
        found = read_tokens(
            connection,
            all_kinds=request.all_kinds_indicator,
            after=request.token_identifier_after or 0,
            limit=request.page_size + 1,
        )
    page = found[: request.page_size]
    following = page[-1].identifier if len(found) > len(page) else None
    return ServiceResponse((Group("TokenList", map(_token, page)), Fields(("tokenIdentifierAfter", following))))


def _token(each: KnownToken) -> Group:
    fields = Fields(
        ("tokenIdentifier", each.identifier),
        ("tokenKind", each.kind.value),
        ("tokenName", each.name),
        ("userId", each.owner),
        ("createdAt", time_text(each.created)),
        ("expires", None if each.expires is None else time_text(each.expires)),
        ("lastUsedAt", None if each.last_used is None else time_text(each.last_used)),
    )
    return Group("Token", (fields,))


SERVICE = Service("ListTokens", ListTokensRequest, run)
