"""Logs: JSON lines, or coloured lines on a terminal.

Nothing that a client sends reaches a log. An exception is logged with its type and its traceback, but without its
message, because the messages of parsers and of the database repeat their input.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType

import structlog

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_MOST_FRAMES = 40


def configure_logs() -> None:
    """Set up structlog for the whole process. All logs go to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(exception_without_values),
            _renderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    _log_what_python_would_print()


def library_formatter() -> structlog.stdlib.ProcessorFormatter:
    """Return a formatter that writes the lines of libraries, which use `logging`, in the format of our own lines."""
    return _LibraryFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(exception_without_values),
        ],
    )


def configure_library_logs() -> None:
    """Send the warnings of libraries to standard error too."""
    handler = logging.StreamHandler()
    handler.setFormatter(library_formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def exception_without_values(exc_info: _ExcInfo) -> str:
    """Return a traceback with the types, files, lines and functions of the exceptions, without their messages."""
    lines: list[str] = []
    error = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.extract_tb(error.__traceback__, limit=-_MOST_FRAMES)
        places = [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames]
        kind = type(error)
        lines = [*lines, *(["because of"] if lines else []), f"{kind.__module__}.{kind.__qualname__}", *places]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


class _LibraryFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats the records of libraries. It shows only those arguments that are numbers, such as process ids."""

    def format(self, record: logging.LogRecord) -> str:
        shown = logging.makeLogRecord(record.__dict__)
        if isinstance(shown.args, tuple):
            shown.args = tuple(arg if isinstance(arg, int | float) else _Omitted() for arg in shown.args)
        elif shown.args:
            shown.args = {name: arg if isinstance(arg, int | float) else _Omitted() for name, arg in shown.args.items()}
        return super().format(shown)


class _Omitted:
    """Stands for an argument of a log message that may be what a client sent."""

    def __str__(self) -> str:
        return "..."

    __repr__ = __str__

    def __int__(self) -> int:
        return 0


def _log_what_python_would_print() -> None:
    """Log, without values, the exceptions that Python itself would print to standard error."""
    log = structlog.get_logger("python")
    logging.raiseExceptions = False

    def of_thread(arguments: threading.ExceptHookArgs) -> None:
        log.error("defect in a thread", exc_info=arguments.exc_value)

    def unraisable(arguments: sys.UnraisableHookArgs) -> None:
        log.error("exception that Python could not raise", exc_info=arguments.exc_value)

    threading.excepthook = of_thread
    sys.unraisablehook = unraisable


def _renderer() -> structlog.types.Processor:
    return structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
