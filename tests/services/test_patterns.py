"""Checking any values against any patterns takes a bounded time."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Engine, text

from app.nodes import patterns
from app.nodes.patterns import BUDGET_OF_AN_EDIT, DEFAULT_BUDGET, OverBudgetError, PatternCheck, PatternError
from app.updates import data, details
from tests.support.builders import Graph, M, V, member_type, type_with
from tests.support.http import Client

HOSTILE = "|".join(f"[ab]*a[ab]{{{count}}}d" for count in range(1, 201))
LARGEST = "[0-9]*x*|.{0,990}y"


def ruled(pattern: str, *values: str) -> Graph:
    """Nodes P.N0, P.N1 ... with a value each under X.m.1; the next version of their type has a pattern."""
    graph = (
        Graph()
        .node("X.m", member_type(), member_type(VALUE_PATTERN=pattern))
        .node("X.T", type_with("X.m.1"), type_with("X.m.2"))
    )
    for number, value in enumerate(values):
        graph.node(f"P.N{number}", V((M("X.m.1", value=value),), "X.T.1"))
    return graph


def store_pattern(engine: Engine, pattern: str) -> None:
    """Store a pattern that an import refuses, as an older version of the software may have done."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        changed = connection.execute(
            text("UPDATE node_version SET values = array_replace(values, 'old', :pattern) WHERE 'old' = ANY (values)"),
            {"pattern": pattern},
        )
        assert changed.rowcount == 1


