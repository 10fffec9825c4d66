"""Another machine, simulated by a network namespace, whose power can be cut (Linux, root)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class FarMachine:
    """A network namespace with a cable to this machine."""

    name: str
    here: str
    """The address of this machine at the cable."""
    there: str

    @classmethod
    @contextmanager
    def connected(cls) -> Iterator[FarMachine]:
        """Make a machine that lasts as long as the context."""
        number = os.getpid() % 250
        machine = cls(f"relink-{os.getpid()}", f"10.213.{number}.1", f"10.213.{number}.2")
        _ip("netns", "add", machine.name)
        try:
            _ip("link", "add", machine._near_end, "type", "veth", "peer", "name", "cable", "netns", machine.name)
            _ip("address", "add", f"{machine.here}/30", "dev", machine._near_end)
            _ip("link", "set", machine._near_end, "up")
            _ip("-n", machine.name, "address", "add", f"{machine.there}/30", "dev", "cable")
            _ip("-n", machine.name, "link", "set", "cable", "up")
            _ip("-n", machine.name, "link", "set", "lo", "up")
            yield machine
        finally:
            _ip("netns", "delete", machine.name)

    def command(self, *command: str) -> list[str]:
        """A command line that runs a command on the other machine."""
        return ["ip", "netns", "exec", self.name, *command]

    def cut_power(self) -> None:
        """Cut the power of the machine: no more packets come from it, not even those that close its connections."""
        _ip("-n", self.name, "link", "set", "cable", "down")

    @property
    def _near_end(self) -> str:
        return f"rlk{os.getpid()}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
