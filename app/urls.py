"""URLs that an operator or a user gives: of a database, and of HTTP services."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from app.text import WHITE_SPACE, is_blank

DATABASE_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")

_PORTS: Final = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_NUMBER = re.compile(r"[0-9]{1,18}")


def checked_http_url(url: str) -> str:
    """Return the URL of an HTTP service. Raises ValueError with a message that begins with `must`."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("must be ASCII without white space: percent-encode other characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("must have a valid host and a number from 1 to 65535 as its port") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if not parts.hostname or port == 0:
        raise ValueError("must have a valid host and a number from 1 to 65535 as its port")
    if parts.username is not None:
        raise ValueError("must not have a user name")
    if "#" in url:
        raise ValueError("must not have a fragment: percent-encode # as %23")
    return url


def checked_origin(given: str) -> str:
    """Return the origin of pages: scheme, host and port, as browsers write it. Raises ValueError with a message that
    begins with `must`."""
    url = checked_http_url(given)
    parts = urlsplit(url)
    if parts.path not in ("", "/") or "?" in url:
        raise ValueError("must have no path and no query")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if not _HOST.fullmatch(host or ""):
        raise ValueError("must have a valid host and a number from 1 to 65535 as its port")
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def checked_database_url(given: str) -> str:
    """Return the URL of a PostgreSQL database. Raises ValueError with a message that begins with `must`.

    Messages do not repeat the URL, because it may hold a password.
    """
    if is_blank(given):
        raise ValueError(
            "must not be empty: set it to the URL of a PostgreSQL database,"
            " or remove the variable to use the embedded database"
        )
    scheme, separator, rest = given.strip(WHITE_SPACE).partition("://")
    if not separator or scheme.lower() not in DATABASE_SCHEMES:
        begins = f"{scheme}://" if separator and scheme.isalnum() else "something else"
        raise ValueError(
            "must be the URL of a PostgreSQL database, postgresql://user:password@host/database,"
            f" but it begins with {begins[:40]}"
        )
    if _has_unescaped_credentials(rest):
        raise ValueError("must have user and password percent-encoded: write / as %2F, ? as %3F, # as %23 and @ as %40")
    if not _is_port(_port(_authority(rest).rpartition("@")[2])):
        raise ValueError(
            "must have a number from 1 to 65535 as its port;"
            " several servers are written as ?host=first:5432&host=second:5432"
        )
    return f"{scheme.lower()}://{rest}"


def _authority(rest: str) -> str:
    """Return the part of a URL without its scheme that precedes the path, the query and the fragment."""
    return re.split("[/?#]", rest, maxsplit=1)[0]


def _port(server: str) -> str:
    return server.rpartition("]")[2].partition(":")[2]


def _is_port(port: str) -> bool:
    return not port or (_NUMBER.fullmatch(port) is not None and 0 < int(port) < 65_536)


def _has_unescaped_credentials(rest: str) -> bool:
    """Return whether the "@" that ends user and password follows a "/", "?", "#" or another "@"."""
    authority = _authority(rest)
    if "@" in authority:
        return authority.count("@") > 1
    before, at, _ = rest[len(authority) :].partition("@")
    is_parameter = "?" in before and "=" in before.partition("?")[2] and "#" not in before
    return bool(at) and not (is_parameter and _is_port(_port(authority)))
