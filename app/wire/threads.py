"""Work that libxml2 does in a thread of its own.

libxml2 keeps every name of an element, attribute or prefix that it reads in a dictionary of the thread, which only
grows. A document whose names come from its sender is therefore read in a thread that ends with it. The parsers of that
thread keep the dictionary, and lxml's parsers are reference cycles, which only the garbage collector frees.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

Result = TypeVar("Result")

_used_own_thread = ContextVar("used_own_thread", default=False)


def in_own_thread(work: Callable[[], Result]) -> Result:
    """Do the work in a new thread, in the present context, and return what it returns or raises.

    Code that is called without a request, as in a worker, frees the parsers itself.
    """
    _used_own_thread.set(True)
    with ThreadPoolExecutor(1, thread_name_prefix="document") as executor:
        return executor.submit(copy_context().run, work).result()


@contextmanager
def parsers_freed() -> Iterator[None]:
    """Free the parsers of threads that ended during the context. No exception that they raised may be referenced
    after the context."""
    outer = _used_own_thread.set(False)
    try:
        yield
    finally:
        used = _used_own_thread.get()
        _used_own_thread.reset(outer)
        if used:
            gc.collect()
