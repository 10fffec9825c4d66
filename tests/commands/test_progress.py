"""What a terminal shows while a command waits: one line that moves, and messages on lines of their own."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from app.commands.progress import shown_progress
from app.commands.run_record import RunStatus
from tests.commands.conftest import OnTerminal
from tests.commands.test_ctrl_c import is_cancelled
from tests.support.at_once import chain, held
from tests.support.http import Client, message
from tests.support.served import eventually
from tests.support.terminal import screen_of
from tests.support.workers import ASYNC, accepted, working


class TerminalStream(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def no_plans(engine: Engine) -> Iterator[None]:
    """Prevent reading versions, and so planning, until the context ends."""
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLE node_version IN ACCESS EXCLUSIVE MODE"))
        yield


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("impact", "P"), "planning the updates in P"),
        (("force", "P"), "planning the updates in P"),
        (("force", "P", "--yes"), "run 1: planning"),
    ],
    ids=["impact", "force that asks", "force"],
)
def test_the_progress_line_changes_while_a_plan_is_made(
    client: Client, engine: Engine, on_terminal: OnTerminal, command: tuple[str, ...], what: str
) -> None:
    client.load(chain())
    with working(engine):
        with no_plans(engine):
            shell = on_terminal(*command)
            before = shell.wait_for_line(what)
            shell.wait_for_line(what, before)
        if command == ("force", "P"):
            shell.wait_for("Update 3 nodes? [y/N]")
            shell.type("y\n")
        assert shell.ended() == 0
    assert not any(what in line for line in shell.screen), "it is removed at the end"


@pytest.mark.ledger("DEC-356")
def test_messages_stand_on_lines_of_their_own(client: Client, engine: Engine, on_terminal: OnTerminal) -> None:
    """Ctrl-C shows `^C` where the cursor is, which is behind the line that moves."""
    client.load(chain())
    with working(engine):
        with held(engine, "P.B"):
            shell = on_terminal("force", "P", "--yes", columns=50)
            shell.wait_for_line("run 1: 1 of 3 steps")
            shell.type("\x03")
            shell.wait_for_line("its end")
            eventually(lambda: "run 1: 1 of 3 steps" in shell.screen[-1])
            *message, _ = shell.screen
            assert " ".join(message) == "run 1 is asked to end; Ctrl-C again leaves without waiting for its end"
            eventually(lambda: is_cancelled(engine))
        assert shell.ended() == 130
    assert "run 1 is cancelled: 2 of 3 steps are done, 1 left; the same command does the rest" in " ".join(shell.screen)
    assert not any("steps" in line and "0:0" in line for line in shell.screen)


def test_a_cancelled_impact_says_so_on_a_line_of_its_own(
    client: Client, engine: Engine, on_terminal: OnTerminal
) -> None:
    client.load(chain())
    with no_plans(engine):
        shell = on_terminal("impact", "P")
        shell.wait_for_line("planning the updates in P")
        shell.type("\x03")
        assert shell.ended() == 130
    assert shell.screen[-1:] == ["run 1 is cancelled: nothing was listed"]
    assert not any("planning" in line for line in shell.screen)


def test_a_run_that_is_no_longer_watched_is_named_on_a_line_of_its_own(
    client: Client, engine: Engine, on_terminal: OnTerminal
) -> None:
    client.load(chain())
    force = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
    with working(engine), held(engine, "P.B"):
        accepted(client.post(message("UpdateNodeVersions", force), headers=ASYNC))
        shell = on_terminal("run", "watch", "1")
        shell.wait_for_line("run 1: 1 of 3 steps")
        shell.type("\x03")
        assert shell.ended() == 130
    assert shell.screen == ["run 1 continues; 'relink run cancel 1' cancels it"]


@pytest.mark.ledger("DEC-356")
@pytest.mark.parametrize("columns", [30, 80])
def test_the_line_that_moves_fits_the_terminal(
    client: Client, engine: Engine, on_terminal: OnTerminal, columns: int
) -> None:
    client.load(chain())
    with working(engine):
        with held(engine, "P.B"):
            shell = on_terminal("force", "P", "--yes", columns=columns)
            before = shell.wait_for_line("run 1: 1 of 3 steps")
            shell.wait_for_line("run 1: 1 of 3 steps", before)
            assert len(shell.screen) == 1
            assert ("0:00:0" in before, "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in before) == (columns > 30, columns > 30)
            assert len(before) <= columns - len("^C")
        assert shell.ended() == 0


LARGE = {"run": 123_456, "state": "running", "service": "UpdateNodeVersions", "steps": 390_000, "done": 389_999}
WAITING = {"run": 123_456, "state": "queued", "service": "UpdateNodeVersions", "waitingForRun": 123_455}


@pytest.mark.parametrize(
    ("found", "text"),
    [(LARGE, "run 123456: 389,999 of 390,000 steps"), (WAITING, "run 123456: waiting for run 123455")],
    ids=["running", "waiting"],
)
@pytest.mark.parametrize(("columns", "has_time"), [(32, False), (40, False), (50, True)])
def test_large_numbers_fit_fifty_columns(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, object], text: str, columns: int, has_time: bool
) -> None:
    """On a narrower terminal, the line has as many of the words as it has room for, and no time."""
    stream = TerminalStream()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    room = columns - len("^C") - 2
    text = text if len(text) <= room else text[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"
    with shown_progress() as display:
        display.show(RunStatus.of(found))
        eventually(lambda: text in stream.getvalue())
        display.say("a message")
        screen = screen_of(stream.getvalue().replace("\n", "\r\n").encode(), columns)
    assert screen[0] == "a message"
    assert screen[1][2:].split("0:")[0].strip() == text
    assert (len(screen), "0:00:0" in screen[1]) == (2, has_time)
