"""Logs: JSON lines, or coloured lines on a terminal.

Nothing that a client sends reaches a log. Exceptions are logged with their types and the places in the code that they
came from, without their messages: those of parsers and of the database repeat what they were given.
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
    """Set structlog up for the whole process; everything goes to standard error."""
    structlog.configure(
        processors=[
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
    """Lines of libraries, which use `logging`, as our others."""
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
    """What libraries warn of goes to standard error too."""
    handler = logging.StreamHandler()
    handler.setFormatter(library_formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def exception_without_values(exc_info: _ExcInfo) -> str:
    """A traceback without the messages of the exceptions: their types, files, lines and functions."""
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
    """Formats the records of libraries. Of their arguments it shows the numbers, such as process ids."""

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
        log.error("defect where nobody could handle it", exc_info=arguments.exc_value)

    threading.excepthook = of_thread
    sys.unraisablehook = unraisable


def _renderer() -> structlog.types.Processor:
    return structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
