"""Logs: JSON lines, or coloured lines on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs() -> None:
    """Set structlog up for the whole process; everything goes to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def library_formatter() -> structlog.stdlib.ProcessorFormatter:
    """Lines of libraries, which use `logging`, as our others."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ],
    )


def configure_library_logs() -> None:
    """What libraries warn of goes to standard error too."""
    handler = logging.StreamHandler()
    handler.setFormatter(library_formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _renderer() -> structlog.types.Processor:
    return structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
