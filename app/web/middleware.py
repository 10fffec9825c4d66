"""The handling around every request: its id, its log line, its metrics, and the response to every failure."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from app.database.connection import short_statements
from app.database.failures import Failure, Passing, logged_failure
from app.errors import InternalError, NotAuthorisedError, RelinkError, StateError
from app.identity.actor import ActorKind, forget_actor, present_actor
from app.text import is_whole_number
from app.web.context import resources
from app.web.credentials import SIGNED_IN
from app.web.metrics import count_request
from app.web.refusal import REFUSAL, Refused
from app.web.secret_names import names_a_password
from app.web.statuses import ERROR_NUMBER

_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}", re.ASCII)
_RUN = re.compile(r"/runs/([^/]+)")
_LONGEST_PATH = 100
_FOR_EVERY_ADDRESS = {"HEAD", "OPTIONS"}
_REFUSED = str(NotAuthorisedError.number)
_TOO_MANY_FAILURES = 429
_OF_PROXIES = frozenset(
    {
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_REAL_IP",
        "HTTP_FORWARDED",
        "HTTP_CF_CONNECTING_IP",
        "HTTP_TRUE_CLIENT_IP",
        "HTTP_X_FORWARDED_HOST",
    }
)
"""The keys of headers that proxies add, in a WSGI environment."""
_log = structlog.get_logger("relink.request")


class DatabaseFailedError(Refused):
    """100 with status 503 where a retry may succeed, otherwise with status 500: the database cannot be used."""

    number = 100

    def __init__(self, found: Failure) -> None:
        headers = {} if found.passing is None else {"Retry-After": str(found.retry_after)}
        super().__init__(500 if found.passing is None else 503, found.description, headers=headers)


def watch(app: Flask) -> None:
    """Register these handlers for the requests of an application."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _exception)


def _begin() -> Response | None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    g.began = time.perf_counter()
    # Every line that is logged while the request lasts gets these values, such as the lines of the audit.
    structlog.contextvars.bind_contextvars(request_id=g.request_id, address=request.remote_addr)
    _warn_of_proxy()
    refusal = request.environ.get(REFUSAL)
    if isinstance(refusal, Refused):
        return _failure(refusal)
    try:
        names = list(request.args)
    except UnicodeDecodeError:
        return _failure(Refused(400, "the query string is not UTF-8"))
    if any(map(names_a_password, names)):
        return _failure(
            Refused(
                400, "a password cannot be sent in the query string, which is written to logs: send it with HTTP Basic"
            )
        )
    return None


def _warn_of_proxy() -> None:
    """Warn once in each process that requests come through a proxy which the settings do not know."""
    shared = resources()
    if shared.proxy_warned.is_set() or shared.settings.trusted_proxies:
        return
    if _OF_PROXIES.isdisjoint(request.environ):
        return
    shared.proxy_warned.set()
    _log.warning(
        "requests come through a proxy, and RELINK_TRUSTED_PROXIES is 0: all clients count as one network, and too many"
        " failed sign-ins of one of them lock out the others. Set RELINK_TRUSTED_PROXIES to the number of proxies."
    )


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    if present_actor().kind in (ActorKind.USER, ActorKind.TOKEN) and SIGNED_IN in request.environ:
        request.environ[SIGNED_IN]()
    number = response.headers.get(ERROR_NUMBER, "")
    service = g.get("service") or request.endpoint or "none"
    count_request(service, number, response.status_code, seconds)
    if number == _REFUSED:
        _record_refusal(service, response.status_code)
    _log.info(
        "request",
        request_id=g.request_id,
        address=request.remote_addr,
        user=present_actor().user_identifier,
        run_id=response.headers.get("Relink-Run"),
        service=service,
        method=request.method,
        # The pattern of the path: what a client writes into a path may be a secret.
        path=None if request.url_rule is None else request.url_rule.rule,
        status=response.status_code,
        error_number=number,
        seconds=round(seconds, 6),
    )
    return response


def _forget(_error: BaseException | None) -> None:
    """Forget who has sent the request, since the thread serves other requests after this one."""
    forget_actor()
    structlog.contextvars.clear_contextvars()
    # The error of an unknown address refers to the request: both would stay until a garbage collection.
    request.routing_exception = None


def _record_refusal(service: str, status: int) -> None:
    """Record a refusal in the audit. A failure to do so must not change the response."""
    refusals = resources().refusals
    try:
        with short_statements():
            refusals.record(service, int(_REFUSED))
            if status == _TOO_MANY_FAILURES:
                refusals.record_sign_in("too many failures")
            elif g.get("token_refused"):
                refusals.record_sign_in("not a valid token")
    except SQLAlchemyError as error:
        _log.error("a refusal was not recorded", request_id=g.request_id, error=type(error).__name__)


def _failure(error: RelinkError) -> Response:
    return resources().failures.response(request.path, error)


def _http_error(error: HTTPException) -> Response:
    """Return Flask's own refusals, such as an unknown URL, in Relink's envelope."""
    if isinstance(error, NotFound):
        return _failure(Refused(404, _not_found(request.path)))
    if isinstance(error, MethodNotAllowed):
        methods = sorted(error.valid_methods or ())
        allowed = " and ".join(method for method in methods if method not in _FOR_EVERY_ADDRESS)
        verb = "are" if " and " in allowed else "is"
        return _failure(Refused(405, f"only {allowed} {verb} allowed here", headers={"Allow": ", ".join(methods)}))
    return _failure(Refused(error.code or 500, error.description or ""))


def _not_found(path: str) -> str:
    """Return the message for an address that does not exist."""
    given = _RUN.match(path)
    if given is not None and not is_whole_number(given[1]):
        return f"{given[1][:_LONGEST_PATH]!r} is not the number of a run: write it as in /runs/1"
    if resources().failures.is_of_a_page(path):
        return "There is no page at this address."
    shown = path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + "..."
    return (
        f"there is nothing at {shown!r}: pages for people are at /console, services at POST /service, /service/NAME and"
        " /servicejson/NAME, GraphQL at POST /graphql, runs at /runs and /runs/NUMBER, schema files at /schemas/"
    )


def _exception(error: Exception) -> Response:
    """Return the response to an unexpected error: a failure of the database, a conflict to be retried, or a defect.

    A body that breaks off or arrives too slowly is refused wherever it is read.
    """
    if isinstance(error, RelinkError):
        return _failure(error)
    found = logged_failure(error, g.request_id)
    if found is None:
        _log.error("defect", request_id=g.request_id, exc_info=error)
        return _failure(InternalError(f"internal error, logged as request {g.request_id}"))
    if found.passing is Passing.CONFLICT:
        return _failure(StateError("others are changing the same nodes: try again"))
    return _failure(DatabaseFailedError(found))
