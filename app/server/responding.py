"""Writes the blocks of a response to its client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def write_blocks(response: Any, blocks: Iterable[bytes], log: Any) -> None:  # noqa: ANN401 - gunicorn has no types
    """Write the blocks of a WSGI response, and close them.

    Raises OSError if the client cannot be reached. A defect is logged, and raises ConnectionAbortedError: the status
    has been sent, or is about to be, so only a broken connection can tell the client.
    """
    try:
        for block in blocks:
            response.write(block)
        response.close()
    except OSError:
        raise
    except Exception as error:
        log.exception("a response was cut off because of a defect")
        raise ConnectionAbortedError from error
    finally:
        if hasattr(blocks, "close"):
            blocks.close()
