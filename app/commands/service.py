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
from typing import IO
from urllib.request import Request

import click
from lxml import etree

from app.commands.connection import NoResponseError, RefusedError, foreign, opened
from app.commands.passwords import read_password
from app.commands.texts import COLLAPSED
from app.settings import SettingsError, refuse_unknown
from app.text import WHITE_SPACE, is_whole_number
from app.urls import checked_http_url

PARTIAL = 108
_IN_MEMORY = 8 * 1024 * 1024
_POLL_TIMEOUT = 10
_READ_TIMEOUT = 60
"""The timeout of each read, in seconds."""


@dataclass(frozen=True)
class Reply:
    """A response of a service: error number, status, headers, and the XML document, while the context lasts."""

    error_number: int
    status: int
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
        return click.ClickException(f"{self.error_number}: {self.description()}")

    def description(self) -> str:
        """Return what is wrong with a request that was not done."""
        root = etree.parse(self.file).getroot()
        self.file.seek(0)
        return root.findtext("errorMessage") or root.findtext("errorDescription") or "no reason is given"

    def required(self) -> Reply:
        """Return the reply itself. Raises the exception that `error` returns unless the request was done."""
        if not self.done:
            raise self.error()
        return self


@dataclass(frozen=True)
class ServiceClient:
    """A client of the service at a URL, for one user or without credentials."""

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)

    def post(
        self, body: bytes | Iterable[bytes], headers: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> Reply:
        """Send a request document, whole or in blocks. Raises RequestError if there is no response of the service."""
        request = self._request("/service", "POST", body, {"Content-Type": "application/xml", **(headers or {})})
        return self._reply(request, timeout)

    def response_of(self, run: int) -> Reply:
        """Return the response of an ended run; a reply with status 404 if it has none. Raises RequestError."""
        return self._reply(self._request(f"/runs/{run}/response", "GET"), _READ_TIMEOUT)

    def query(self, query: str, token: str) -> dict[str, object]:
        """Return the GraphQL response for the bearer of a token. Raises RequestError if there is no response."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = Request(  # noqa: S310 - see _url
            self.url.rstrip("/") + "/graphql", json.dumps({"query": query}).encode(), headers, method="POST"
        )
        return self._object(request, None)[0]

    def json(self, path: str, method: str = "GET") -> dict[str, object]:
        """Return the JSON response of an address. Raises RequestError, which is RefusedError for an error of Relink."""
        found, status = self._object(self._request(path, method), _POLL_TIMEOUT)
        if "errorDescription" in found:
            raise RefusedError(found["errorNumber"], found["errorDescription"], status)
        return found

    def _object(self, request: Request, timeout: float | None) -> tuple[dict[str, object], int]:
        """Return the JSON object in a response, and the status."""
        with opened(self.url, request, timeout) as response:
            try:
                found = json.load(response)
            except (OSError, HTTPException) as error:
                raise NoResponseError(f"the response of {self.url} is incomplete: {error}") from error
            except ValueError:
                found = None
            if not isinstance(found, dict) or (response.status >= 400 and "errorDescription" not in found):
                raise foreign(self.url, response)
            return found, response.status

    def _reply(self, request: Request, timeout: float | None) -> Reply:
        with opened(self.url, request, timeout) as response:
            number = response.headers.get("Relink-Error-Number", "")
            if not is_whole_number(number):
                raise foreign(self.url, response)
            return Reply(int(number), response.status, response.headers, _kept(response))

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


def _kept(response: HTTPResponse) -> IO[bytes]:
    """Return the body of a response, in a file if it is large."""
    with ExitStack() as on_failure:
        file = on_failure.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        try:
            shutil.copyfileobj(response, file)
        except (OSError, HTTPException) as error:
            raise NoResponseError(f"the response is incomplete: {error}") from error
        if response.length:  # http.client reports it only if all is read at once
            raise NoResponseError(f"the response is incomplete: {response.length} bytes are missing")
        file.seek(0)
        on_failure.pop_all()
        return file


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


def text_element(tag: str, text: str) -> etree._Element:
    """Return an element that contains only a text."""
    made = etree.Element(tag)
    made.text = text
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
    """End the command if the environment has a variable that looks like a setting but is unknown."""
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
