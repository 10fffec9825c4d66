"""Programs on a terminal of their own."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from select import select
from typing import IO

import pyte

from tests.support.served import ROOT, WITHIN, eventually

_BLOCK = 64 * 1024
_ROWS = 40
_LOOK_EVERY = 0.02
# Makes standard input the terminal of the session, so that Ctrl-C reaches the program, and becomes the program.
_ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@dataclass
class Terminal:
    """A terminal with a program on it."""

    process: subprocess.Popen[bytes]
    columns: int
    _side: int
    _read: bytearray = field(default_factory=bytearray)

    @property
    def shown(self) -> str:
        """All that the program has written so far, without the carriage returns of the terminal."""
        self._receive()
        return self._read.decode(errors="replace").replace("\r", "")

    @property
    def screen(self) -> list[str]:
        """The lines that a person sees at the moment, to the last one that is not empty."""
        self._receive()
        return screen_of(bytes(self._read), self.columns)

    def wait_for(self, words: str) -> None:
        """Wait until the program has written the words."""
        eventually(lambda: words in self.shown or self.process.poll() is not None)
        assert words in self.shown, self.shown

    def wait_for_line(self, words: str, other_than: str | None = None) -> str:
        """Wait until a line of the screen has the words, and is not the one that was seen before; return the line."""
        deadline = time.monotonic() + WITHIN
        line = self._line_with(words)
        while line in (None, other_than) and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)
            line = self._line_with(words)
        assert line not in (None, other_than), self.screen
        return line or ""

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._side, text.encode())

    def ended(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        eventually(lambda: self.shown is not None and self.process.poll() is not None)
        return self.process.wait(WITHIN)

    def _receive(self) -> None:
        with suppress(OSError):  # the program has ended
            while select([self._side], [], [], 0)[0] and (block := os.read(self._side, _BLOCK)):
                self._read += block

    def _line_with(self, words: str) -> str | None:
        return next((line for line in self.screen if words in line), None)


def screen_of(written: bytes, columns: int) -> list[str]:
    """The lines that a terminal shows after a program has written this, to the last one that is not empty."""
    screen = pyte.Screen(columns, _ROWS)
    pyte.ByteStream(screen).feed(written)
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


@contextmanager
def terminal(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    columns: int = 80,
    output: IO[bytes] | None = None,
) -> Iterator[Terminal]:
    """Run a program on a terminal. Its standard output goes to a file if one is given."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_TERMINAL, *command],
        env=variables,
        cwd=ROOT,
        stdin=theirs,
        stdout=output or theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, columns, ours)
    finally:
        process.kill()
        process.wait(WITHIN)
        os.close(ours)
