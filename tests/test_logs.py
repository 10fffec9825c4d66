"""Log lines of libraries and of Python itself have the error and its place, and nothing that a client sent."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from app.logs import exception_without_values, library_formatter

SECRET = "correct horse battery staple"  # noqa: S105


def failing(depth: int = 0) -> None:
    try:
        int(SECRET)
    except ValueError as error:
        raise RuntimeError(f"cannot read {SECRET}") from error


def logged(message: object, *args: object, error: BaseException | None = None) -> dict[str, str]:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("gunicorn.error", logging.WARNING, __file__, 1, message, args, exc_info)
    line: dict[str, str] = json.loads(library_formatter().format(record))
    return line


@pytest.fixture
def failure() -> BaseException:
    with pytest.raises(RuntimeError) as caught:
        failing()
    return caught.value


def test_an_exception_is_logged_with_its_causes_and_places_and_without_its_message(failure: BaseException) -> None:
    text = exception_without_values((type(failure), failure, failure.__traceback__))
    assert "builtins.RuntimeError" in text
    assert "builtins.ValueError" in text
    assert "in failing" in text
    assert SECRET not in text


def test_an_exception_in_a_line_of_a_library_is_logged_without_its_message(failure: BaseException) -> None:
    line = logged("Error handling request", error=failure)
    assert "in failing" in line["exception"]
    assert SECRET not in json.dumps(line)


def test_of_the_arguments_of_a_message_only_numbers_are_logged() -> None:
    assert (
        logged("Worker (pid:%s) handles %s %r", 12, SECRET, SECRET.encode())["event"]
        == "Worker (pid:12) handles ... ..."
    )
    assert logged("%(pid)d of %(uri)s", {"pid": 12, "uri": SECRET})["event"] == "12 of ..."


def test_an_exception_that_caused_itself_is_logged_once() -> None:
    first, second = ValueError(SECRET), KeyError(SECRET)
    first.__cause__, second.__cause__ = second, first
    assert exception_without_values((ValueError, first, None)).count("ValueError") == 1


def test_no_exception_gives_no_text() -> None:
    assert exception_without_values(sys.exc_info()) == ""
