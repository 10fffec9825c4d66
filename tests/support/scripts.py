"""Texts that contain scripts, which somebody may type into any field."""

from __future__ import annotations

from lxml import html


def script(field: str) -> str:
    """A text that is a link to a script, leaves an attribute and an element, and holds a script, an event handler and
    a template."""
    return (
        f"javascript:window.ran=1//\"'></p></script></textarea>{field}"
        f"<img class=x-{field} src=x onerror=window.ran=1>"
        f"<script class=x-{field}>window.ran=1</script>{{{{7*7}}}}"
    )


def script_in_address(field: str) -> str:
    """An email address, which has no space, that holds a script as the texts of `script` do."""
    return (
        f"javascript:window.ran=1//\"'></p></script></textarea>{field}"
        f'<img/class="x-{field}"src="x"onerror="window.ran=1">'
        f'<script/class="x-{field}">window.ran=1</script>{{{{7*7}}}}@example.com'
    )


def links_to_scripts(page: html.HtmlElement) -> list[str]:
    """The addresses of a page that a browser would run."""
    addresses = page.xpath("//@href | //@src | //@action | //@formaction | //@data-follow | //@content")
    return [str(address) for address in addresses if "javascript:" in str(address).partition("?")[0]]


def json_string(text: str) -> str:
    """A text as JSON, with as little escaped as possible."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def json_object(text: str) -> str:
    """An object as JSON that holds a text."""
    return f'{{"key": {json_string(text)}}}'
