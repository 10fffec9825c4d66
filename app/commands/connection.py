"""Sends the requests of client commands, and says what came back if that is not a response of Relink."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import IO, Any, Final, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

import click

_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1"}
_MAY_PASS: Final = {408, 425, 429, 500, 502, 503, 504}
_LONGEST_SHOWN = 200
_CHECK_URL = "it is not a Relink service: check --url"
_ADVICE: Final = {
    401: "a proxy in front of the service asks for other credentials: give the address of the service with --url",
    403: "a proxy in front of the service refuses this request: give the address of the service with --url",
    408: "a proxy did not wait for the request: raise its time-out, or give the address of the service with --url",
    413: "a proxy in front of the service refuses requests of this size: allow larger ones there (client_max_body_size "
    "in nginx), or give the address of the service with --url",
    429: "a proxy in front of the service limits the number of requests: try again later",
    502: "a proxy cannot reach the service behind it: see whether the service is running",
    503: "a proxy cannot reach the service behind it: see whether the service is running",
    504: "a proxy did not wait for the service: raise its time-out, or give the address of the service with --url",
}


class RequestError(click.ClickException):
    """A request that has failed.

    `reached` is false if it certainly has not reached the service, and `may_pass` says whether a retry may succeed.
    """

    def __init__(self, message: str, *, reached: bool = True, may_pass: bool = True) -> None:
        super().__init__(message)
        self.reached = reached
        self.may_pass = may_pass


class NoResponseError(RequestError):
    """The service could not be reached, or the connection ended before the whole response had come."""


class RefusedError(RequestError):
    """The service has responded with an error: its number and description, and the status."""

    def __init__(self, number: object, description: object, status: int) -> None:
        super().__init__(f"{number}: {description}", may_pass=status in _MAY_PASS)
        self.status = status


def opened(url: str, request: Request, timeout: float | None = None) -> HTTPResponse:
    """Return the response to a request, whatever its status. Raises NoResponseError. `url` is that of the service."""
    try:
        return cast("HTTPResponse", _opener(url).open(request, timeout=timeout))
    except HTTPError as error:
        return cast("HTTPResponse", error)
    except (URLError, OSError, HTTPException, UnicodeError) as error:  # UnicodeError: a label of the host is too long
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, _NotConnectedError | str | UnicodeError):
            raise NoResponseError(
                f"no service responds at {url} ({reason}): 'relink serve' starts one, --url names another",
                reached=False,
            ) from error
        if isinstance(reason, TimeoutError):
            raise NoResponseError(f"{url} did not respond in time") from error
        raise NoResponseError(f"{url} closed the connection without a response") from error


def foreign(url: str, response: HTTPResponse) -> RequestError:
    """Return the error for a response that is not one of Relink: what came, and what to do."""
    came = f"{url} returned HTTP {response.status} {_shown(response.reason or '')}".rstrip()
    location = response.headers.get("Location")
    if 300 <= response.status < 400 and location:
        return RequestError(f"{came} to {_shown(location)}: give the address of the service with --url", may_pass=False)
    advice = _ADVICE.get(response.status, _CHECK_URL)
    return RequestError(f"{came}, which is not from Relink: {advice}", may_pass=response.status in _MAY_PASS)


class _NotConnectedError(OSError):
    """There is no connection to the service."""


class _EarlyResponse(HTTPConnection):
    """A connection whose server may respond, and close it, before it has read the whole request."""

    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise _NotConnectedError(error.strerror or str(error)) from error

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        with suppress(BrokenPipeError, ConnectionResetError):  # the response is read, if there is one
            super().request(method, url, *arguments, **options)


class _EarlySecureResponse(_EarlyResponse, HTTPSConnection):
    """The same with TLS."""


class _Handler(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_EarlyResponse, req)


class _SecureHandler(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_EarlySecureResponse, req)


class _NoRedirects(HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its document."""

    def redirect_request(
        self,
        req: Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        return None


def _opener(url: str) -> OpenerDirector:
    """Connect without a proxy if the service is on this machine."""
    direct: Iterable[ProxyHandler] = [ProxyHandler({})] if urlsplit(url).hostname in _THIS_MACHINE else []
    return build_opener(_Handler, _SecureHandler, _NoRedirects, *direct)


def _shown(text: str) -> str:
    return "".join(each for each in text.strip()[:_LONGEST_SHOWN] if each.isprintable())
