"""Every sentence of the ledger has a state, and each one that is done or decided has a test marked with its id."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from docs.generator import ledger
from docs.generator.ledger import Promise, promises, proofs

ROOT = Path(__file__).parent.parent
DECISION = "DEC-"
ONLY_IN_SOAK = {"PRO-26", "PRO-27", "DEC-360", "DEC-388"}
"""The promises that `make test` does not prove, because their tests take too long."""
STATES = {"done", "decided otherwise", "not yet"}


def sentences() -> list[Promise]:
    """The sentences of the two documents, and our promises."""
    return [promise for promise in promises() if not promise.identifier.startswith(DECISION)]


def twice(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def test_every_row_has_an_id() -> None:
    rows = re.findall(r"^\|(?! id |---)", (ROOT / "docs" / "ledger.md").read_text(), re.MULTILINE)
    assert len(rows) == len(promises()) > 200


def test_ids_and_sentences_are_unique() -> None:
    assert twice([promise.identifier for promise in promises()]) == []
    assert twice([promise.sentence for promise in promises()]) == []


def test_every_sentence_has_a_state() -> None:
    assert [row for row in sentences() if not row.sentence or row.state not in STATES] == []


def test_sentences_that_are_done_and_decisions_have_a_test() -> None:
    proved = proofs()
    needing = [promise for promise in promises() if promise.state in ("done", "")]
    assert len(needing) > 200
    assert [promise for promise in needing if promise.identifier not in proved] == []


def test_few_promises_are_proved_by_long_tests_alone() -> None:
    assert ledger.only_in_soak() == ONLY_IN_SOAK


def test_a_sentence_that_is_not_done_has_a_reason() -> None:
    assert [row for row in sentences() if row.state != "done" and not row.reason] == []


def test_tests_are_marked_with_ids_that_exist() -> None:
    assert set(proofs()) - {promise.identifier for promise in promises()} == set()
