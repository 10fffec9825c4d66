"""A client of the service, and the options of the commands that use it."""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.message import Message
from functools import wraps
from http.client import HTTPException, HTTPResponse
from tempfile import SpooledTemporaryFile
from typing import IO, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

import click
from lxml import etree

from app.commands.passwords import read_password
from app.commands.texts import COLLAPSED
from app.settings import SettingsError, refuse_unknown
from app.text import WHITE_SPACE, is_whole_number
from app.urls import checked_http_url

PARTIAL = 108
_IN_MEMORY = 8 * 1024 * 1024
_POLL_TIMEOUT = 10
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class NoResponseError(click.ClickException):
    """The service could not be reached, or closed the connection before it responded."""


@dataclass(frozen=True)
class Reply:
    """A response of a service: its error number, its headers, and the XML document, while the context lasts."""

    error_number: int
    headers: Message
    file: IO[bytes]

    def __enter__(self) -> Reply:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    @property
    def done(self) -> bool:
        """Whether the request was done, if only in part."""
        return self.error_number in {0, PARTIAL}

    def error(self) -> click.ClickException:
        """Return the error that ends the command if the request was not done."""
        root = etree.parse(self.file).getroot()
        told = root.findtext("errorMessage") or root.findtext("errorDescription") or "no reason is given"
        return click.ClickException(f"{self.error_number}: {told}")

    def required(self) -> Reply:
        """Return the reply itself. Raises the exception that `error` returns unless the request was done."""
        if not self.done:
            raise self.error()
        return self


@dataclass(frozen=True)
class Run:
    """A run and its progress."""

    identifier: int
    steps: int
    done: int


