"""Work that libxml2 does in a thread of its own.

libxml2 keeps every name of an element, attribute or prefix that it reads in a dictionary of the thread, which only
grows. A document whose names come from its sender is therefore read in a thread that ends with it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Result = TypeVar("Result")


def in_own_thread(work: Callable[[], Result]) -> Result:
    """Does the work in a new thread, in the context of the present request, and returns what it returns or raises."""
    with ThreadPoolExecutor(1, thread_name_prefix="document") as executor:
        return executor.submit(copy_context().run, work).result()