@pytest.mark.ledger("DEC-53", "PRO-30")
@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (HOSTILE, "is too large: it compiles to more than 20000 instructions"),
        (r"\pL{1,1000}", "is too large"),
        ("x" * 4001, "is too long: it has more than 4000 characters"),
        ("[a-", "is not a regular expression in RE2 syntax: missing ]"),
        ("(?=x)", "is not a regular expression in RE2 syntax"),
        ("x{1001}", "is not a regular expression in RE2 syntax"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_by_an_import(client: Client, pattern: str, reason: str) -> None:
    reply = client.post(ruled(pattern).xml())
    assert reply.number == 105
    path = "NodeList/Node[1]/VersionList/Version[2]/MemberList/Member[1]/nodeMemberValue"
    assert reply.text("errorFields") == path
    assert f"{path}: is a pattern that {reason}" in (reply.text("errorMessage") or "")


@pytest.mark.parametrize(
    "pattern", ["", "[A-Z]{2}-[0-9]{4}", ".{0,1000}", r"\S+@\S+", "x" * 4000, r"\pL{1,10}\pL+", "(?i)a|(b)"]
)
def test_a_pattern_of_ordinary_size_is_accepted(client: Client, pattern: str) -> None:
    client.load(ruled(pattern))


@pytest.mark.soak
def test_an_import_of_many_bad_patterns_is_refused_soon(client: Client) -> None:
    patterns = (r"\pL" * 1000 + f"{number}" for number in range(300))
    graph = Graph().node("X.m", *(member_type(VALUE_PATTERN=pattern) for pattern in patterns))
    began = time.process_time()
    reply = client.post(graph.xml(), content_type="application/xml")
    assert reply.number == 105
    assert len((reply.text("errorMessage") or "").split("\n")) == 100
    assert time.process_time() - began < 6


@pytest.mark.ledger("DEC-53", "PRO-30")
def test_a_stored_pattern_that_is_too_large_is_an_error_row_and_not_hours(client: Client, engine: Engine) -> None:
    client.load(ruled("old", "ab" * 1_000_000, "red"))
    store_pattern(engine, HOSTILE)
    broken = "The data breaks the rules of X.m.2, which has a pattern that is too large"
    for action, update_type in (("impact", "warning"), ("force", "error")):
        reply = client.update("P", action, sourceScope="current")
        assert reply.number == 108
        assert len(reply.rows()) == 2
        for number, row in enumerate(reply.rows()):
            assert row.startswith(f"P.N{number}.1 {update_type}: {broken}")


@pytest.mark.ledger("PRO-30")
def test_a_value_that_is_too_long_for_a_pattern_is_an_error_row(client: Client) -> None:
    client.load(ruled(".*", "x" * 65_536, "x" * 65_537, "é" * 40_000))
    reply = client.update("P", "force", sourceScope="current")
    broken = (
        "The data breaks the rules of X.m.2, which has a pattern that is not checked on values of more than 65536 bytes"
    )
    assert reply.rows() == [
        "P.N0.2 version type X.T.2",
        *(f"P.N{number}.1 error: {broken}: shorten the value" for number in (1, 2)),
    ]


@pytest.mark.ledger("DEC-409", "DEC-412")
@pytest.mark.parametrize("action", ["impact", "force"])
@pytest.mark.parametrize("at_once", [1, 6, 20_000])
def test_long_and_short_values_of_several_member_types_are_checked_together(
    client: Client, monkeypatch: pytest.MonkeyPatch, action: str, at_once: int
) -> None:
    monkeypatch.setattr(data, "MEMBERS_AT_ONCE", at_once)
    monkeypatch.setattr(details, "MEMBERS_AT_ONCE", at_once)
    monkeypatch.setattr(patterns, "_MATCHES", at_once)
    digits, letters = (member_type(VALUE_PATTERN=pattern) for pattern in (f"[0-9]+|{'x' * 200}", "[a-z]+"))
    graph = Graph().node("X.a", member_type(), digits).node("X.b", member_type(), letters).node("X.c", member_type())
    graph.node("X.T", type_with("X.b.1", "X.a.1", "X.c.1"), type_with("X.b.2", "X.a.2", "X.c.1"))
    values = {
        "Good": (
            ("X.a.1", "1" * 500),
            ("X.a.1", "x" * 200),
            ("X.b.1", "z"),
            ("X.b.1", "z" * 500),
            ("X.c.1", "-" * 500),
        ),
        "Short": (("X.a.1", "1" * 500), ("X.b.1", "7"), ("X.b.1", "9" * 500)),
        "Long": (
            ("X.a.1", "1"),
            ("X.a.1", "y" * 500),
            ("X.a.1", "w" * 500),
            ("X.b.1", "z" * 500),
            ("X.b.1", "8" * 101),
        ),
    }
    for name, of_node in values.items():
        graph.node(f"P.{name}", V(tuple(M(member_type, value=value) for member_type, value in of_node), "X.T.1"))
    client.load(graph)
    failure = "warning" if action == "impact" else "error"
    broken = "The data breaks the rules of"
    long = [
        f"X.b.2, which does not allow the value '{'8' * 40}...'",
        f"X.a.2, which does not allow the value '{'y' * 40}...'",
    ]
    rows = {row.partition(" ")[0]: row for row in client.update("P", action, sourceScope="current").rows()}
    assert rows["P.Good.1" if action == "impact" else "P.Good.2"].endswith(" version type X.T.2")
    assert rows["P.Short.1"] == f"P.Short.1 {failure}: {broken} X.b.2, which does not allow the value '7'"
    assert rows["P.Long.1"].startswith(f"P.Long.1 {failure}: ")
    assert all(f"{broken} {text}" in rows["P.Long.1"] for text in long)


@pytest.mark.ledger("DEC-53", "PRO-31")
def test_an_update_that_spends_its_budget_says_so_for_the_nodes_that_it_could_not_check(client: Client) -> None:
    size = 60_000
    check = PatternCheck()
    check.check(LARGEST)
    fitting = 0
    while True:
        try:
            check.matches(LARGEST, f"{fitting}".ljust(size, "x"))
        except OverBudgetError:
            break
        fitting += 1
    assert 2 <= fitting <= 10
    client.load(ruled(LARGEST, *(f"{number}".ljust(size, "x") for number in range(fitting + 2))))
    for action, update_type in (("impact", "warning"), ("force", "error")):
        reply = client.update("P", action, sourceScope="current")
        assert reply.number == 108
        number = 1 if action == "impact" else 2
        assert reply.rows()[:fitting] == [f"P.N{n}.{number} version type X.T.2" for n in range(fitting)]
        for n, row in enumerate(reply.rows()[fitting:], fitting):
            assert row.startswith(
                f"P.N{n}.1 {update_type}: The data breaks the rules of X.m.2, which has a pattern that"
            )
            assert "takes more work than one request may spend on patterns" in row
    # The rest has a budget of its own.
    assert [row.split()[1] for row in client.update("P", "force", sourceScope="current").rows()] == [
        "version",
        "version",
    ]


def test_work_is_the_size_of_the_value_times_that_of_the_program_and_a_repeated_match_is_free() -> None:
    check = PatternCheck()
    check.check("[a-z]+")
    compiled = check.work
    assert check.matches("[a-z]+", "abc")
    once = check.work
    assert check.matches("[a-z]+", "abc")
    assert check.work == once
    assert not check.matches("[a-z]+", "abcabc7")
    assert 0 < once - compiled < check.work - once
    assert check.work < 10_000 < DEFAULT_BUDGET


@pytest.mark.ledger("DEC-417")
def test_a_check_keeps_few_large_programs_and_charges_for_those_that_it_compiles_again() -> None:
    check = PatternCheck()

    def work(pattern: str) -> int:
        before = check.work
        check.check(pattern)
        return check.work - before

    patterns = [f".{{0,900}}y{number:03}" for number in range(40)]
    costs = [work(pattern) for pattern in patterns]
    assert min(costs) > 0
    assert [work(pattern) for pattern in patterns[-32:]] == [0] * 32
    assert work(patterns[0]) == costs[0]
    assert work(patterns[-1]) == 0


@pytest.mark.ledger("DEC-417")
def test_many_ordinary_patterns_are_compiled_once() -> None:
    check = PatternCheck()
    patterns = [rf"[A-Z]{{2}}-[0-9]{{1,20}} {number}" for number in range(2000)]
    for pattern in patterns:
        check.check(pattern)
    compiled = check.work
    for pattern in patterns:
        check.check(pattern)
    assert check.work == compiled < BUDGET_OF_AN_EDIT


def test_a_pattern_that_failed_is_not_compiled_again() -> None:
    check = PatternCheck()
    with pytest.raises(PatternError, match="too large"):
        check.check(HOSTILE)
    spent = check.work
    with pytest.raises(PatternError, match="too large"):
        check.matches(HOSTILE, "ab")
    assert check.work == spent