@dataclass(frozen=True)
class ServiceClient:
    """A client of the service at a URL, for one user or without credentials."""

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)

    def post(self, body: bytes | Iterable[bytes], headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request document, whole or in blocks. Raises ClickException if there is no response."""
        request = self._request("/service", "POST", body, {"Content-Type": "application/xml", **(headers or {})})
        with self._opened(request) as response:
            number = response.headers.get("Relink-Error-Number", "")
            if not is_whole_number(number):
                raise click.ClickException(f"{self.url} is not a Relink service: it returned HTTP {response.status}")
            return Reply(int(number), response.headers, _kept(response))

    def query(self, query: str, token: str) -> dict[str, object]:
        """Return the GraphQL response for the bearer of a token. Raises ClickException if there is no response."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = Request(  # noqa: S310 - see _url
            self.url.rstrip("/") + "/graphql", json.dumps({"query": query}).encode(), headers, method="POST"
        )
        with self._opened(request) as response:
            try:
                found = json.load(response)
            except ValueError:
                found = None
        if not isinstance(found, dict):
            raise click.ClickException(f"{self.url} has no GraphQL interface: it returned HTTP {response.status}")
        return found

    def running(self, node_reference: str) -> Run | None:
        """Return the run in progress with a node as its context, or None if that cannot be found out."""
        query = urlencode({"state": "running", "context": node_reference})
        found = self._json(f"/runs?{query}").get("runs", [])
        return _run(found[0]) if isinstance(found, list) and found else None

    def run(self, identifier: str) -> Run | None:
        """Return a run, or None if that cannot be found out."""
        return _run(self._json(f"/runs/{identifier}"))

    def cancel(self, run: int) -> None:
        """Ask a run to end after its present node."""
        with self._opened(self._request(f"/runs/{run}", "DELETE"), _POLL_TIMEOUT):
            pass

    def json(self, path: str, method: str = "GET") -> dict[str, object]:
        """Return the JSON response of an address.

        Raises NoResponseError, or ClickException with the description of a failure.
        """
        with self._opened(self._request(path, method), _POLL_TIMEOUT) as response:
            try:
                found = json.load(response)
            except (OSError, HTTPException) as error:
                raise NoResponseError(f"the response of {self.url} is incomplete: {error}") from error
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise click.ClickException(f"{self.url} is not a Relink service: it returned HTTP {response.status}")
        if "errorDescription" in found:
            raise click.ClickException(f"{found['errorNumber']}: {found['errorDescription']}")
        return found

    def _json(self, path: str) -> dict[str, object]:
        """Return the response to a GET; an empty object if it fails."""
        try:
            with self._opened(self._request(path, "GET"), _POLL_TIMEOUT) as response:
                found = json.load(response) if response.status == 200 else {}
        except (click.ClickException, OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _request(
        self,
        path: str,
        method: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        request = Request(self.url.rstrip("/") + path, body, dict(headers or {}), method=method)  # noqa: S310 - see _url
        if self.user is not None:
            pair = b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        return request

    def _opened(self, request: Request, timeout: float | None = None) -> HTTPResponse:
        """Return the response, whatever its status."""
        try:
            return cast("HTTPResponse", self._opener().open(request, timeout=timeout))
        except HTTPError as error:
            return cast("HTTPResponse", error)
        except (BrokenPipeError, ConnectionResetError, HTTPException) as error:
            raise NoResponseError(f"{self.url} closed the connection without a response") from error
        except (URLError, OSError, UnicodeError) as error:  # UnicodeError: a host name with a label that is too long
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, BrokenPipeError | ConnectionResetError):
                raise NoResponseError(f"{self.url} closed the connection before all was sent") from error
            raise NoResponseError(
                f"no service responds at {self.url} ({reason}): 'relink serve' starts one, --url names another"
            ) from error

    def _opener(self) -> OpenerDirector:
        """Connect without a proxy if the service is on this machine."""
        return build_opener(*([ProxyHandler({})] if urlsplit(self.url).hostname in _THIS_MACHINE else []))


def _kept(response: HTTPResponse) -> IO[bytes]:
    """Return the body of a response, in a file if it is large."""
    with ExitStack() as on_failure:
        file = on_failure.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        try:
            shutil.copyfileobj(response, file)
        except (OSError, HTTPException) as error:
            raise click.ClickException(f"the response is incomplete: {error}") from error
        file.seek(0)
        on_failure.pop_all()
        return file


def _run(found: object) -> Run | None:
    match found:
        case {"run": int(identifier), "steps": int(steps), "done": int(done)}:
            return Run(identifier, steps, done)
    return None


def message(name: str, elements: Mapping[str, object]) -> bytes:
    """Return a request document with simple elements; None leaves an element out."""
    return etree.tostring(element(name, **elements))


def element(tag: str, /, *content: etree._Element, **fields: object) -> etree._Element:
    """Return an element with a text for each field, then other elements; None leaves a field out."""
    made = etree.Element(tag)
    for name, value in fields.items():
        if value is not None:
            etree.SubElement(made, name).text = str(value).lower() if isinstance(value, bool) else str(value)
    made.extend(content)
    return made


def with_service(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options for a service and a user. The command gets a ServiceClient as its first argument."""

    @click.option("--url", envvar="RELINK_URL", default="http://127.0.0.1:8080", show_default=True, callback=_url)
    @click.option(
        "--user",
        envvar="RELINK_USER",
        type=COLLAPSED,
        help="The user who signs in. Without one, requests have the rights of public. [env: RELINK_USER]",
    )
    @click.option("--password-stdin", is_flag=True, help="Read the password from standard input, not RELINK_PASSWORD.")
    @wraps(command)
    def wrapped(url: str, user: str | None, password_stdin: bool, **arguments: object) -> None:
        check_variables()
        command(ServiceClient(url, user, _password(user, password_stdin)), **arguments)

    return wrapped


def check_variables() -> None:
    """End the command if the environment has a variable that looks like a setting and is none."""
    try:
        refuse_unknown(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _url(_context: click.Context, _parameter: click.Parameter, url: str) -> str:
    check_variables()
    try:
        return checked_http_url(url.strip(WHITE_SPACE))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _password(user: str | None, from_standard_input: bool) -> str:
    if user is None:
        return ""
    password = None if from_standard_input else os.environ.get("RELINK_PASSWORD")
    password = password if password is not None else read_password(from_standard_input, confirm=False)
    if password is None:
        raise click.UsageError("give the password in RELINK_PASSWORD, or on standard input with --password-stdin")
    return password
