"""Pages of the wizard, their headers, and the messages that they send to the page that frames or opened them."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Response, g, render_template, request

from app.errors import FaultCode, NotAuthorisedError, RelinkError, UserError
from app.settings import Settings
from app.text import as_sentence
from app.web.context import resources
from app.web.statuses import ERROR_NUMBER, failure_headers, http_status

PREFIX: Final = "/external"
_ABOUT_AUTHENTICATIONS: Final = f"{PREFIX}/auth/"
_LABELS: Final = {
    "solution_instance_id": "the integration",
    "owner": "the user",
    "user_id": "the user",
    "authentication_id": "the account",
    "name": "the name of the account",
    "service": "the service of the account",
    "service_version": "the version of the service",
    "service_environment": "the environment of the service",
    "scopes": "a scope of the account",
    "data": "the JSON of the credentials",
    "expires": "the expiry of the account",
    "config_values": "the settings",
    "auth_values": "the accounts",
}
"""What an end user calls the fields of services."""
_AGAIN: Final = "Close this page and open it again from the place that you came from."
_TITLES: Final = {
    403: "This page has expired",
    404: "Not found",
    409: "Not possible now",
    413: "Too large",
    500: "Something went wrong",
    503: "Not available now",
}


def policy(settings: Settings) -> str:
    """Return the security policy of the pages. They can be framed by the origins of the settings alone, and load
    nothing from other hosts but the stylesheet of the settings."""
    styles = ["'self'"]
    if settings.wizard_stylesheet is not None:
        styles.append(settings.wizard_stylesheet.partition("?")[0])
    ancestors = " ".join(settings.wizard_origins) or "'none'"
    return (
        f"default-src 'self'; style-src {' '.join(styles)}; frame-ancestors {ancestors};"
        " form-action 'self'; base-uri 'none'"
    )


def secured(response: Response) -> Response:
    """Add the headers that every page has. The address of the first page holds a code, which no other site may learn
    as the referrer."""
    headers = {
        "Content-Security-Policy": policy(resources().settings),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def page(
    template: str, title: str, *, status: int = 200, message: dict[str, str] | None = None, **shown: object
) -> Response:
    """Return a page. `message` is sent to the page that frames or opened this one."""
    settings = resources().settings
    text = render_template(
        f"wizard/{template}",
        title=title,
        message=message,
        origins=" ".join(settings.wizard_origins),
        stylesheet=settings.wizard_stylesheet,
        **shown,
    )
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers[ERROR_NUMBER] = "0"
    return secured(response)


def failure_page(error: RelinkError) -> Response:
    """Return the page that says why a request failed, and tell the host."""
    status = _status(error)
    reasons = reasons_of(error)
    kind = "tray.authPopup.error" if request.path.startswith(_ABOUT_AUTHENTICATIONS) else "tray.configPopup.error"
    response = page(
        "failure.html",
        _TITLES.get(status, "The request was refused"),
        status=status,
        message={"type": kind, "err": " ".join(reasons)},
        reasons=[*reasons, _AGAIN],
        request_id=g.request_id,
    )
    response.headers.update(failure_headers(error))
    response.headers[ERROR_NUMBER] = str(error.number)
    return response


def _status(error: RelinkError) -> int:
    if isinstance(error, NotAuthorisedError):
        return 403
    if isinstance(error, UserError) and all(fault.code is FaultCode.NOT_FOUND for fault in error.faults):
        return 404
    return http_status(error)


def reasons_of(error: RelinkError) -> list[str]:
    """Return why a request failed, in sentences for an end user, which do not name fields of services."""
    if isinstance(error, UserError):
        texts = [fault.sentence(_LABELS, "a setting") for fault in error.faults]
    else:
        texts = [error.description]
    return [as_sentence(text) for text in texts if text]


def origin_of(url: str) -> str:
    """Return the origin of a URL: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
