"""What the last page of the wizard sends to the database."""

from __future__ import annotations

import pytest

from tests.support.solution_store import Store, auth_slot, config_slot, slots
from tests.support.statements import Statements
from tests.support.wizard import Wizard, WizardPage

MANY = 12


@pytest.fixture
def summary(wizard: Wizard, store: Store) -> WizardPage:
    """The summary of an instance that has to move, with an account that was chosen."""
    owner = store.user()
    account = store.authentication(owner, ["chat"])
    config = [config_slot(f"slot-{number}") for number in range(MANY)]
    solution = store.published(config=config)
    given = {f"slot-{number}": '"x"' for number in range(MANY)}
    instances = [store.instance(solution, owner, config=given) for _ in range(2)]
    store.set(*slots(auth=[auth_slot("slack", ["chat"])], config=[*config, config_slot("new")]), solution=solution)
    store.publish(solution)
    pages = [
        wizard.open(each).send(values={"config:new": "y", "config:slot-0": "z", "auth:slack": account})
        for each in instances
    ]
    assert pages[0].send("finish").title == "Your settings are saved"
    return pages[1]


def test_finish_locks_and_reads_the_instance_once(summary: WizardPage, statements: Statements) -> None:
    """The session, the end user, the instance with its values, the end of the session, the contents of releases, the
    chosen account, and the move."""
    with statements.sent() as sent:
        assert summary.send("finish").title == "Your settings are saved"
    assert len(set(sent)) == len(sent) <= 7, sent
    assert [statement for statement in sent if "FROM solution_instance" in statement] == [
        statement for statement in sent if "FOR NO KEY UPDATE OF i FOR SHARE OF s" in statement
    ]


def test_a_finish_that_is_refused_reads_what_the_summary_shows(
    wizard: Wizard, store: Store, statements: Statements
) -> None:
    instance = store.instance(store.published(config=[config_slot("a")]))
    page = wizard.open(instance).send("go-9")
    with statements.sent() as sent:
        page = page.send("finish")
    assert (page.title, page.reasons) == ("Summary", ['These settings still need a value: "a".'])
    assert store.get(instance).config == {}
    assert len(set(sent)) == len(sent) <= 11, sent
