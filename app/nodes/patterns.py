"""Patterns: regular expressions that whole values of a member type must match (`system.VALUE_PATTERN`).

RE2 takes time proportional to the length of the value times the size of the program that a pattern compiles to. That is
never exponential, but can be hours for a large program and a long value. So patterns, programs and values have limits,
and all matches of one check (an import, the plan of an update) share a budget of work.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import re2

from app.nodes.members import LongValue

LONGEST_PATTERN: Final = 4_000
"""The longest pattern, in characters."""
LONGEST_VALUE: Final = 64 * 1024
"""The longest value that is checked against a pattern, in bytes of UTF-8."""
DEFAULT_BUDGET: Final = 2_000_000_000
"""The budget of one check, in bytes of values times instructions of programs: at most about 25 seconds of CPU time."""
BUDGET_OF_AN_EDIT: Final = DEFAULT_BUDGET // 10
"""The budget of an edit of one version."""
MUCH: Final = DEFAULT_BUDGET // 200
"""A check that needs more than this is expensive: at most about 100 ms of CPU time."""

MOST_INSTRUCTIONS: Final = 20_000
"""The largest program of a pattern. `.{0,1000}` has 9,004 instructions; a class such as `\\pL` has about 1,200, so that
`\\pL+` is well within the limit and `\\pL{1,50}` is not."""

# Enough for the largest program. RE2 compares it with a generous estimate of the size before it compiles a program.
_MEMORY = 8 * 1024 * 1024
# A program keeps the states that it has met, up to a quarter of its limit of memory. The limit follows its size: with
# too little memory for its states, RE2 is several times slower. With the sum of limits that a check may keep, it has
# 2,048 ordinary programs, or 32 of the largest. They were measured to take about 100 MiB.
_LEAST_MEMORY = 128 * 1024
_MEMORY_OF_INSTRUCTION = 1024
_MOST_MEMORY = 256 * 1024 * 1024
# At most this many matches are kept.
_MATCHES = 200_000
# Longer values are not kept.
_LONGEST_KEY = 64
# The cost of compiling, in the unit of the budget: for each pattern, for each of its characters and instructions, for a
# pattern that is not a regular expression, and for one that is too large, which can take 200 ms to find out.
_COMPILING_ANY = 5_000
_COMPILING = 100
_FAILURE = 20_000_000
_FAILURE_OF_SIZE = 100_000_000
_TOO_LARGE = (
    f"is too large: it compiles to more than {MOST_INSTRUCTIONS} instructions;"
    " use fewer repetitions, such as + in place of {1,50}"
)


class PatternError(ValueError):
    """A pattern cannot be used to check values. The message completes a sentence that begins with the pattern."""


class OverBudgetError(PatternError):
    """The budget of the check is used up."""

    def __init__(self) -> None:
        super().__init__(
            "takes more work than one request may spend on patterns: send fewer nodes at once, or use a shorter pattern"
        )


@dataclass
class PatternCheck:
    """Matches values against patterns within one budget of work.

    A repeated match costs nothing, so the same check of the same data always has the same result, unless there are many
    different values. Not safe to use from several threads.
    """

    budget: int = DEFAULT_BUDGET
    work: int = 0
    """The part of the budget that is used."""
    before_much: Callable[[], object] | None = None
    """Called once, before the check becomes expensive (`MUCH`). What it raises ends the check."""
    _programs: OrderedDict[str, re2._Regexp] = field(default_factory=OrderedDict)
    """Those that were used last. The others are compiled again, which costs as much as the first time."""
    _memory: int = 0
    _unusable: dict[str, PatternError] = field(default_factory=dict)
    _matches: dict[tuple[str, str | bytes], bool] = field(default_factory=dict)
    _long_values: dict[tuple[str, LongValue], bool | str] = field(default_factory=dict)
    """Whether a long value matches a pattern, or why that cannot be checked."""

    def check(self, pattern: str) -> None:
        """Raise PatternError if the pattern cannot be used."""
        self._program(pattern)

    def matches(self, pattern: str, value: str | LongValue) -> bool:
        """Return whether the whole value matches. Raises PatternError.

        A long value must have been given to `match_long` before.
        """
        if isinstance(value, LongValue):
            found = self._long_values[pattern, value]
            if isinstance(found, str):
                raise PatternError(found)
            return found
        return self._matches_text(pattern, value)

    def begin_version(self) -> None:
        """Forget the long values of versions that have been checked, if there are many."""
        if len(self._long_values) >= _MATCHES:
            self._long_values.clear()

    def long_match(self, pattern: str, value: LongValue) -> bool | None:
        """Return what `match_long` has returned for a long value, or None if it has not been called."""
        found = self._long_values.get((pattern, value))
        return None if found is None else found is True

    def match_long(self, pattern: str, value: LongValue, text: str) -> bool:
        """Find out whether a long value matches, and return whether it does. Only the result is kept, not the text."""
        try:
            found: bool | str = self._matches_text(pattern, text)
        except PatternError as error:
            found = str(error)
        self._long_values[pattern, value] = found
        return found is True

    def _matches_text(self, pattern: str, value: str) -> bool:
        # A digest takes the place of a long value, so that the values are not kept.
        key = pattern, value if len(value) <= _LONGEST_KEY else hashlib.blake2b(value.encode(), digest_size=32).digest()
        known = self._matches.get(key)
        if known is None:
            program = self._program(pattern)
            size = len(value.encode())
            if size > LONGEST_VALUE:
                raise PatternError(f"is not checked on values of more than {LONGEST_VALUE} bytes: shorten the value")
            self._spend(size * program.programsize)
            if len(self._matches) >= _MATCHES:
                self._matches.clear()
            known = self._matches[key] = program.fullmatch(value) is not None
        return known

    def _program(self, pattern: str) -> re2._Regexp:
        if pattern in self._programs:
            self._programs.move_to_end(pattern)
            return self._programs[pattern]
        error = self._unusable.get(pattern)
        if error is None:
            if self.work >= self.budget:
                raise OverBudgetError
            program = _compiled(pattern)
            if not isinstance(program, PatternError):
                self._keep(pattern, program)
                self._add(_cost(pattern, program))
                return program
            error = self._unusable[pattern] = program
            self._add(_cost(pattern, error))
        # A new error, since one that is raised again keeps the frames, and the values, of all former times.
        raise PatternError(*error.args)

    def _keep(self, pattern: str, program: re2._Regexp) -> None:
        self._programs[pattern] = program
        self._memory += _memory_of(program)
        while self._memory > _MOST_MEMORY:
            _, oldest = self._programs.popitem(last=False)
            self._memory -= _memory_of(oldest)

    def _spend(self, work: int) -> None:
        """Take the cost of some work from the budget before the work is done. Raises OverBudgetError."""
        if self.work + work > self.budget:
            raise OverBudgetError
        self._add(work)

    def _add(self, work: int) -> None:
        self.work += work
        if self.work > MUCH and self.before_much is not None:
            before_much, self.before_much = self.before_much, None
            before_much()


def _cost(pattern: str, program: re2._Regexp | PatternError) -> int:
    """Return the cost of compiling a pattern."""
    if isinstance(program, PatternError):
        return _FAILURE_OF_SIZE if program.args[0] == _TOO_LARGE else _FAILURE
    return _COMPILING_ANY + _COMPILING * (len(pattern) + int(program.programsize))


def _compiled(pattern: str) -> re2._Regexp | PatternError:
    if len(pattern) > LONGEST_PATTERN:
        return PatternError(f"is too long: it has more than {LONGEST_PATTERN} characters")
    try:
        program = _program_within(_MEMORY, pattern)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        if "too large" in reason:
            return PatternError(_TOO_LARGE)
        return PatternError(f"is not a regular expression in RE2 syntax: {reason[:200]}")
    if program.programsize > MOST_INSTRUCTIONS:
        return PatternError(_TOO_LARGE)
    memory = _memory_of(program)
    try:
        return program if memory == _MEMORY else _program_within(memory, pattern)
    except re2.error:  # the estimate of its size is larger than this
        return program


def _memory_of(program: re2._Regexp) -> int:
    """Return the limit of memory of a program."""
    return min(_MEMORY, max(_LEAST_MEMORY, _MEMORY_OF_INSTRUCTION * int(program.programsize)))


def _program_within(memory: int, pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = memory
    # `re2.compile` would keep the last 128 programs of the process.
    return re2._Regexp(pattern, options)
